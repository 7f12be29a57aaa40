/**
 * The exceptions that a line makes: those under way, and those that it has made. What the arcs are
 * drawn from.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import type { PendingCopy } from "../scene.ts";
import type { Stack } from "../world/stack.ts";
import type { World } from "../world/world.ts";
import { exceptionsOf, pendingOf } from "./beat_story.ts";

/** Arcs that are drawn at a time. */
const COPIES_MAX = 64;

/** The copies of the line under way. */
export class Copies {
  readonly #copies = new Map<string, PendingCopy>();

  /** They. */
  get all(): PendingCopy[] {
    return [...this.#copies.values()];
  }

  /** Another line begins. */
  clear(): void {
    this.#copies.clear();
  }

  /**
   * Looks what has become of them, and which have begun.
   *
   * @param world The snapshots.
   * @param stack Their tables.
   */
  look({ snapshots }: World, stack: Stack | null): void {
    for (const snapshot of snapshots) {
      const table = exceptionsOf(snapshot, stack);
      if (table === null) continue;
      for (const [key, copy] of this.#copies) {
        if (copy.snapshot !== snapshot.name || copy.isCommitted) continue;
        const isCommitted = table.find(copy.oldChunk, 1) === copy.newChunk;
        if (isCommitted) this.#copies.set(key, { ...copy, isCommitted });
      }
      for (const { oldChunk, newChunk, count } of pendingOf(table)) {
        for (let index = 0; index < count && this.#copies.size < COPIES_MAX; index++) {
          const copy = { oldChunk: oldChunk + index, newChunk: newChunk + index };
          const key = `${snapshot.name} ${copy.oldChunk}`;
          this.#copies.set(key, { snapshot: snapshot.name, ...copy, isCommitted: false });
        }
      }
    }
  }
}
