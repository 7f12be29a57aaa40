/**
 * `deno task fuzz:nbd`: streams of NBD clients, by seed, for as long as you like.
 *
 *     deno task fuzz:nbd --seed 3-17     one stream, as a failure told it
 *     deno task fuzz:nbd --minutes 60    new streams, for an hour; one minute unless said
 */
// deno-lint-ignore-file no-console
import process from "node:process";
import { readWords } from "../words.ts";
import { tryStream } from "./stream_laws.ts";

const values = readWords({ seed: { type: "string" }, minutes: { type: "string", default: "1" } });

async function isRight(seed: string): Promise<boolean> {
  try {
    await tryStream(seed);
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

/** Tries new streams until the time is over or one of them fails. */
async function tryForMinutes(minutes: number): Promise<boolean> {
  const start = Math.floor(Date.now() / 1000);
  const endMs = Date.now() + minutes * 60_000;
  let count = 0;
  for (; Date.now() < endMs; count++) {
    if (!await isRight(`${start}-${count}`)) return false;
  }
  console.log(`${count} streams in ${minutes} minutes, nothing found`);
  return true;
}

const { seed, minutes } = values;
const isFine = await (seed === undefined ? tryForMinutes(Number(minutes)) : isRight(seed));
process.exit(isFine ? 0 : 1);
