/**
 * `deno task crash`: crash states by seed, for as long as you like.
 *
 *     deno task crash --states 1000000             that many, from new seeds
 *     deno task crash --minutes 60 --seed night    for an hour, the seeds beginning with a word
 *     deno task crash --replay merging:17/1.43.0   one crash state, as a failure told it
 *     deno task crash --replay swarm:17            everything of one seed
 *     deno task crash --defects                    after how many states each defect is caught
 */
// deno-lint-ignore-file no-console
import process from "node:process";
import { statesUntilCaught } from "./catching.ts";
import { DEFECTS } from "./defects.ts";
import { replay, tryWorkload } from "./replay.ts";
import { swarm } from "./swarm.ts";
import { WORKLOADS } from "./workloads/all.ts";
import { readWords } from "../words.ts";

const values = readWords({
  defects: { type: "boolean" },
  replay: { type: "string" },
  seed: { type: "string" },
  states: { type: "string" },
  minutes: { type: "string" },
});

/** A number above 0 from the command line. */
function amountOf(text: string | undefined, what: string): number {
  if (text === undefined) return Infinity;
  const amount = Number(text);
  if (amount > 0) return amount;
  console.error(`Cannot run for "${text}" ${what}: want a number above 0`);
  process.exit(2);
}

/** Tries all workloads and as many swarms, seed after seed. */
function tryFor(states: number, minutes: number, word: string): void {
  const startMs = Date.now();
  const endMs = startMs + minutes * 60_000;
  let stateCount = 0;
  let toldAtMs = startMs;
  for (let round = 0;; round++) {
    const seed = `${word}-${round}`;
    const swarms = WORKLOADS.map((_, index) => swarm(`${seed}-${index}`));
    for (const [index, workload] of [...WORKLOADS, ...swarms].entries()) {
      const own = index < WORKLOADS.length ? seed : `${seed}-${index - WORKLOADS.length}`;
      stateCount += tryWorkload(workload, { seed: own, cutsPerStep: 2 });
      const now = Date.now();
      if (stateCount >= states || now >= endMs) {
        const seconds = Math.round((now - startMs) / 1000);
        console.log(`crash states: ${stateCount.toLocaleString("en")} in ${seconds} s`);
        return;
      }
      if (now - toldAtMs < 60_000) continue;
      console.log(`${stateCount.toLocaleString("en")} crash states, round ${round}`);
      toldAtMs = now;
    }
  }
}

/** Tells after how many crash states each defect is caught. */
function tellDefects(): void {
  for (const defect of DEFECTS) {
    for (const name of defect.workloads) {
      const caught = statesUntilCaught(defect, name, 100_000);
      const after = caught === null ? "never" : `${caught.stateCount}`;
      console.log(`${after.padStart(6)}  ${name.padEnd(12)}  ${defect.name}`);
    }
  }
}

const states = amountOf(values.states, "states");
const isEndless = values.states === undefined && values.minutes === undefined;
const minutes = isEndless ? 1 : amountOf(values.minutes, "minutes");
try {
  if (values.defects) tellDefects();
  else if (values.replay === undefined) tryFor(states, minutes, values.seed ?? `${Date.now()}`);
  else console.log(`${replay(values.replay)} crash states, and every promise was kept`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
