/**
 * The exception index against a JavaScript `Map`: look-ups that hit, look-ups that miss, insertions.
 *
 *     deno bench -A test/bench/exception_index.bench.ts
 *
 * One iteration is 1,000 look-ups, so 20 µs is 20 ns each. Chunk numbers come from two worlds:
 * *sparse*, anywhere below 2^44, where a Map keeps each key as an object; and *dense*, a disk of
 * twice as many chunks as exceptions, where the keys are small integers, a Map's best case. New
 * chunks are scattered, so that no two exceptions are a run. `COWDISK_BENCH_SMOKE=1` shrinks it all.
 */
import { CHUNKS_MAX, ExceptionIndex } from "../../src/kernel/mod.ts";
import { Prng } from "../../src/testing/prng.ts";

const isSmoke = Deno.env.get("COWDISK_BENCH_SMOKE") === "1";
const sizes = isSmoke ? [100] : [1_000, 10_000, 100_000, 1_000_000];
const insertSizes = isSmoke ? [100] : [10_000, 1_000_000];
const LOOK_UPS = 1000;

interface World {
  readonly index: ExceptionIndex;
  readonly map: Map<number, number>;
  /** Old chunks with exceptions: a list longer than a branch predictor remembers. */
  readonly hits: Float64Array;
  /** Old chunks without. */
  readonly misses: Float64Array;
}

/** Different chunks, in no order. */
function drawChunks(prng: Prng, count: number, below: number): Float64Array {
  const chunks = new Set<number>();
  while (chunks.size < count) chunks.add(prng.int(below));
  return Float64Array.from(chunks);
}

/** What is looked up ends here, so that no look-up can be optimized away. */
export let sink = 0;

const worlds = new Map<string, World>();

/** Built when it is first needed: a bench that is filtered out costs nothing. */
function worldOf(count: number, below: number): World {
  const name = `${count}/${below}`;
  const known = worlds.get(name);
  if (known !== undefined) return known;
  const prng = Prng.fromSeed(name);
  const index = new ExceptionIndex();
  const map = new Map<number, number>();
  drawChunks(prng, count, below).forEach((chunk, i) => {
    index.insert(chunk, i * 7);
    map.set(chunk, i * 7);
  });
  const present = [...map.keys()];
  const drawCount = isSmoke ? 2000 : 262_144;
  const hits = Float64Array.from({ length: drawCount }, () => prng.pick(present));
  const misses = Float64Array.from({ length: drawCount }, () => {
    let chunk = prng.int(below);
    while (map.has(chunk)) chunk = prng.int(below);
    return chunk;
  });
  const world = { index, map, hits, misses };
  worlds.set(name, world);
  return world;
}

/** Looks up the next 1,000 chunks of a list, over and over, so that no cache knows them all. */
function benchLookUps(
  group: string,
  world: () => World,
  chunksOf: (world: World) => Float64Array,
): void {
  let at = 0;
  const looking = (lookUp: (world: World, chunks: Float64Array, at: number) => number) => () => {
    const here = world();
    const chunks = chunksOf(here);
    at = at + 2 * LOOK_UPS > chunks.length ? 0 : at + LOOK_UPS;
    sink += lookUp(here, chunks, at);
  };
  Deno.bench(`${group}: Map`, { group, baseline: true }, looking(lookUpInMap));
  Deno.bench(`${group}: ExceptionIndex`, { group }, looking(lookUpInIndex));
}

function lookUpInMap({ map }: World, chunks: Float64Array, at: number): number {
  let sum = 0;
  for (let i = 0; i < LOOK_UPS; i++) sum += map.get(chunks[at + i]!) ?? -1;
  return sum;
}

function lookUpInIndex({ index }: World, chunks: Float64Array, at: number): number {
  let sum = 0;
  for (let i = 0; i < LOOK_UPS; i++) sum += index.find(chunks[at + i]!);
  return sum;
}

for (
  const [kind, belowOf] of [
    ["sparse", () => CHUNKS_MAX],
    ["dense", (count: number) => 2 * count],
  ] as const
) {
  for (const count of sizes) {
    const world = () => worldOf(count, belowOf(count));
    benchLookUps(`1000 hits among ${count}, ${kind}`, world, ({ hits }) => hits);
    benchLookUps(`1000 misses among ${count}, ${kind}`, world, ({ misses }) => misses);
  }
}

for (const count of insertSizes) {
  const group = `insert ${count}, sparse`;
  const chunks = drawChunks(Prng.fromSeed(group), count, CHUNKS_MAX);
  Deno.bench(`${group}: Map`, { group, baseline: true }, () => {
    const map = new Map<number, number>();
    for (let i = 0; i < count; i++) map.set(chunks[i]!, i * 7);
  });
  Deno.bench(`${group}: ExceptionIndex`, { group }, () => {
    const index = new ExceptionIndex();
    for (let i = 0; i < count; i++) index.insert(chunks[i]!, i * 7);
    index.destroy();
  });
}

for (const count of insertSizes) {
  const group = `insert ${count}, in order`;
  Deno.bench(`${group}: Map`, { group, baseline: true }, () => {
    const map = new Map<number, number>();
    for (let i = 0; i < count; i++) map.set(i, i + 7);
  });
  Deno.bench(`${group}: ExceptionIndex`, { group }, () => {
    const index = new ExceptionIndex();
    for (let i = 0; i < count; i++) index.insert(i, i + 7);
    index.destroy();
  });
}
