/**
 * The exception index in eighty lines: what `ExceptionIndex` must do, told with a `Map`.
 *
 * One entry a chunk, no runs, no hash, no memory to run out of. It is the oracle of the model tests
 * and says what a run is: neighbours, old and new, within one window of 16 old chunks; or windows that
 * are such runs as a whole, and neighbours, within one group of 16 windows.
 *
 * @module
 */
import type { ChunkRun } from "../../../src/kernel/exception_index.ts";

/** Runs end where windows of so many old chunks end. */
export const WINDOW_CHUNKS = 16;

/** Runs of whole windows end where groups of so many old chunks end. */
export const GROUP_CHUNKS = 256;

type Run = { oldChunk: number; newChunk: number; count: number };

/** Joins each run to the one before it if it continues it, and neither is refused by `may`. */
function join(runs: Iterable<ChunkRun>, limit: number, may: (run: ChunkRun) => boolean): Run[] {
  const joined: Run[] = [];
  for (const run of runs) {
    const last = joined.at(-1);
    const continues = last !== undefined && may(last) && may(run) &&
      last.oldChunk + last.count === run.oldChunk && last.newChunk + last.count === run.newChunk &&
      run.oldChunk % limit !== 0;
    if (continues) last.count += run.count;
    else joined.push({ ...run });
  }
  return joined;
}

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
    const exceptions = [...this.#newChunks].sort(([a], [b]) => a - b)
      .map(([oldChunk, newChunk]) => ({ oldChunk, newChunk, count: 1 }));
    const inWindows = join(exceptions, WINDOW_CHUNKS, () => true);
    return join(inWindows, GROUP_CHUNKS, ({ count }) => count % WINDOW_CHUNKS === 0);
  }

  clear(): void {
    this.#newChunks.clear();
  }
}
