/**
 * The page's end of a tree in a worker: one port for all of its branches.
 *
 * It keeps a mirror of what the tree looks like. Every answer of the worker brings the tree as it is
 * then, and is told here before whoever asked: so when a change has ended, the lists show it, for all
 * branches that are open in this thread.
 *
 * | the connection ends | then |
 * |---|---|
 * | the last branch was closed | the worker is told, and lets go of its lock |
 * | the disk could not be opened | the same |
 * | the wait for the disk was given up | the same; what it opens all the same is closed by the worker |
 * | the worker is gone | calls under way and later ones are refused with `ENODEV` |
 *
 * This module is browser compatible.
 *
 * @module
 */

import { PortCalls } from "../../devices/port_calls.ts";
import { unpackError } from "../../devices/port_protocol.ts";
import type { SharedRing } from "../../devices/shared_ring.ts";
import type { DeleteOptions } from "../deletion.ts";
import type { DiskEvent } from "../disk_options.ts";
import type {
  ConnectWish,
  DiskAnswer,
  DiskAsked,
  DiskTold,
  OpenedBranch,
  OpenWish,
  PackedEvent,
  TreeState,
} from "./disk_protocol.ts";
import type { SentOrigin } from "./origin_sender.ts";
import { type DiskWorker, newLockName, WorkerWatch } from "./worker_watch.ts";

function unpackEvent({ event, cause }: PackedEvent): DiskEvent {
  return cause === undefined ? event : { ...event, cause: unpackError(cause) } as DiskEvent;
}

const GOODBYE: DiskTold = { told: "bye" };

/** See the file's head. */
export class DiskConnection {
  readonly #calls: PortCalls<DiskAsked, DiskAnswer>;
  readonly #watch: WorkerWatch;
  readonly #lock: string | null;
  readonly #onEvent: (event: DiskEvent) => void;
  readonly #followers = new Map<number, NonNullable<DeleteOptions["onProgress"]>>();
  #followCount = 0;
  /** Branches that are open, or about to be. */
  #branchCount = 0;
  #origin: SentOrigin | null = null;
  #tree: TreeState = { edition: 0, snapshots: [], branches: [] };
  readonly #closedDisks = new Set<number>();

  /**
   * Connects. Nothing is open then.
   *
   * @param worker The worker.
   * @param name The disk's name.
   * @param onEvent Told what happens to it.
   */
  constructor(worker: DiskWorker, name: string, onEvent: (event: DiskEvent) => void) {
    const { port1, port2 } = new MessageChannel();
    this.#onEvent = onEvent;
    this.#lock = newLockName();
    this.#calls = new PortCalls<DiskAsked, DiskAnswer>(port1, name, {
      heard: (answer) => this.#heard(answer),
      closed: () => this.#closed(),
    });
    this.#watch = new WorkerWatch(worker, (why) => this.#calls.end(why));
    const wish: ConnectWish = { cowdisk: "disk", port: port2, lock: this.#lock };
    worker.postMessage(wish, [port2]);
  }

  /** Memory that both threads see; `null` where there can be none. */
  get ring(): SharedRing | null {
    return this.#calls.ring;
  }

  /**
   * What the tree looks like.
   *
   * @throws {BlockDeviceError} `ENODEV` when the worker is gone.
   */
  get tree(): TreeState {
    if (this.#calls.ending !== undefined) throw this.#calls.ending;
    return this.#tree;
  }

  /**
   * Whether a branch is known to be closed.
   *
   * @param disk Its number.
   */
  isClosed(disk: number): boolean {
    return this.#closedDisks.has(disk);
  }

  /** Asks. */
  ask(asked: DiskAsked, handedOver?: Transferable[]): Promise<DiskAnswer> {
    return this.#calls.ask(asked, handedOver);
  }

  /**
   * Asks for the disk to be opened, as the first thing.
   *
   * @param wish What it is opened with, but for its origin.
   * @param origin Its origin.
   */
  openDisk(wish: Omit<OpenWish, "origin">, origin: SentOrigin): Promise<OpenedBranch> {
    this.#origin = origin;
    return this.openBranch({ ...wish, origin: origin.wish }, origin.handedOver);
  }

  /**
   * Asks for a branch to be opened.
   *
   * @param asked In which way.
   * @param handedOver What of it is the worker's from now on.
   */
  async openBranch(asked: DiskAsked, handedOver?: Transferable[]): Promise<OpenedBranch> {
    this.#branchCount++;
    try {
      const { opened } = await this.ask(asked, handedOver);
      return opened!;
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  /** Ends the connection, whatever is under way. */
  giveUp(): void {
    this.#calls.tell(GOODBYE);
    this.#calls.end("it was given up");
  }

  /** Ends the connection, if there is no other branch that is open. */
  leave(): void {
    if (--this.#branchCount === 0) this.#calls.close(GOODBYE);
  }

  /**
   * Asks for another origin.
   *
   * @param disk The branch that asks.
   * @param origin The origin.
   */
  async changeOrigin(disk: number, origin: SentOrigin): Promise<DiskAnswer> {
    try {
      const asked = { disk, verb: "rebase", origin: origin.wish } as const;
      const answer = await this.ask(asked, origin.handedOver);
      this.#origin = origin; // The worker has closed the former one.
      return answer;
    } catch (error) {
      origin.recall();
      throw error;
    }
  }

  /**
   * Asks for a deletion, and follows it.
   *
   * @param disk The branch that asks.
   * @param name The snapshot; `null` for all deletions that were interrupted.
   * @param options Who is told, and what stops it.
   */
  async follow(
    disk: number,
    name: string | null,
    { onProgress, signal }: DeleteOptions,
  ): Promise<void> {
    const follow = this.#followCount++;
    const told: DiskTold = { told: "abort", follow };
    const abort = () => this.#calls.tell(told);
    if (onProgress !== undefined) this.#followers.set(follow, onProgress);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const isAborted = signal?.aborted ?? false;
      const answer = await this.ask({ disk, verb: "delete", name, follow, isAborted });
      if (answer.isAborted) throw signal?.reason;
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#followers.delete(follow);
    }
  }

  #heard({ tree, closed, event, progress, isHeld }: DiskAnswer): void {
    if (tree !== undefined && tree.edition > this.#tree.edition) this.#tree = tree;
    if (closed !== undefined) this.#closedDisks.add(closed);
    if (event !== undefined) this.#onEvent(unpackEvent(event));
    if (progress !== undefined) this.#followers.get(progress.follow)?.(progress.moved);
    if (isHeld && this.#lock !== null) void this.#watch.waitFor(this.#lock);
  }

  #closed(): void {
    this.#watch.stop();
    this.#origin?.recall();
  }
}
