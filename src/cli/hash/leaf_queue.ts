/**
 * Leaves of a view that are to be hashed, taken by several threads: each takes the next one when it has
 * done its last, and nobody hands them out.
 *
 * A queue is a count and a number in shared memory, so it can be sent to a worker.
 *
 * **Invariant**: each leaf is taken once.
 *
 * **Failure**: whoever cannot open or read the view throws; what it had taken is not done by others.
 *
 * @module
 */

import { sectorsToBytes } from "../../block/units.ts";
import { openView } from "../view/view.ts";
import { LEAF_SECTORS, leafHash } from "./tree_hash.ts";

/** Leaves that nobody has taken yet. */
export interface LeafQueue {
  /** How many there are, taken or not. */
  readonly leafCount: number;
  /** The number of the next one, in shared memory. */
  readonly next: Int32Array;
}

/** A leaf that is done. */
export interface HashedLeaf {
  readonly leaf: number;
  /** 32 hexadecimal digits. */
  readonly hash: string;
}

/**
 * A queue with all leaves in it.
 *
 * @param leafCount How many.
 * @returns It.
 */
export function queueOf(leafCount: number): LeafQueue {
  return { leafCount, next: new Int32Array(new SharedArrayBuffer(4)) };
}

/**
 * Leaves nothing in a queue: whoever takes from it comes to an end.
 *
 * @param queue The queue.
 */
export function takeAll({ leafCount, next }: LeafQueue): void {
  Atomics.store(next, 0, leafCount);
}

/**
 * Hashes leaves until there are none left.
 *
 * @param word The view, which is opened here, and closed at the end.
 * @param queue Where to take them from.
 * @returns Leaves, as they are done.
 */
export async function* hashLeaves(word: string, queue: LeafQueue): AsyncGenerator<HashedLeaf> {
  await using view = await openView(word, "read");
  const { device } = view;
  const buffer = new Uint8Array(sectorsToBytes(LEAF_SECTORS));
  for (;;) {
    const leaf = Atomics.add(queue.next, 0, 1);
    if (leaf >= queue.leafCount) return;
    const sector = leaf * LEAF_SECTORS;
    const sectorCount = Math.min(LEAF_SECTORS, device.sectorCount - sector);
    const bytes = buffer.subarray(0, sectorsToBytes(sectorCount));
    await device.read(bytes, sector);
    yield { leaf, hash: leafHash(bytes) };
  }
}
