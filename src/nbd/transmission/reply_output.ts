/**
 * `ReplyOutput`: replies on their way out, side by side in memory that is used again.
 *
 * A reply is made where it is sent from: {@linkcode ReplyOutput.take} gives room behind the last one, and
 * {@linkcode ReplyOutput.put} makes what was written there a part of the output. So the replies to what came
 * in at once go out as one piece, and a reply in the common size costs neither a buffer nor a copy.
 *
 * | a block | until |
 * |---|---|
 * | takes replies, one behind the other | there is no room for the next one |
 * | is retired | its last byte has gone; then it is spare, or dropped if there are enough of its size |
 * | begins anew | it always does, when everything has gone |
 *
 * **Invariants**
 * - A block is never written where bytes lie that have not gone.
 * - Blocks grow with what is asked for, and no reply is longer than a quarter of one: a block is retired with
 *   three quarters of it used, so what is held is little more than what has not gone. What is longer has
 *   memory of its own.
 *
 * This module is browser compatible.
 *
 * @module
 */

const BLOCK_BYTES_MIN = 128 * 1024;
const BLOCK_BYTES_MAX = 2 * 1024 * 1024;
/** Sixteen replies of 256 KiB, which clients like to have under way, take three blocks. */
const SPARES_MAX = 2;

/**
 * Gives room for one reply.
 *
 * @param byteCount How much.
 * @returns Bytes that may hold anything.
 */
export type Room = (byteCount: number) => Uint8Array;

/**
 * Room of its own, for a reply that is made while others are.
 *
 * @param byteCount How much.
 * @returns Bytes.
 */
export const ownRoom: Room = (byteCount) => new Uint8Array(byteCount);

/** Replies that have not gone yet. */
export class ReplyOutput {
  #block = new Uint8Array(0);
  /** Where the next reply goes. */
  #at = 0;
  /** Blocks of the current one's size. */
  #spares: Uint8Array<ArrayBuffer>[] = [];
  /** Blocks that are full, the oldest first, and how much had been put when their last byte was. */
  #retired: { readonly block: Uint8Array<ArrayBuffer>; readonly putBytes: number }[] = [];
  #pieces: Uint8Array[] = [];
  /** The last piece, while it grows. */
  #run: Uint8Array | null = null;
  #runBytes = 0;
  #putBytes = 0;
  #sentBytes = 0;

  /** How many bytes were put and have not gone. */
  get heldBytes(): number {
    return this.#putBytes - this.#sentBytes;
  }

  /** Gives room for the next reply: valid until that is put, or more room is taken. */
  readonly take: Room = (byteCount) => {
    if (4 * byteCount > BLOCK_BYTES_MAX) return ownRoom(byteCount);
    if (4 * byteCount > this.#block.byteLength || this.#at + byteCount > this.#block.byteLength) {
      this.#turn(byteCount);
    }
    return this.#block.subarray(this.#at, this.#at + byteCount);
  };

  /** Goes on in another block, which is large enough. */
  #turn(byteCount: number): void {
    if (this.#at > 0) this.#retired.push({ block: this.#block, putBytes: this.#putBytes });
    let sizeBytes = Math.max(BLOCK_BYTES_MIN, this.#block.byteLength);
    while (sizeBytes < 4 * byteCount) sizeBytes *= 2;
    if (sizeBytes > this.#block.byteLength) this.#spares = [];
    this.#block = this.#spares.pop() ?? new Uint8Array(sizeBytes);
    this.#at = 0;
  }

  /**
   * Adds a reply.
   *
   * @param reply Where room was given, from its beginning on; or memory of its own.
   */
  put(reply: Uint8Array): void {
    const { byteLength, byteOffset } = reply;
    const isOurs = reply.buffer === this.#block.buffer;
    if (isOurs) this.#at = byteOffset + byteLength;
    const run = this.#run;
    if (run === null || !isOurs || run.buffer !== reply.buffer) {
      this.#endRun();
      this.#run = reply;
      this.#runBytes = byteLength;
    } else this.#runBytes += byteLength;
    this.#putBytes += byteLength;
  }

  #endRun(): void {
    const run = this.#run;
    if (run === null) return;
    const isOne = run.byteLength === this.#runBytes;
    this.#pieces.push(isOne ? run : new Uint8Array(run.buffer, run.byteOffset, this.#runBytes));
    this.#run = null;
  }

  /**
   * Gives out what was put and not given out.
   *
   * @returns Pieces in order. They must not be changed, and are not used again before they have gone.
   */
  pieces(): readonly Uint8Array[] {
    this.#endRun();
    const pieces = this.#pieces;
    if (pieces.length > 0) this.#pieces = [];
    return pieces;
  }

  /**
   * Told when bytes have gone, in the order in which they were put.
   *
   * @param byteCount How many.
   */
  sent(byteCount: number): void {
    this.#sentBytes += byteCount;
    let [oldest] = this.#retired;
    while (oldest !== undefined && oldest.putBytes <= this.#sentBytes) {
      this.#retired.shift();
      const isOfSize = oldest.block.byteLength === this.#block.byteLength;
      if (isOfSize && this.#spares.length < SPARES_MAX) this.#spares.push(oldest.block);
      [oldest] = this.#retired;
    }
    if (this.heldBytes === 0) this.#at = 0;
  }
}
