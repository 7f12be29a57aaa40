/** A persistent store with exceptions, ready to be merged. */
import { runSync } from "../../../../src/block/plan.ts";
import type { PersistentStore } from "../../../../src/exception/store/persistent_store.ts";
import { cowImage, type Entry, openStore } from "../images.ts";
import { Bench } from "../rig.ts";

/** Opens a store with chunks of a sector on an image that holds these entries. */
export function load(entries: readonly Entry[], sectorCount = 200) {
  const bench = new Bench();
  const content = cowImage({ sectorCount, chunkSectors: 1, entries });
  const cow = bench.disk("cow", sectorCount, { content });
  const source = bench.disk("source", 300);
  return { bench, cow, source, store: openStore(cow, source, 1).store };
}

/** Merges everything, and tells the runs. */
export function mergeAll(store: PersistentStore): string[] {
  const runs: string[] = [];
  for (;;) {
    const [run] = runSync(store.prepareMerge());
    if (run === undefined) return runs;
    runs.push(`${run.oldChunk}>${run.newChunk} x${run.count}`);
    runSync(store.commitMerge(run.count));
  }
}
