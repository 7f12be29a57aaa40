/**
 * Disks for another thread: the worker's half. See `remote_disk.ts` for the other.
 *
 *     import { serveDisks } from "cowdisk/disk-worker";
 *     serveDisks();
 *
 * is all that such a worker's file needs to hold. Every rule of a disk stands with `Disk`; here its
 * methods are called by the name that a message has, in the order in which messages come.
 *
 * **Ending**: with its last branch a tree is closed, and an origin that was opened here. When the other
 * thread is gone without a word, and the runtime tells, everything is closed all the same.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { PortAnswers } from "../../devices/port_answers.ts";
import { packError, type PortAsked } from "../../devices/port_protocol.ts";
import { answerOf, greetingOf } from "../../devices/port_server.ts";
import { takeWebLock } from "../../devices/web_lock.ts";
import { closedDisk } from "../async_disk.ts";
import { Disk } from "../disk.ts";
import type { DiskEvent } from "../disk_options.ts";
import {
  type ConnectWish,
  type DiskAnswer,
  type DiskCall,
  type DiskRequest,
  type DiskTold,
  type OpenWish,
  PLAIN_VERBS,
  type PlainCall,
} from "./disk_protocol.ts";
import { type ReceivedOrigin, receiveOrigin } from "./origin_receiver.ts";

type Numbered = Extract<DiskRequest, { readonly id: number }>;
type Answer = Omit<DiskAnswer, "id">;

/** A branch that is open. */
interface OpenBranch {
  readonly disk: Disk;
  readonly device: BlockDevice;
}

function isPlain(call: DiskCall): call is PlainCall {
  return (PLAIN_VERBS as readonly string[]).includes(call.verb);
}

/** One tree, and who uses it. */
class DiskHost {
  readonly #answers: PortAnswers<Numbered, DiskTold & { readonly id?: never }>;
  readonly #lock: Promise<{ release(): Promise<void> } | null>;
  readonly #branches = new Map<number, OpenBranch>();
  readonly #followed = new Map<number, AbortController>();
  #origin: ReceivedOrigin | null = null;
  #name = "";
  #lastNumber = 0;
  #edition = 0;
  /** Whether who has used it is gone. */
  #isLeft = false;
  /** Branches that are open, or about to be. */
  #branchCount = 0;

