/**
 * A trial: one seed, from the drawing of its operations to the verdict.
 *
 * When something is wrong the list of operations is shrunk: parts are taken out as long as what is
 * left still goes wrong. Details of an operation follow from its own numbers and the state it meets,
 * so any part of the list is a list.
 */
import { allStep, type Plan, runSync } from "../../src/block/plan.ts";
import { type Ending, runSeeded } from "../../src/testing/seeded_runner.ts";
import { grow, prepareMerge, prepareRemoval, prepareSnapshot, reopen } from "./lifecycle.ts";
import { drawOperations, type Operation } from "./operations.ts";
import { type Prepared, prepareRequest } from "./requests.ts";
import { drawManner, World, type WorldParts } from "./world.ts";

const VERIFY_EVERY = 10;
const BATCH_MAX = 6;
const SHRINK_RUNS_MAX = 300;

/** What is tried. Disks other than those in memory need the asynchronous runner. */
export interface TrialOptions extends WorldParts {
  readonly seed: string;
  /** How many operations: 60 unless said. */
  readonly operationCount?: number;
  /** Only the synchronous runner. */
  readonly isSync?: boolean;
}

/** What went wrong in one run, and what had been done until then. */
class Failure {
  constructor(readonly error: Error, readonly history: readonly string[]) {}
}

/**
 * Tries a seed, at once.
 *
 * @throws {Error} When a view reads wrong, or something else does not hold; the message replays it.
 */
export function tryModel(options: TrialOptions): void {
  runSync(planTrial(options));
}

/** The plan of {@linkcode tryModel}. */
export function* planTrial(options: TrialOptions): Plan {
  const operations = drawOperations(options.seed, options.operationCount ?? 60);
  const first = yield* run(options, operations);
  if (first === null) return;
  const { failure, operations: left } = yield* shrink(options, operations, first);
  throw new Error(
    `${failure.error.message}\n\nafter ${left.length} operations:\n${
      failure.history.join("\n")
    }\n\n` +
      `seed ${options.seed}; replay: deno task fuzz --seed ${options.seed}`,
    { cause: failure.error },
  );
}

function* shrink(
  options: TrialOptions,
  operations: readonly Operation[],
  failure: Failure,
): Plan<{ failure: Failure; operations: readonly Operation[] }> {
  let left = operations;
  // Side by side by promises, no second run is as the first.
  if (options.createDisk !== undefined) return { failure, operations };
  let runs = 0;
  for (let size = Math.floor(left.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < left.length && runs < SHRINK_RUNS_MAX;) {
      const fewer = [...left.slice(0, at), ...left.slice(at + size)];
      const other: Failure | null = yield* run(options, fewer);
      runs++;
      if (other === null) at += size;
      else [left, failure] = [fewer, other];
    }
  }
  return { failure, operations: left };
}

function* run(options: TrialOptions, operations: readonly Operation[]): Plan<Failure | null> {
  const { seed, isSync } = options;
  const manner = drawManner(seed);
  if (isSync) Object.assign(manner, { isInterleaved: false });
  const world = new World(seed, manner, options);
  try {
    yield* world.begin();
    yield* performAll(world, operations, options.createDisk === undefined ? besideBySeed : beside);
    yield* world.verify();
    world.history.push("close everything");
    yield* world.close();
    return null;
  } catch (error) {
    world.abandon();
    const { originKind, originSectors, isInterleaved } = manner;
    const head = `${originKind} disk of ${originSectors} sectors, ` +
      `${isInterleaved ? "interleaved" : "synchronous"}`;
    return new Failure(error as Error, [head, ...world.history]);
  }
}

function* performAll(
  world: World,
  operations: readonly Operation[],
  runBeside: RunBeside,
): Plan {
  for (let index = 0; index < operations.length;) {
    const leader = operations[index] as Operation;
    if (leader.number % VERIFY_EVERY === 0) yield* world.verify();
    index++;
    const batch = yield* startBatch(world, leader);
    if (batch === null) continue;
    while (world.manner.isInterleaved && index < operations.length && batch.length < BATCH_MAX) {
      const follower = operations[index] as Operation;
      const prepared: Prepared | null = follower.joins
        ? yield* prepareFollower(world, follower, batch)
        : null;
      if (prepared === null) break;
      batch.push(prepared);
      index++;
    }
    yield* performBatch(world, batch, leader.number, runBeside);
    yield* world.review();
  }
}

