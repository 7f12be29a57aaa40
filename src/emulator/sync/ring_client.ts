/**
 * The client of a ring: hands requests to the server and waits for answers, blocking or not.
 *
 * Slot 0 is that of blocking calls, of which a thread has one at a time. Asynchronous requests take
 * the other slots, and queue for them in the order of their calls; a thread that may not block uses
 * all slots so.
 *
 * What becomes of a request whose time is up:
 *
 * | the slot was | then                                                                           |
 * | ------------ | ------------------------------------------------------------------------------ |
 * | `ASKED`      | it is taken back: nothing has happened                                         |
 * | `TAKEN`      | it is abandoned: it may take effect until the server has given the slot back   |
 * | `ANSWERED`   | the answer came after all, and counts                                          |
 *
 * While a slot is abandoned nothing new is asked: the next request waits for it first, with patience
 * of its own; those that queue fail at once. So what was given up never takes effect after a later
 * request has succeeded. When the server is dead (`patience.ts`), or answers nonsense, everything is
 * refused from then on and no slot is used again.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Clock } from "../../block/clock.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { defer } from "../../block/promises.ts";
import { Board, waitAsync } from "./board.ts";
import type { Greeting } from "./greeting.ts";
import { Patience, type PatienceOptions, type Verdict, type Wait } from "./patience.ts";
import { corruptAnswer, readError, readSize } from "./request.ts";
import * as slots from "./slot.ts";
import { Ring, WORD } from "./slot.ts";

/** The slot of blocking calls. */
export const SYNC_SLOT = 0;

/** What ends a wait. */
type Outcome = "reached" | Exclude<Verdict, "wait">;

/** Who waits for a slot. */
interface Queued {
  resolve(slot: number): void;
  reject(error: BlockDeviceError): void;
}

/** Hands requests over: see the file's head. */
export class RingClient {
  /** The ring; a slot's words are the holder's between a claim and the call. */
  readonly ring: Ring;
  /** The device's size, as the last answer told it. */
  sectorCount: number;
  readonly #name: string;
  readonly #board: Board;
  readonly #port: MessagePort;
  readonly #patience: Patience;
  readonly #clock: Clock;
  readonly #mayBlock: boolean;
  readonly #free: number[] = [];
  readonly #queue: Queued[] = [];
  readonly #abandoned: number[] = [];
  #nudged = defer<void>();
  #end: BlockDeviceError | undefined;
  #isClosed = false;

