/**
 * `ByteQueue`: what has come in and was not taken yet, in one piece of memory that is used again.
 *
 * ```
 *  block  | taken | waits for its turn | room |
 *                 ^ from               ^ to
 * ```
 *
 * A socket reads into the room, and what was read is taken out as views: between a socket and a device
 * nothing is copied but the beginning of a message whose end is still to come, when there is no room behind
 * it. That moves to the front.
 *
 * **Invariants**
 * - Bytes move only where room is made. What was taken is valid until then, and room until more is asked
 *   for.
 * - The block is at most twice what has come in and waits, or 2 MiB. It grows with what has come, never with
 *   what was announced. One above 2 MiB is dropped when nothing is left in it.
 *
 * This module is browser compatible.
 *
 * @module
 */

const BLOCK_BYTES_MIN = 64 * 1024;
/** So much is kept for the next messages. */
const BLOCK_BYTES_KEPT = 2 * 1024 * 1024;

/** Bytes that have come in and were not taken yet. */
export class ByteQueue {
  #block = new Uint8Array(0);
  #from = 0;
  #to = 0;

  /** How many bytes wait. */
  get byteLength(): number {
    return this.#to - this.#from;
  }

  /**
   * Gives room for what comes in next.
   *
   * @returns At least one byte, to be filled from its beginning on.
   */
  room(): Uint8Array<ArrayBuffer> {
    if (this.#from === this.#to) this.#begin();
    if (this.#to === this.#block.byteLength) this.#makeRoom();
    return this.#block.subarray(this.#to);
  }

  /**
   * Told when something has come in.
   *
   * @param byteCount How much of the room was filled.
   */
  filled(byteCount: number): void {
    this.#to += byteCount;
  }

  /** Nothing waits: the room is the whole block. */
  #begin(): void {
    this.#from = this.#to = 0;
    if (this.#block.byteLength > BLOCK_BYTES_KEPT) this.#block = new Uint8Array(0);
  }

  /** Moves what waits to the front; of a larger block, when it is a good part of this one. */
  #makeRoom(): void {
    const { byteLength } = this.#block;
    const waiting = this.#block.subarray(this.#from, this.#to);
    const isLong = 4 * waiting.byteLength > byteLength && byteLength < BLOCK_BYTES_KEPT;
    if (isLong || waiting.byteLength === byteLength) {
      this.#block = new Uint8Array(Math.max(BLOCK_BYTES_MIN, 2 * byteLength));
    }
    this.#block.set(waiting);
    this.#from = 0;
    this.#to = waiting.byteLength;
  }

  /**
   * Adds bytes behind all others.
   *
   * @param bytes The bytes; taken at the call.
   */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength;) {
      const room = this.room();
      const count = Math.min(room.byteLength, bytes.byteLength - at);
      room.set(bytes.subarray(at, at + count));
      this.filled(count);
      at += count;
    }
  }

  /**
   * Takes a message out.
   *
   * @param byteCount Its length, at most {@linkcode byteLength}.
   * @returns Its bytes, until room is asked for.
   */
  take(byteCount: number): Uint8Array<ArrayBuffer> {
    const from = this.#from;
    this.#from += byteCount;
    return this.#block.subarray(from, from + byteCount);
  }

  /**
   * Drops bytes.
   *
   * @param byteCount How many at most.
   * @returns How many were dropped: fewer if there are not as many.
   */
  skip(byteCount: number): number {
    const skipped = Math.min(byteCount, this.byteLength);
    this.#from += skipped;
    return skipped;
  }

  /** Drops everything. */
  clear(): void {
    this.#from = this.#to;
  }
}
