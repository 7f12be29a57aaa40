/**
 * The exception index in sixty lines: what `ExceptionIndex` must do, told with a `Map`.
 *
 * One entry a chunk, no runs, no hash, no memory to run out of. It is the oracle of the model tests
 * and says what a run is: neighbours, old and new, within one window of 16 old chunks.
 *
 * @module
 */
import type { ChunkRun } from "../../../src/kernel/exception_index.ts";

/** Runs end where windows of so many old chunks end. */
export const WINDOW_CHUNKS = 16;

export class ReferenceIndex {
  readonly #newChunks = new Map<number, number>();
  runLength = 0;

  get exceptionCount(): number {
    return this.#newChunks.size;
  }

  /** `runLength` is counted up to `chunksMax`, across windows. */
  find(oldChunk: number, chunksMax: number): number {
    const newChunk = this.#newChunks.get(oldChunk);
    this.runLength = 1;
    while (this.runLength < chunksMax) {
      const next = this.#newChunks.get(oldChunk + this.runLength);
      const expected = newChunk === undefined ? undefined : newChunk + this.runLength;
      if (next !== expected) break;
      this.runLength++;
    }
    return newChunk ?? -1;
  }

  insert(oldChunk: number, newChunk: number, count = 1): boolean {
    for (let i = 0; i < count; i++) if (this.#newChunks.has(oldChunk + i)) return false;
    for (let i = 0; i < count; i++) this.#newChunks.set(oldChunk + i, newChunk + i);
    return true;
  }

  remove(oldChunk: number, count = 1): number {
    let removed = 0;
    for (const chunk of this.#newChunks.keys()) {
      if (chunk < oldChunk || chunk >= oldChunk + count) continue;
      this.#newChunks.delete(chunk);
      removed++;
    }
    return removed;
  }

  /** All runs, in the order of their old chunks. */
  runs(): ChunkRun[] {
    const runs: { oldChunk: number; newChunk: number; count: number }[] = [];
    for (const [oldChunk, newChunk] of [...this.#newChunks].sort(([a], [b]) => a - b)) {
      const last = runs.at(-1);
      const continues = last !== undefined && last.oldChunk + last.count === oldChunk &&
        last.newChunk + last.count === newChunk && oldChunk % WINDOW_CHUNKS !== 0;
      if (continues) last.count++;
      else runs.push({ oldChunk, newChunk, count: 1 });
    }
    return runs;
  }

  clear(): void {
    this.#newChunks.clear();
  }
}
