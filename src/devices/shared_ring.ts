/**
 * A ring of shared memory, through which bytes go from one thread to another without being handed
 * over: who calls takes a part, and gives it back when its call was answered.
 *
 * Parts are taken in a circle and may be given back in any order; what is free is only known from the
 * oldest part on. When nothing is taken it begins at its first byte again, so that who makes one call
 * after the other always has the same few lines in its cache.
 *
 * **Sound** because a part is one call's alone from the copy to the answer: the other thread reads or
 * fills it in between, and nobody else touches it. A call that is never answered keeps its part.
 *
 * **Full**: there is no part, and bytes are handed over instead. Nobody waits.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Bytes of a ring: four of the largest pieces in which images are moved. */
const RING_BYTES = 2 ** 22;

/** A part of the ring that is taken. */
export interface RingPart {
  /** Its bytes, in shared memory. What they hold is left over. */
  readonly bytes: Uint8Array;
}

interface TakenPart extends RingPart {
  readonly start: number;
  isTaken: boolean;
}

/**
 * Whether memory can be given to other threads to see. Only a page that is isolated may.
 *
 * @param memory The memory.
 */
export function canPost(memory: ArrayBufferLike): boolean {
  const { port1 } = new MessageChannel();
  try {
    port1.postMessage(memory);
    return true;
  } catch {
    return false;
  } finally {
    port1.close();
  }
}

/**
 * A little memory that can be given to other threads to see.
 *
 * @returns The memory; `null` where there is none.
 */
export function newPostableMemory(): SharedArrayBuffer | null {
  if (typeof SharedArrayBuffer === "undefined") return null;
  const memory = new SharedArrayBuffer(8);
  return canPost(memory) ? memory : null;
}

/** See the file's head. */
export class SharedRing {
  readonly #memory: SharedArrayBuffer;
  /** Taken parts, the oldest first; some in the middle may be free. */
  readonly #parts: TakenPart[] = [];
  /** Where the next part begins, if it fits there. */
  #next = 0;

  /**
   * A ring, of which nothing is taken.
   *
   * @param byteCount Its size.
   */
  constructor(byteCount: number = RING_BYTES) {
    this.#memory = new SharedArrayBuffer(byteCount);
  }

  /**
   * Takes a part.
   *
   * @param byteCount Its size.
   * @returns The part; `null` when there is no room.
   */
  take(byteCount: number): RingPart | null {
    const start = this.#placeFor(byteCount);
    if (start === null) return null;
    const bytes = new Uint8Array(this.#memory, start, byteCount);
    const part: TakenPart = { bytes, start, isTaken: true };
    this.#parts.push(part);
    this.#next = start + byteCount;
    return part;
  }

  /**
   * Gives a part back.
   *
   * @param part A part that was taken here.
   */
  release(part: RingPart): void {
    (part as TakenPart).isTaken = false;
    while (this.#parts[0]?.isTaken === false) this.#parts.shift();
    if (this.#parts.length === 0) this.#next = 0;
  }

  /** Where a part of some size can be. The last byte before the oldest part is never taken: a ring
   * that is full does not look like an empty one. */
  #placeFor(byteCount: number): number | null {
    const oldest = this.#parts[0]?.start;
    const size = this.#memory.byteLength;
    if (oldest === undefined) return byteCount <= size ? 0 : null;
    if (this.#next <= oldest) return this.#next + byteCount < oldest ? this.#next : null;
    if (this.#next + byteCount <= size) return this.#next;
    return byteCount < oldest ? 0 : null;
  }
}
