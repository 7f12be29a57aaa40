/**
 * `ByteQueue`: bytes as they come in from a connection, taken out as messages.
 *
 * Pieces come in any size; a message can lie in one of them or across many. What lies in one piece is
 * given out as a view of it, without a copy.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Bytes that have come in and were not taken yet. */
export class ByteQueue {
  #pieces: Uint8Array[] = [];
  /** Bytes of the first piece that were taken. */
  #taken = 0;
  #byteLength = 0;

  /** How many bytes wait. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /**
   * Adds bytes behind all others.
   *
   * @param piece The bytes; they belong to the queue from here on.
   */
  push(piece: Uint8Array): void {
    if (piece.byteLength === 0) return;
    const { buffer, byteOffset, byteLength } = piece;
    // Views of a `Buffer` would be such again, which are slow to make and hard to copy.
    this.#pieces.push(new Uint8Array(buffer, byteOffset, byteLength));
    this.#byteLength += piece.byteLength;
  }

  /**
   * Takes a message out.
   *
   * @param byteCount Its length, at most {@linkcode byteLength}.
   * @param room Gives room for a message that lies across pieces.
   * @returns Its bytes.
   */
  take(
    byteCount: number,
    room: (byteCount: number) => Uint8Array = (length) => new Uint8Array(length),
  ): Uint8Array {
    const [first] = this.#pieces;
    if (first !== undefined && first.byteLength - this.#taken >= byteCount) {
      const view = first.subarray(this.#taken, this.#taken + byteCount);
      this.skip(byteCount);
      return view;
    }
    const joined = room(byteCount);
    this.fill(joined, 0);
    return joined;
  }

  /**
   * Moves as many bytes as there are and as fit.
   *
   * @param target Where to.
   * @param from The first place in it.
   * @returns How many were moved.
   */
  fill(target: Uint8Array, from: number): number {
    let at = from;
    while (at < target.byteLength && this.#byteLength > 0) {
      const first = this.#pieces[0] as Uint8Array;
      const end = Math.min(first.byteLength, this.#taken + target.byteLength - at);
      target.set(first.subarray(this.#taken, end), at);
      at += this.skip(end - this.#taken);
    }
    return at - from;
  }

  /**
   * Drops bytes.
   *
   * @param byteCount How many at most.
   * @returns How many were dropped: fewer if there are not as many.
   */
  skip(byteCount: number): number {
    let left = Math.min(byteCount, this.#byteLength);
    const skipped = left;
    this.#byteLength -= skipped;
    while (left > 0) {
      const rest = (this.#pieces[0] as Uint8Array).byteLength - this.#taken;
      if (left < rest) {
        this.#taken += left;
        break;
      }
      left -= rest;
      this.#taken = 0;
      this.#pieces.shift();
    }
    return skipped;
  }

  /** Drops everything. */
  clear(): void {
    this.skip(this.#byteLength);
  }
}