  constructor({ port, lock }: ConnectWish) {
    this.#answers = new PortAnswers(port, (request) => this.#answer(request), (told) => {
      if (told.told === "abort") this.#followed.get(told.follow)?.abort();
      else void this.#leave();
    });
    port.addEventListener("close", () => void this.#leave());
    this.#lock = lock === null ? Promise.resolve(null) : this.#holdLock(lock);
  }

  /** Shows, for as long as it lives, that the worker does. */
  async #holdLock(lock: string): Promise<{ release(): Promise<void> } | null> {
    const manner = { whenBusy: "refuse", onStolen() {} } as const;
    const held = await takeWebLock("the worker", lock, manner).catch(() => null);
    if (held !== null) this.#answers.tell({ isHeld: true } satisfies DiskAnswer);
    return held;
  }

  async #answer(request: Numbered): Promise<Answer> {
    if ("device" in request) return await this.#answerDevice(request.device, request);
    if ("disk" in request) return await this.#answerBranch(request.disk, request);
    return await this.#openDisk(request);
  }

  #answerDevice(number: number, request: PortAsked): Promise<Answer> {
    const branch = this.#branches.get(number);
    if (branch !== undefined) return answerOf(branch.device, request);
    return Promise.resolve({ error: packError(closedDisk(this.#name)) });
  }

  async #answerBranch(number: number, call: DiskCall): Promise<Answer> {
    const branch = this.#branches.get(number);
    if (branch === undefined) return { error: packError(closedDisk(this.#name)), closed: number };
    const { disk } = branch;
    try {
      const answer = await this.#perform(number, disk, call);
      return { ...answer, ...this.#stateOf(number, disk) };
    } catch (error) {
      return { error: packError(error), ...this.#stateOf(number, disk) };
    }
  }

  async #perform(number: number, disk: Disk, call: DiskCall): Promise<Answer> {
    if (call.verb === "close") return await this.#closeBranch(number, disk);
    if (isPlain(call)) {
      const method = disk[call.verb] as (...args: readonly unknown[]) => Promise<unknown>;
      return { result: await method.apply(disk, call.args) };
    }
    switch (call.verb) {
      case "fork":
        return await this.#openBranch(() => disk.fork(call.name, call.branch));
      case "openBranch":
        return await this.#openBranch(() => disk.openBranch(call.branch));
      case "rebase":
        return { result: await this.#changeOrigin(disk, await receiveOrigin(call.origin)) };
      case "delete":
        return await this.#delete(number, disk, call);
    }
  }

  /** What a branch's tree looks like, as every answer about it says. */
  #stateOf(number: number, disk: Disk): Answer {
    try {
      const { snapshots, branches } = disk;
      return { tree: { edition: ++this.#edition, snapshots, branches } };
    } catch {
      return { closed: number };
    }
  }

  async #openDisk({ name, storage, origin, options }: OpenWish): Promise<Answer> {
    this.#name = name;
    const received = await receiveOrigin(origin);
    const onEvent = (event: DiskEvent) => this.#tellOf(event);
    try {
      const answer = await this.#openBranch(() =>
        Disk.open(name, { ...options, storage, origin: received.origin, onEvent })
      );
      this.#origin = received;
      return answer;
    } catch (error) {
      await received.close().catch(() => {}); // The first failure is to be told.
      throw error;
    }
  }

  async #openBranch(open: () => Promise<Disk>): Promise<Answer> {
    this.#branchCount++;
    try {
      const disk = await open();
      if (this.#isLeft) {
        await disk[Symbol.asyncDispose]();
        throw closedDisk(this.#name);
      }
      const { branch, device } = disk;
      const number = this.#lastNumber++;
      this.#branches.set(number, { disk, device });
      const { chunkSectors } = disk.usageSync();
      return {
        opened: { disk: number, branch, device: greetingOf(device), chunkSectors },
        ...this.#stateOf(number, disk),
      };
    } catch (error) {
      this.#branchCount--;
      throw error;
    }
  }

  async #closeBranch(number: number, disk: Disk): Promise<Answer> {
    try {
      await disk[Symbol.asyncDispose]();
    } finally {
      this.#branches.delete(number);
      if (--this.#branchCount === 0) await this.#origin?.close();
    }
    return {};
  }

  /**
   * A change of origins begins when the next one has arrived. The former one is not needed afterwards;
   * one that is refused is not, either.
   */
  async #changeOrigin(disk: Disk, next: ReceivedOrigin): Promise<unknown> {
    try {
      const conflicts = await disk.rebase(next.origin as BlockDevice);
      const former = this.#origin;
      this.#origin = next;
      await former?.close();
      return conflicts;
    } catch (error) {
      if (this.#origin !== next) await next.close().catch(() => {});
      throw error;
    }
  }

  async #delete(
    number: number,
    disk: Disk,
    { name, follow, isAborted }: Extract<DiskCall, { readonly verb: "delete" }>,
  ): Promise<Answer> {
    const stopping = new AbortController();
    if (isAborted) stopping.abort();
    this.#followed.set(follow, stopping);
    const { signal } = stopping;
    const options = {
      signal,
      onProgress: (moved: { doneCount: number; totalCount: number }) =>
        this.#answers.tell({ progress: { follow, moved }, ...this.#stateOf(number, disk) }),
    };
    try {
      await (name === null ? disk.settleDeletions(options) : disk.delete(name, options));
      return {};
    } catch (error) {
      if (signal.aborted && error === signal.reason) return { isAborted: true };
      throw error;
    } finally {
      this.#followed.delete(follow);
    }
  }

  #tellOf(event: DiskEvent): void {
    const packed = "cause" in event
      ? { event: { ...event, cause: null }, cause: packError(event.cause) }
      : { event };
    this.#answers.tell({ event: packed } satisfies DiskAnswer);
  }

  /** Who has used it wants nothing any more, or is gone: then something may be open. */
  async #leave(): Promise<void> {
    this.#isLeft = true;
    const open = [...this.#branches.values()];
    this.#branches.clear();
    await Promise.allSettled(open.map(({ disk }) => disk[Symbol.asyncDispose]()));
    await this.#origin?.close().catch(() => {}); // There is nobody to be told.
    this.#answers.close();
    await (await this.#lock)?.release();
  }
}

/**
 * Opens disks for another thread: to be called once in a worker. Messages of others are left alone.
 *
 * @param scope Where messages come in. Left out: the worker's own.
 *
 * @example In a worker, and what it is for
 * ```ts
 * import { serveDisks } from "cowdisk/disk-worker";
 * import { openDiskInWorker } from "cowdisk/remote-disk";
 * import { equal } from "node:assert/strict";
 *
 * // A worker's file has `serveDisks();` and nothing else. Here a channel stands for the worker.
 * const { port1: worker, port2: scope } = new MessageChannel();
 * serveDisks(scope);
 *
 * const disk = await openDiskInWorker(worker, "scratch", { origin: 2048, storage: "memory" });
 * equal(disk.device.sectorCount, 2048);
 * await disk.close();
 * worker.close();
 * ```
 */
export function serveDisks(
  scope: Pick<EventTarget, "addEventListener"> = globalThis as unknown as EventTarget,
): void {
  scope.addEventListener("message", (event) => {
    const wish = (event as MessageEvent<Partial<ConnectWish> | null>).data;
    if (wish?.cowdisk === "disk") new DiskHost(wish as ConnectWish);
  });
  if (scope instanceof MessagePort) scope.start();
}
