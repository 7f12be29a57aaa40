/**
 * `deno task mutate`: mutated COW images, by seed, for as long as you like.
 *
 *     deno task mutate --seed few-1/17    one image, as a failure told it
 *     deno task mutate --minutes 60       new images, for an hour; one minute unless said
 */
// deno-lint-ignore-file no-console
import process from "node:process";
import { Fuzzer, type Outcomes } from "./fuzz.ts";
import { Watchdog } from "./watchdog.ts";
import { readWords } from "../words.ts";

const values = readWords({ seed: { type: "string" }, minutes: { type: "string", default: "1" } });

using watchdog = new Watchdog();

/** In between two of these a run tells how far it is. */
const IMAGES_PER_LINE = 20_000;
/** Large images are one in so many. */
const SMALL_PER_LARGE = 200;

function isRight(fuzzer: Fuzzer, seed: string): boolean {
  watchdog.begin(seed);
  try {
    fuzzer.try(seed);
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

function print(...all: readonly Outcomes[]): void {
  const sums: Outcomes = {};
  for (const outcomes of all) {
    for (const [name, count] of Object.entries(outcomes)) sums[name] = (sums[name] ?? 0) + count;
  }
  const rows = Object.entries(sums).sort(([, a], [, b]) => b - a);
  for (const [name, count] of rows) console.log(`${String(count).padStart(10)}  ${name}`);
}

/** Tries new images until the time is over or one of them fails. */
function tryForMinutes(minutes: number): boolean {
  const start = Math.floor(Date.now() / 1000);
  const endMs = Date.now() + minutes * 60_000;
  const small = new Fuzzer("small");
  const large = new Fuzzer("large");
  for (let count = 0; Date.now() < endMs; count++) {
    const fuzzer = count % SMALL_PER_LARGE === 0 ? large : small;
    const { names } = fuzzer;
    const turn = fuzzer === large ? count / SMALL_PER_LARGE : count;
    if (!isRight(fuzzer, `${names[turn % names.length]}/${start}-${count}`)) return false;
    if (count % IMAGES_PER_LINE === IMAGES_PER_LINE - 1) console.log(`${count + 1} images`);
  }
  console.log(`${small.imageCount + large.imageCount} images in ${minutes} minutes:`);
  print(small.outcomes, large.outcomes);
  return true;
}

function trySeed(seed: string): boolean {
  const small = new Fuzzer("small");
  const isSmall = small.names.some((name) => seed.startsWith(`${name}/`));
  const fuzzer = isSmall ? small : new Fuzzer("large");
  const isGood = isRight(fuzzer, seed);
  if (isGood) console.log(`seed ${seed}: ${Object.keys(fuzzer.outcomes).join()}, as it should be`);
  return isGood;
}

const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`Cannot run for "${values.minutes}" minutes: want a number above 0`);
  process.exit(2);
}
process.exitCode = (values.seed === undefined ? tryForMinutes(minutes) : trySeed(values.seed))
  ? 0
  : 1;
