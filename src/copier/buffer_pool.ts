/**
 * The copier's memory: buffers that are reused, and never more of them than was agreed.
 *
 *     free ──tryTake, wait──▶ held ──release──▶ free, or handed to who waits longest
 *
 * Sizes are rounded up to a power of two, so that what one copy gives back fits the next. Held and
 * free buffers together stay within `bytesMax`; a free buffer of the wrong size makes room for a
 * new one. Who finds no room gets in line, and nobody overtakes: a large request cannot starve
 * behind small ones.
 *
 * A synchronous caller cannot wait, and does not have to: nothing else runs until it is done, so it
 * needs one buffer at a time, and there is one spare, beyond `bytesMax`, that only such callers use.
 * Should that be taken (a copy inside a copy on the same pool), the call fails with `EAGAIN`.
 *
 * A copy must not hold a buffer while it waits for another copy of the same pool: devices that are
 * stacked need a pool each.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { codeOf } from "../block/errors.ts";
import { Gate } from "../block/gate.ts";
import { type Plan, waitStep } from "../block/plan.ts";

class Waiter {
  readonly gate = new Gate();
  readonly sizeBytes: number;
  buffer: Uint8Array | null = null;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }
}

/** Hands out buffers. */
export class BufferPool {
  readonly #bytesMax: number;
  readonly #bufferBytesMax: number;
  /** Free buffers by size. */
  readonly #free = new Map<number, Uint8Array[]>();
  readonly #waiters = new Set<Waiter>();
  #bytesFree = 0;
  #bytesHeld = 0;
  #spare: Uint8Array | null = null;
  #isSpareHeld = false;

  /**
   * A pool; it allocates nothing until it is asked.
   *
   * @param bytesMax The most bytes of all buffers together, but for the spare one.
   * @param bufferBytesMax The largest buffer anyone will ask for; at most `bytesMax`.
   */
  constructor(bytesMax: number, bufferBytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#bufferBytesMax = bufferBytesMax;
  }

  /** The bytes of the buffers that are held now. */
  get bytesHeld(): number {
    return this.#bytesHeld;
  }

  /** The bytes of all buffers, held or free, but for the spare one. */
  get bytesAllocated(): number {
    return this.#bytesHeld + this.#bytesFree;
  }

  /**
   * Takes a buffer if there is one and nobody is in line.
   *
   * @param byteCount The fewest bytes it must have.
   * @returns The buffer, which may be longer, or `null`.
   */
  tryTake(byteCount: number): Uint8Array | null {
    return this.#waiters.size > 0 ? null : this.#take(this.#sizeFor(byteCount));
  }

  /**
   * Gets in line for a buffer.
   *
   * @param byteCount The fewest bytes it must have.
   * @returns The buffer, which may be longer.
   */
  *wait(byteCount: number): Plan<Uint8Array> {
    const waiter = new Waiter(this.#sizeFor(byteCount));
    this.#waiters.add(waiter);
    try {
      yield waitStep(waiter.gate, "a buffer to copy through");
      const buffer = waiter.buffer!;
      waiter.buffer = null;
      return buffer;
    } catch (error) {
      if (codeOf(error) !== "EAGAIN" || this.#isSpareHeld) throw error;
      this.#isSpareHeld = true;
      return this.#spare ??= new Uint8Array(this.#bufferBytesMax);
    } finally {
      this.#leave(waiter);
    }
  }

  /**
   * Gives a buffer back.
   *
   * @param buffer What was taken.
   */
  release(buffer: Uint8Array): void {
    if (buffer === this.#spare) {
      this.#isSpareHeld = false;
      return;
    }
    this.#bytesHeld -= buffer.length;
    this.#bytesFree += buffer.length;
    const free = this.#free.get(buffer.length);
    if (free === undefined) this.#free.set(buffer.length, [buffer]);
    else free.push(buffer);
    this.#serve();
  }

  #sizeFor(byteCount: number): number {
    return Math.min(2 ** Math.ceil(Math.log2(byteCount)), this.#bufferBytesMax);
  }

  #take(sizeBytes: number): Uint8Array | null {
    if (this.#bytesHeld + sizeBytes > this.#bytesMax) return null;
    let buffer = this.#free.get(sizeBytes)?.pop();
    if (buffer !== undefined) {
      this.#bytesFree -= sizeBytes;
    } else {
      this.#makeRoom(sizeBytes);
      buffer = new Uint8Array(sizeBytes);
    }
    this.#bytesHeld += sizeBytes;
    return buffer;
  }

  /** Lets go of free buffers until a new one fits. */
  #makeRoom(sizeBytes: number): void {
    const bytesFreeMax = this.#bytesMax - this.#bytesHeld - sizeBytes;
    for (const [freeBytes, buffers] of this.#free) {
      while (this.#bytesFree > bytesFreeMax && buffers.pop() !== undefined) {
        this.#bytesFree -= freeBytes;
      }
    }
  }

  /** Hands buffers to those in line, the first one first, as long as they last. */
  #serve(): void {
    for (const waiter of this.#waiters) {
      const buffer = this.#take(waiter.sizeBytes);
      if (buffer === null) return;
      this.#waiters.delete(waiter);
      waiter.buffer = buffer;
      waiter.gate.open();
    }
  }

  /** After a wait, whichever way it ended: one that was given up may hold a place or a buffer. */
  #leave(waiter: Waiter): void {
    if (waiter.buffer !== null) this.release(waiter.buffer);
    else if (this.#waiters.delete(waiter)) this.#serve();
  }
}
