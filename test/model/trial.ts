/**
 * A trial: one seed, from the drawing of its operations to the verdict.
 *
 * When something is wrong the list of operations is shrunk: parts are taken out as long as what is
 * left still goes wrong. Details of an operation follow from its own numbers and the state it meets,
 * so any part of the list is a list.
 */
import { runSync } from "../../src/block/plan.ts";
import { type Ending, runSeeded } from "../../src/testing/seeded_runner.ts";
import { grow, prepareMerge, prepareRemoval, prepareSnapshot, reopen } from "./lifecycle.ts";
import { drawOperations, type Operation } from "./operations.ts";
import { type Prepared, prepareRequest } from "./requests.ts";
import { drawManner, type OpenFace, World } from "./world.ts";

const VERIFY_EVERY = 10;
const BATCH_MAX = 6;
const SHRINK_RUNS_MAX = 300;

/** What is tried. */
export interface TrialOptions {
  readonly seed: string;
  /** How many operations: 60 unless said. */
  readonly operationCount?: number;
  /** Makes faces that are broken on purpose. */
  readonly openFace?: OpenFace;
  /** Only the synchronous runner. */
  readonly isSync?: boolean;
}

/** What went wrong in one run, and what had been done until then. */
class Failure {
  constructor(readonly error: Error, readonly history: readonly string[]) {}
}

/**
 * Tries a seed.
 *
 * @throws {Error} When a view reads wrong, or something else does not hold; the message replays it.
 */
export function tryModel(options: TrialOptions): void {
  const operations = drawOperations(options.seed, options.operationCount ?? 60);
  const first = run(options, operations);
  if (first === null) return;
  const { failure, operations: left } = shrink(options, operations, first);
  throw new Error(
    `${failure.error.message}\n\nafter ${left.length} operations:\n${
      failure.history.join("\n")
    }\n\n` +
      `seed ${options.seed}; replay: deno task fuzz --seed ${options.seed}`,
    { cause: failure.error },
  );
}

function shrink(options: TrialOptions, operations: readonly Operation[], failure: Failure) {
  let left = operations;
  let runs = 0;
  for (let size = Math.floor(left.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < left.length && runs < SHRINK_RUNS_MAX;) {
      const fewer = [...left.slice(0, at), ...left.slice(at + size)];
      const other = run(options, fewer);
      runs++;
      if (other === null) at += size;
      else [left, failure] = [fewer, other];
    }
  }
  return { failure, operations: left };
}

function run(options: TrialOptions, operations: readonly Operation[]): Failure | null {
  const { seed, isSync, openFace } = options;
  const manner = drawManner(seed);
  if (isSync) Object.assign(manner, { isInterleaved: false });
  const world = new World(seed, manner, openFace);
  try {
    performAll(world, operations);
    world.verify();
    world.history.push("close everything");
    world.close();
    return null;
  } catch (error) {
    world.abandon();
    const { originKind, originSectors, isInterleaved } = manner;
    const head = `${originKind} disk of ${originSectors} sectors, ` +
      `${isInterleaved ? "interleaved" : "synchronous"}`;
    return new Failure(error as Error, [head, ...world.history]);
  }
}

function performAll(world: World, operations: readonly Operation[]): void {
  for (let index = 0; index < operations.length;) {
    const leader = operations[index] as Operation;
    if (leader.number % VERIFY_EVERY === 0) world.verify();
    index++;
    const batch = startBatch(world, leader);
    if (batch === null) continue;
    while (world.manner.isInterleaved && index < operations.length && batch.length < BATCH_MAX) {
      const follower = operations[index] as Operation;
      const prepared = follower.joins ? prepareFollower(world, follower, batch) : null;
      if (prepared === null) break;
      batch.push(prepared);
      index++;
    }
    performBatch(world, batch, leader.number);
    world.review();
  }
}

/** Makes the first operation of a batch ready, or performs it where nothing may run beside it. */
function startBatch(world: World, operation: Operation): Prepared[] | null {
  let prepared: Prepared | null = null;
  switch (operation.kind) {
    case "verify":
      world.verify();
      break;
    case "reopen":
    case "grow": {
      const text = operation.kind === "grow" ? grow(world, operation) : reopen(world, operation);
      if (text !== null) world.history.push(`${operation.number}: ${text}`);
      break;
    }
    case "merge":
    case "handover":
      prepared = prepareMerge(world, operation);
      break;
    default:
      prepared = prepareAny(world, operation);
  }
  return prepared === null ? null : [prepared];
}

function prepareAny(world: World, operation: Operation): Prepared | null {
  if (operation.kind === "snapshot") return prepareSnapshot(world, operation);
  if (operation.kind === "remove") return prepareRemoval(world, operation);
  return prepareRequest(world, operation);
}

const ALONE = new Set(["verify", "reopen", "grow", "merge", "handover"]);

function prepareFollower(world: World, operation: Operation, batch: Prepared[]): Prepared | null {
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
  const prepared = prepareAny(world, operation);
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

function performBatch(world: World, batch: readonly Prepared[], number: number): void {
  const texts = batch.map(({ text }) => text).join("\n   beside ");
  world.history.push(`${number}: ${texts}`);
  const plans = batch.map(({ plan }) => plan);
  const endings = world.manner.isInterleaved
    ? runSeeded(plans, { seed: `${world.seed}/${number}` }).endings
    : plans.map((plan): Ending => {
      try {
        return { state: "finished", result: runSync(plan) };
      } catch (error) {
        return { state: "failed", error };
      }
    });
  for (const round of [0, 1, 2]) {
    for (const [index, prepared] of batch.entries()) {
      if (prepared.round !== round) continue;
      const ending = endings[index] as Ending;
      prepared.settle(ending.state === "failed" ? ending.error : null);
    }
  }
}