  /**
   * A client of a server that has greeted.
   *
   * @param port The port; only nudges come over it now.
   * @param greeting What the server has said.
   * @param mayBlock Whether this thread may block.
   * @param patience How long it waits.
   * @param clock What slices are waited by where the engine cannot wait for a word.
   */
  constructor(
    port: MessagePort,
    greeting: Greeting,
    mayBlock: boolean,
    patience: PatienceOptions,
    clock: Clock,
  ) {
    this.ring = new Ring(greeting.ring, greeting.size);
    this.sectorCount = greeting.sectorCount;
    this.#name = greeting.name;
    this.#board = new Board(greeting.board);
    this.#port = port;
    this.#patience = new Patience(this.#board, patience);
    this.#clock = clock;
    this.#mayBlock = mayBlock;
    const first = mayBlock ? SYNC_SLOT + 1 : 0;
    for (let slot = first; slot < greeting.size.slotCount; slot++) this.#free.push(slot);
    port.onmessage = () => {
      this.#nudged.resolve();
      this.#nudged = defer<void>();
    };
    port.addEventListener("close", () => void this.#die("ended"));
  }

  /** Makes sure that the slot of blocking calls can be filled. */
  claimSync(): void {
    this.#throwIfDead();
    for (const slot of [...this.#abandoned]) this.#reclaim(slot, this.#waitSync(slot, slots.FREE));
  }

  /**
   * Waits for a slot that can be filled.
   *
   * @returns The slot. It is the caller's until {@linkcode call} fails, or {@linkcode free}.
   */
  async claim(): Promise<number> {
    this.#throwIfDead();
    for (const slot of [...this.#abandoned]) {
      this.#reclaim(slot, await this.#wait(slot, slots.FREE));
    }
    const slot = this.#free.shift();
    if (slot !== undefined) return slot;
    return await new Promise((resolve, reject) => this.#queue.push({ resolve, reject }));
  }

  /** Asks what is in the slot of blocking calls, and blocks until it is answered. */
  callSync(): void {
    this.#offer(SYNC_SLOT);
    this.#conclude(SYNC_SLOT, this.#waitSync(SYNC_SLOT, slots.ANSWERED));
  }

  /**
   * Asks what is in a slot, and waits until it is answered. When it fails the slot is the client's
   * again; otherwise the answer is in it until {@linkcode free}.
   */
  async call(slot: number): Promise<void> {
    this.#offer(slot);
    this.#conclude(slot, await this.#wait(slot, slots.ANSWERED));
  }

  /** Gives back a slot whose answer was read. */
  free(slot: number): void {
    slots.release(this.ring, slot);
    if (this.#mayBlock && slot === SYNC_SLOT) return;
    const next = this.#queue.shift();
    if (next === undefined) this.#free.push(slot);
    else next.resolve(slot);
  }

  /** Marks the device closed. Returns whether it was open: one of its faces closes it. */
  beginClose(): boolean {
    const wasOpen = !this.#isClosed;
    this.#isClosed = true;
    return wasOpen;
  }

  /** Ends the use of the port. */
  close(): void {
    this.#port.close();
  }

  #offer(slot: number): void {
    this.ring.store(slot, WORD.ticket, this.#board.drawTicket());
    slots.offer(this.ring, slot);
    this.#board.ring();
    if (this.#board.wantsNudge) this.#port.postMessage(null);
  }

  /** Blocks until a slot is in a state. Returns what has ended the wait. */
  #waitSync(slot: number, goal: number): Outcome {
    const { words } = this.ring;
    const index = this.ring.wordOf(slot, WORD.state);
    let wait: Wait | undefined;
    for (;;) {
      const state = Atomics.load(words, index);
      if (state === goal) return "reached";
      this.#checkState(state, goal);
      if (Atomics.wait(words, index, state, this.#patience.sliceMs) !== "timed-out") continue;
      wait ??= this.#patience.begin();
      const verdict = wait.afterSlice();
      if (verdict !== "wait") return verdict;
    }
  }

  /** As above, without blocking. */
  async #wait(slot: number, goal: number): Promise<Outcome> {
    const { words } = this.ring;
    const index = this.ring.wordOf(slot, WORD.state);
    let wait: Wait | undefined;
    for (;;) {
      const nudged = this.#nudged.promise; // Before looking: a nudge that comes after it counts.
      const state = Atomics.load(words, index);
      if (state === goal) return "reached";
      this.#checkState(state, goal);
      if (this.#end !== undefined) return "ended";
      if (await this.#slice(index, state, nudged) !== "timed-out") continue;
      wait ??= this.#patience.begin();
      const verdict = wait.afterSlice();
      if (verdict !== "wait") return verdict;
    }
  }

  #slice(index: number, state: number, nudged: Promise<void>): Promise<unknown> {
    const { sliceMs } = this.#patience;
    return waitAsync(this.ring.words, index, state, sliceMs) ??
      Promise.race([nudged, this.#clock.sleep(sliceMs).then(() => "timed-out")]);
  }

  /** A state from which the goal cannot come is nonsense, and whoever wrote it is not asked again. */
  #checkState(state: number, goal: number): void {
    const isOnTheWay = goal === slots.ANSWERED
      ? state === slots.ASKED || state === slots.TAKEN
      : state === slots.ABANDONED;
    if (!isOnTheWay) throw this.#distrust(corruptAnswer(this.#name, `a slot in state ${state}`));
  }

  /** Takes a slot back that was abandoned, once the server has given it back. */
  #reclaim(slot: number, outcome: Outcome): void {
    if (outcome === "late") throw this.#late("a request before it is under way still");
    if (outcome !== "reached") throw this.#die(outcome);
    const index = this.#abandoned.indexOf(slot);
    if (index === -1) return; // Somebody else has waited for it, too.
    this.#abandoned.splice(index, 1);
    this.free(slot);
  }

  /** What follows from the end of a wait for an answer. */
  #conclude(slot: number, outcome: Outcome): void {
    if (outcome === "late" && slots.withdraw(this.ring, slot)) {
      this.free(slot);
      throw this.#late("it was not begun, and will not be");
    }
    if (outcome === "late" && slots.abandon(this.ring, slot)) {
      this.#abandoned.push(slot);
      const error = this.#late("it was begun, and may take effect before the next request ends");
      this.#rejectQueued(this.#late("a request before it is under way still"));
      throw error;
    }
    const isAnswered = this.ring.load(slot, WORD.state) === slots.ANSWERED;
    if (!isAnswered) throw this.#die(outcome === "silent" ? "silent" : "ended");
    this.#readAnswer(slot);
  }

  #readAnswer(slot: number): void {
    let error: Error | undefined;
    try {
      this.sectorCount = readSize(this.ring, slot, this.#name);
      error = readError(this.ring, slot, this.#name);
    } catch (nonsense) {
      throw this.#distrust(nonsense as BlockDeviceError);
    }
    if (error === undefined) return;
    this.free(slot);
    throw error;
  }

  #late(what: string): BlockDeviceError {
    const { timeoutMs } = this.#patience;
    const why = `no answer within ${timeoutMs} ms; ${what}`;
    return new BlockDeviceError("EIO", `Cannot use "${this.#name}": ${why}`, {
      device: this.#name,
    });
  }

  #die(how: "silent" | "ended"): BlockDeviceError {
    const why = how === "ended"
      ? "its thread has ended"
      : `its thread has shown no sign of life for ${this.#patience.silenceMs} ms`;
    return this.#distrust(
      new BlockDeviceError("ENODEV", `Cannot use "${this.#name}": ${why}`, { device: this.#name }),
    );
  }

  /** Nothing is asked any more. Returns the first reason. */
  #distrust(error: BlockDeviceError): BlockDeviceError {
    this.#end ??= error;
    this.#rejectQueued(this.#end);
    return this.#end;
  }

  #rejectQueued(error: BlockDeviceError): void {
    for (const { reject } of this.#queue.splice(0)) reject(error);
  }

  #throwIfDead(): void {
    if (this.#end !== undefined) throw this.#end;
    if (this.#board.hasEnded) throw this.#die("ended");
  }
}
