/**
 * From a failure to the command that replays it, and back.
 *
 * A crash state is named by its workload, seed and place: `merging:17/1.43.0` is act 1, step 43, cut 0.
 * Of a swarm the operations that are left after shrinking are named too: `swarm:17/0.9.0/2,5,6`.
 */
import {
  BrokenPromise,
  type CrashPlace,
  type ExplorationOptions,
  explore,
  type Workload,
} from "./exploration.ts";
import { shrink, swarm } from "./swarm.ts";
import { WORKLOADS } from "./workloads/all.ts";

const SWARM = "swarm";

/** What a name says. */
interface Named {
  readonly workload: Workload;
  readonly seed: string;
  readonly only: CrashPlace | null;
}

/** The workload of a name, by seed. */
function workloadOf(name: string, seed: string, kept: readonly number[] | null): Workload {
  if (name === SWARM) return swarm(seed, kept);
  const workload = WORKLOADS.find((each) => each.name === name);
  if (workload !== undefined) return workload;
  const names = [SWARM, ...WORKLOADS.map((each) => each.name)].join(", ");
  throw new Error(`Cannot find a workload "${name}": want one of ${names}`);
}

function placeOf(text: string): CrashPlace {
  const [act, step, cut = ""] = text.split(".");
  const isWord = cut === "next" || cut === "run";
  return { act: Number(act), step: Number(step), cut: isWord ? cut : Number(cut) };
}

/** What a name means; the place is left out for all of a seed. */
function parse(text: string): Named {
  const [, name = "", seed = "", place, kept] =
    /^([a-z-]+):([^/]+)(?:\/([^/]+))?(?:\/([\d,]*))?$/.exec(text) ?? [];
  if (name === "") {
    throw new Error(`Cannot replay "${text}": want workload:seed or workload:seed/act.step.cut`);
  }
  const keptNumbers = kept === undefined ? null : kept.split(",").map(Number);
  const only = place === undefined ? null : placeOf(place);
  return { workload: workloadOf(name, seed, keptNumbers), seed, only };
}

/**
 * Tries what a name means.
 *
 * @returns How many crash states were tried.
 * @throws {Error} When a promise is broken.
 */
export function replay(text: string): number {
  const { workload, seed, only } = parse(text);
  if (only === null) return tryWorkload(workload, { seed, cutsPerStep: 2 });
  return explore(workload, { seed, only });
}

/**
 * Explores a workload; what is told of a failure replays it, and a swarm is shrunk first.
 *
 * @returns How many crash states were tried.
 */
export function tryWorkload(workload: Workload, options: ExplorationOptions): number {
  try {
    return explore(workload, options);
  } catch (error) {
    if (!(error instanceof BrokenPromise)) throw error;
    const { failure, kept, words } = workload.name === SWARM
      ? shrink(options, error)
      : { failure: error, kept: null, words: [] };
    const { act, step, cut } = failure.place;
    const suffix = kept === null ? "" : `/${kept.join(",")}`;
    const place = `${workload.name}:${options.seed}/${act}.${step}.${cut}${suffix}`;
    throw new Error(
      [failure.message, ...words, `replay: deno task crash --replay ${place}`].join("\n"),
      { cause: failure },
    );
  }
}
