/**
 * `deno task fuzz`: the model and, in turn with it, loss of power, by seed, for as long as you like.
 *
 *     deno task fuzz --seed 17               one seed of the model, as a failure told it
 *     deno task fuzz --seed crash:swarm:17   one of `deno task crash --replay`
 *     deno task fuzz --minutes 60            new seeds, for an hour; one minute unless said
 */
// deno-lint-ignore-file no-console
import process from "node:process";
import { replay } from "../crash/replay.ts";
import { tryModel } from "./trial.ts";
import { readWords } from "../words.ts";

const values = readWords({ seed: { type: "string" }, minutes: { type: "string", default: "1" } });

const CRASH = "crash:";

/** Tries one seed; tells what is wrong, if anything is. */
function isRight(seed: string): boolean {
  try {
    if (seed.startsWith(CRASH)) replay(seed.slice(CRASH.length));
    else tryModel({ seed });
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

/** Tries new seeds until the time is over or one of them fails. */
function tryForMinutes(minutes: number): boolean {
  const start = Math.floor(Date.now() / 1000);
  const endMs = Date.now() + minutes * 60_000;
  let count = 0;
  for (; Date.now() < endMs; count++) {
    const seed = `${start}-${count}`;
    if (!isRight(count % 2 === 0 ? seed : `${CRASH}swarm:${seed}`)) return false;
    if (count % 100 === 99) console.log(`${count + 1} seeds`);
  }
  console.log(
    `${count} seeds in ${minutes} minutes: every view read as it should, with power and after its loss`,
  );
  return true;
}

const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`Cannot run for "${values.minutes}" minutes: want a number above 0`);
  process.exit(2);
}
const isGood = values.seed === undefined ? tryForMinutes(minutes) : isRight(values.seed);
if (isGood && values.seed !== undefined) console.log(`seed ${values.seed}: every view is right`);
process.exit(isGood ? 0 : 1);