/** Makes the first operation of a batch ready, or performs it where nothing may run beside it. */
function* startBatch(world: World, operation: Operation): Plan<Prepared[] | null> {
  let prepared: Prepared | null = null;
  switch (operation.kind) {
    case "verify":
      yield* world.verify();
      break;
    case "reopen":
    case "grow": {
      const text = operation.kind === "grow"
        ? grow(world, operation)
        : yield* reopen(world, operation);
      if (text !== null) world.history.push(`${operation.number}: ${text}`);
      break;
    }
    case "merge":
    case "handover":
      prepared = yield* prepareMerge(world, operation);
      break;
    default:
      prepared = yield* prepareAny(world, operation);
  }
  return prepared === null ? null : [prepared];
}

function* prepareAny(world: World, operation: Operation): Plan<Prepared | null> {
  if (operation.kind === "snapshot") return yield* prepareSnapshot(world, operation);
  if (operation.kind === "remove") return prepareRemoval(world, operation);
  return prepareRequest(world, operation);
}

const ALONE = new Set(["verify", "reopen", "grow", "merge", "handover"]);

function* prepareFollower(
  world: World,
  operation: Operation,
  batch: readonly Prepared[],
): Plan<Prepared | null> {
  if (ALONE.has(operation.kind)) return null;
  const kinds = new Set(batch.map(({ kind }) => kind));
  const isMerging = kinds.has("merge") || kinds.has("handover");
  // One life at a time. Neither a merge nor a discard, which goes around the origin, tells what a
  // snapshot holds that is taken meanwhile.
  switch (operation.kind) {
    case "snapshot":
    case "remove":
      if (isMerging || kinds.has("discard") || kinds.has("snapshot") || kinds.has("remove")) {
        return null;
      }
      break;
    case "discard":
      if (isMerging || kinds.has("snapshot")) return null;
  }
  const prepared = yield* prepareAny(world, operation);
  return prepared === null || batch.some((other) => doMeet(prepared, other)) ? null : prepared;
}

function doMeet(one: Prepared, other: Prepared): boolean {
  const isEnd = one.kind === "remove" || other.kind === "remove";
  return one.touches.some((a) =>
    other.touches.some((b) =>
      a.view === b.view &&
      (isEnd || (a.sector < b.sector + b.sectorCount && b.sector < a.sector + a.sectorCount))
    )
  );
}

/** Runs plans side by side, and tells how each ended. */
type RunBeside = (plans: Plan<unknown>[], seed: string) => Plan<readonly Ending[]>;

/** In an order that follows from the seed, by synchronous steps. */
// deno-lint-ignore require-yield
function* besideBySeed(plans: Plan<unknown>[], seed: string): Plan<readonly Ending[]> {
  return runSeeded(plans, { seed }).endings;
}

/** In the order in which the devices answer. */
function* beside(plans: Plan<unknown>[]): Plan<readonly Ending[]> {
  const endings: Ending[] = [];
  yield allStep(plans.map(function* (plan, at) {
    endings[at] = yield* endingOf(plan);
  }));
  return endings;
}

function* endingOf(plan: Plan<unknown>): Plan<Ending> {
  try {
    return { state: "finished", result: yield* plan };
  } catch (error) {
    return { state: "failed", error };
  }
}

function* performBatch(
  world: World,
  batch: readonly Prepared[],
  number: number,
  runBeside: RunBeside,
): Plan {
  const texts = batch.map(({ text }) => text).join("\n   beside ");
  world.history.push(`${number}: ${texts}`);
  const plans = batch.map(({ plan }) => plan);
  let endings: readonly Ending[] = [];
  if (world.manner.isInterleaved) {
    endings = yield* runBeside(plans, `${world.seed}/${number}`);
  } else {
    for (const plan of plans) endings = [...endings, yield* endingOf(plan)];
  }
  for (const round of [0, 1, 2]) {
    for (const [index, prepared] of batch.entries()) {
      if (prepared.round !== round) continue;
      const ending = endings[index] as Ending;
      yield* prepared.settle(ending.state === "failed" ? ending.error : null);
    }
  }
}
