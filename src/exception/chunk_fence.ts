/**
 * A fence: who still has I/O under way on which chunks, and a way to wait for them.
 *
 * The snapshot's readers of the source are kept track of here, and before a chunk of the source is
 * overwritten the writer waits until they have ended (dm's tracked chunks, a fix of 2008 for reads
 * that returned new data). The merge waits in the same way for writers of the chunks it is about to
 * fold back.
 *
 * Only asynchronous requests enter: a synchronous one is over before anyone else can look. So the
 * list is as long as the requests in flight, and is scanned.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { Signal } from "../block/gate.ts";
import { type Plan, waitStep } from "../block/plan.ts";

/** One stay behind the fence: a range of chunks, both ends included. */
export interface FenceStay {
  /** The first chunk. */
  readonly first: number;
  /** The last chunk. */
  readonly last: number;
}

/** Keeps track of I/O under way, by chunk. */
export class ChunkFence {
  readonly #stays = new Set<FenceStay>();
  readonly #left = new Signal();

  /** Whether nobody is inside. */
  get isEmpty(): boolean {
    return this.#stays.size === 0;
  }

  /**
   * Begins a stay.
   *
   * @param first The first chunk touched.
   * @param last The last chunk touched.
   * @returns What to {@linkcode leave} with.
   */
  enter(first: number, last: number): FenceStay {
    const stay = { first, last };
    this.#stays.add(stay);
    return stay;
  }

  /**
   * Ends a stay.
   *
   * @param stay What {@linkcode enter} returned.
   */
  leave(stay: FenceStay): void {
    this.#stays.delete(stay);
    this.#left.raise();
  }

  /**
   * Whether someone is inside on any of these chunks.
   *
   * @param first The first chunk.
   * @param last The last chunk.
   */
  isOccupied(first: number, last: number): boolean {
    if (this.#stays.size === 0) return false;
    for (const stay of this.#stays) if (stay.first <= last && first <= stay.last) return true;
    return false;
  }

  /**
   * Waits until those who are inside on any of these chunks now have left. Who enters later is not
   * waited for: the caller has seen to it that they do no harm.
   *
   * @param first The first chunk.
   * @param last The last one.
   */
  *drain(first: number, last: number): Plan {
    const inside = [...this.#stays].filter((stay) => stay.first <= last && first <= stay.last);
    while (inside.some((stay) => this.#stays.has(stay))) {
      yield waitStep(this.#left.next, "a request under way");
    }
  }
}
