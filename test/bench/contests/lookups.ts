/**
 * The exception index beside a JavaScript `Map`: look-ups that hit, look-ups that miss, insertions.
 *
 * Chunk numbers come from two worlds: *sparse*, anywhere below 2^38, where a Map keeps each key as an
 * object; and *dense*, a disk of twice as many chunks as exceptions, where keys are small integers, a
 * Map's best case. New chunks are scattered, so that no two exceptions are a run.
 *
 * @module
 */
import { CHUNKS_MAX, ExceptionIndex } from "../../../src/kernel/mod.ts";
import { Prng } from "../../../src/testing/prng.ts";
import {
  type Contest,
  isSmoke,
  lazy,
  OPERATIONS,
  repeat,
  type Runner,
} from "../harness/contest.ts";
import { shuffledBelow, Walk } from "./places.ts";

/** How the old chunks are drawn. */
export type World = "sparse" | "dense";

interface Sides {
  readonly index: ExceptionIndex;
  readonly map: Map<number, number>;
  /** Old chunks with exceptions. */
  readonly hits: Float64Array;
  /** Old chunks without. */
  readonly misses: Float64Array;
}

/** Chunks that are looked up before they come again: more than a branch predictor remembers. */
const LOOKED_UP = isSmoke ? 2000 : 262_144;

/** Different chunks, in no order. */
function drawChunks(count: number, world: World): Float64Array {
  const prng = Prng.fromSeed(`${world} ${count}`);
  const below = world === "sparse" ? CHUNKS_MAX : 2 * count;
  const chunks = new Set<number>();
  while (chunks.size < count) chunks.add(prng.int(below));
  return Float64Array.from(chunks);
}

/** What is looked up ends here, so that no look-up can be optimized away. */
let sink = 0;

/** What the look-ups have come to; nobody needs it. */
export function lookedUp(): number {
  return sink;
}

function createSides(count: number, world: World): Sides {
  const index = new ExceptionIndex();
  const map = new Map<number, number>();
  const present = drawChunks(count, world);
  present.forEach((chunk, at) => {
    index.insert(chunk, at * 7);
    map.set(chunk, at * 7);
  });
  const prng = Prng.fromSeed(`${world} looked up`);
  const draws = LOOKED_UP;
  const below = world === "sparse" ? CHUNKS_MAX : 2 * count;
  const hits = Float64Array.from({ length: draws }, () => present[prng.int(count)] as number);
  const misses = Float64Array.from({ length: draws }, () => {
    let chunk = prng.int(below);
    while (map.has(chunk)) chunk = prng.int(below);
    return chunk;
  });
  return { index, map, hits, misses };
}

const made = new Map<string, Sides>();

/** The sides of a contest are made once, for hits and misses, and only when they are measured. */
function sidesOf(count: number, world: World): () => Sides {
  const name = `${world} ${count}`;
  return () => {
    const sides = made.get(name) ?? createSides(count, world);
    made.set(name, sides);
    return sides;
  };
}

/** Gives back what was made. */
export function forgetSides(): void {
  for (const { index } of made.values()) index.destroy();
  made.clear();
}

/** Looking up the next chunks of a list, over and over, so that no cache knows them all. */
export function lookUp(which: "hits" | "misses", count: number, world: World): Contest {
  const sides = sidesOf(count, world);
  let at = 0;
  const advance = () => {
    const chunks = sides()[which];
    at = at + 2 * OPERATIONS > chunks.length ? 0 : at + OPERATIONS;
    return chunks;
  };
  const prepare = () => void sides();
  const inMap: Runner = {
    name: "Map",
    prepare,
    run() {
      const chunks = advance();
      const { map } = sides();
      for (let done = 0; done < OPERATIONS; done++) sink += map.get(chunks[at + done]!) ?? -1;
    },
  };
  const inIndex: Runner = {
    name: "cowdisk",
    prepare,
    run() {
      const chunks = advance();
      const { index } = sides();
      for (let done = 0; done < OPERATIONS; done++) sink += index.find(chunks[at + done]!);
    },
  };
  return {
    title: `look up, ${which} among ${count}, ${world}`,
    operations: OPERATIONS,
    floor: inMap,
    runners: [inIndex],
  };
}

/** Looking up chunks of one index with few exceptions and of one with many, all of them isolated. */
export function lookUpAmong(which: "hits" | "misses", few: number, many: number): Contest {
  const runnerOf = (count: number): Runner => {
    const sides = lazy(() => {
      const index = new ExceptionIndex();
      // As on a disk that is half excepted: at the odd chunks.
      for (const chunk of shuffledBelow(count, "insert")) index.insert(chunk * 2 + 1, chunk * 7);
      const places = shuffledBelow(count, "look up").subarray(0, LOOKED_UP);
      return { index, chunks: new Walk(places, (place) => place * 2 + (which === "hits" ? 1 : 0)) };
    });
    return repeat(
      `${count} exceptions`,
      () => void (sink += sides().index.find(sides().chunks.next())),
      () => void sides(),
    );
  };
  return {
    title: `look up, ${which} among ${many}, isolated, against ${few}`,
    operations: OPERATIONS,
    floor: runnerOf(few),
    runners: [runnerOf(many)],
  };
}

/** Inserting all of them into nothing. */
export function insert(count: number, order: World | "in order"): Contest {
  const chunks = lazy(() =>
    order === "in order"
      ? Float64Array.from({ length: count }, (_, chunk) => chunk)
      : drawChunks(count, order)
  );
  const newChunk = order === "in order" ? (at: number) => at + 7 : (at: number) => at * 7;
  return {
    title: `insert ${count}, ${order}`,
    operations: count,
    floor: {
      name: "Map",
      prepare: () => void chunks(),
      run() {
        const map = new Map<number, number>();
        for (let at = 0; at < count; at++) map.set(chunks()[at]!, newChunk(at));
      },
    },
    runners: [{
      name: "cowdisk",
      prepare: () => void chunks(),
      run() {
        const index = new ExceptionIndex();
        for (let at = 0; at < count; at++) index.insert(chunks()[at]!, newChunk(at));
        index.destroy();
      },
    }],
  };
}
