/**
 * The valid images that mutations start from: made by our stores, and by a Linux kernel.
 */
import { runSync } from "../../src/block/plan.ts";
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { PersistentStore, type StoreType } from "../../src/exception/mod.ts";
import { openSnapshotSync } from "../../src/mapper/stack.ts";
import { patternOf } from "../../src/testing/pattern.ts";
import { Prng } from "../../src/testing/prng.ts";
import { imagesIn, VECTOR_FOLDER } from "../golden/vector_folder.ts";

/** A valid image, and what it is opened with. */
export interface BaseImage {
  /** A name for seeds. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly originSectors: number;
  readonly chunkSectors: number;
  readonly blockSectors: number;
  readonly store: StoreType;
}

interface Recipe {
  readonly name: string;
  readonly chunkSectors: number;
  readonly cowSectors: number;
  readonly originSectors: number;
  /** Chunks of the origin that are excepted. */
  readonly exceptionCount: number;
  readonly blockSectors?: number;
  readonly store?: StoreType;
  /** Runs of exceptions that are merged away at the end. */
  readonly mergeCount?: number;
  /** Whether something lies behind the end of the list. */
  readonly hasStaleTail?: boolean;
}

/** Which write the contents of an origin are. */
export const ORIGIN_SEED = 1;

const RECIPES: readonly Recipe[] = [
  { name: "empty-1", chunkSectors: 1, cowSectors: 12, originSectors: 8, exceptionCount: 0 },
  { name: "few-1", chunkSectors: 1, cowSectors: 24, originSectors: 20, exceptionCount: 9 },
  { name: "area-1", chunkSectors: 1, cowSectors: 80, originSectors: 40, exceptionCount: 32 },
  {
    name: "areas-1",
    chunkSectors: 1,
    cowSectors: 120,
    originSectors: 90,
    exceptionCount: 75,
    store: "PO",
  },
  {
    name: "tail-1",
    chunkSectors: 1,
    cowSectors: 70,
    originSectors: 50,
    exceptionCount: 40,
    hasStaleTail: true,
  },
  {
    name: "merged-1",
    chunkSectors: 1,
    cowSectors: 100,
    originSectors: 60,
    exceptionCount: 50,
    mergeCount: 12,
  },
  {
    name: "areas-2",
    chunkSectors: 2,
    cowSectors: 300,
    originSectors: 157,
    exceptionCount: 70,
    mergeCount: 2,
  },
  { name: "few-8", chunkSectors: 8, cowSectors: 120, originSectors: 61, exceptionCount: 5 },
  {
    name: "block-8",
    chunkSectors: 8,
    cowSectors: 160,
    originSectors: 64,
    exceptionCount: 5,
    blockSectors: 8,
    hasStaleTail: true,
    store: "PO",
  },
  {
    name: "few-32",
    chunkSectors: 32,
    cowSectors: 330,
    originSectors: 160,
    exceptionCount: 4,
    hasStaleTail: true,
  },
];

/** Too large to be tried as often: areas of 256 entries, and the kernel's own. */
const LARGE_RECIPE: Recipe = {
  name: "areas-8",
  chunkSectors: 8,
  cowSectors: 2400,
  originSectors: 2200,
  exceptionCount: 262,
};

const GOLDEN: readonly (readonly [name: string, chunkSectors: number, originSectors: number])[] = [
  ["chunk-1", 1, 8192],
  ["chunk-32", 32, 8192],
  ["area-plus1", 8, 8192],
  ["tail-8", 8, 8189],
];

function make(recipe: Recipe): BaseImage {
  const { name, chunkSectors, cowSectors, originSectors, exceptionCount } = recipe;
  const { blockSectors = 1, store = "P" } = recipe;
  const prng = Prng.fromSeed(name);
  const content = patternOf(ORIGIN_SEED, 0, originSectors);
  const origin = createMemoryDevice({ sectorCount: originSectors, content });
  // What was on the device before is not zeroes.
  const life = patternOf(99, 0, cowSectors);
  life.fill(0, 0, 512);
  const cow = createMemoryDevice({ name, sectorCount: cowSectors, content: life });
  const snapshot = openSnapshotSync({ origin, cow, chunkSectors, store });
  const chunks = Array.from({ length: Math.ceil(originSectors / chunkSectors) }, (_, at) => at);
  // Partly in order, partly not.
  const order = prng.bool() ? chunks : prng.shuffle(chunks);
  order.slice(0, exceptionCount).forEach((chunk, at) => {
    const sector = chunk * chunkSectors;
    snapshot.writeSync(patternOf(2 + at, sector, 1), sector);
  });
  snapshot.closeSync();
  if (recipe.mergeCount !== undefined) {
    const log = () => {};
    const options = { cow, source: origin, chunkSectors, hasOverflow: store === "PO", log };
    const merged = new PersistentStore(options);
    runSync(merged.readMetadata(() => {}));
    for (let count = 0; count < recipe.mergeCount; count++) {
      for (const run of runSync(merged.prepareMerge())) runSync(merged.commitMerge(run.count));
    }
  }
  const bytes = new Uint8Array(cowSectors * 512);
  cow.readSync(bytes, 0);
  if (recipe.hasStaleTail) {
    const perArea = chunkSectors * 32;
    const area = Math.floor(exceptionCount / perArea);
    const areaBytes = (1 + (perArea + 1) * area) * chunkSectors * 512;
    prng.fill(bytes.subarray(areaBytes + (exceptionCount % perArea + 2) * 16).subarray(0, 40));
  }
  for (const device of [origin, cow]) device.closeSync();
  return { name, bytes, originSectors, chunkSectors, blockSectors, store };
}

/** Small images, to be tried by the ten thousand. */
export function smallBases(): BaseImage[] {
  return RECIPES.map(make);
}

/** Large images: two areas of 256 entries, and those that a Linux kernel left. */
export function largeBases(): BaseImage[] {
  const golden = GOLDEN.map(([name, chunkSectors, originSectors]): BaseImage => ({
    name: `golden-${name}`,
    bytes: imagesIn(VECTOR_FOLDER)(`${name}.vdb.img.gz`),
    originSectors,
    chunkSectors,
    blockSectors: 1,
    store: "P",
  }));
  return [make(LARGE_RECIPE), ...golden];
}
