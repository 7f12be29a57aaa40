/**
 * `deno task fuzz:nbd`: streams of NBD clients, and stacks that change while clients write, by seed, for as
 * long as you like.
 *
 *     deno task fuzz:nbd --seed 3-17     one stream, as a failure told it
 *     deno task fuzz:nbd --live 17       one changing stack, as a failure told it
 *     deno task fuzz:nbd --minutes 60    new ones of both, for an hour; one minute unless said
 */
// deno-lint-ignore-file no-console
import process from "node:process";
import { readWords } from "../words.ts";
import { tryLiveStack } from "./live_laws.ts";
import { tryStream } from "./stream_laws.ts";

const values = readWords({
  seed: { type: "string" },
  live: { type: "string" },
  minutes: { type: "string", default: "1" },
});

/** One changing stack takes as long as so many streams. */
const STREAMS_PER_STACK = 20;

async function isRight(laws: (seed: string) => Promise<void>, seed: string): Promise<boolean> {
  try {
    await laws(seed);
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

/** Tries new ones until the time is over or one of them fails. */
async function tryForMinutes(minutes: number): Promise<boolean> {
  const start = Math.floor(Date.now() / 1000);
  const endMs = Date.now() + minutes * 60_000;
  let count = 0;
  for (; Date.now() < endMs; count++) {
    const laws = count % STREAMS_PER_STACK === 0 ? tryLiveStack : tryStream;
    if (!await isRight(laws, `${start}-${count}`)) return false;
  }
  const stackCount = Math.ceil(count / STREAMS_PER_STACK);
  const streamCount = count - stackCount;
  console.log(
    `${streamCount} streams and ${stackCount} stacks in ${minutes} minutes, nothing found`,
  );
  return true;
}

const { seed, live, minutes } = values;
const isFine = live !== undefined
  ? await isRight(tryLiveStack, live)
  : seed !== undefined
  ? await isRight(tryStream, seed)
  : await tryForMinutes(Number(minutes));
process.exit(isFine ? 0 : 1);
