/**
 * The swarm: workloads by seed, each with its own weights and with some operations off entirely.
 *
 * A seed gives a machine and a list of operations for a few actors. One of them takes, hands over,
 * merges and removes snapshots, the others read and write. An operation's details follow from its own
 * numbers and what it meets, so any part of the list is a list, and a failure can be shrunk.
 */
import type { Plan } from "../../src/block/plan.ts";
import { Prng } from "../../src/testing/prng.ts";
import { BrokenPromise, type ExplorationOptions, explore, type Workload } from "./exploration.ts";
import type { Machine, Setting } from "./machine.ts";
import { discard, flush, handOver, merge, read, remove, takeSnapshot, write } from "./requests.ts";
import { sideBySide, stretch } from "./workloads/actors.ts";

const WEIGHTS = {
  write: 30,
  fua: 6,
  zero: 4,
  read: 8,
  flush: 6,
  discard: 3,
  take: 8,
  handover: 2,
  merge: 3,
  remove: 1,
};

type Kind = keyof typeof WEIGHTS;

/** What one actor does, after another; the others are done by anybody. */
const LIVES = new Set<Kind>(["take", "handover", "merge", "remove"]);
const ALWAYS_ON = new Set<Kind>(["write", "take"]);
const ACTS = 3;
const SHRINK_RUNS_MAX = 200;

/** An intention. */
interface Operation {
  readonly number: number;
  readonly act: number;
  readonly actor: number;
  readonly kind: Kind;
  /** What its details follow from. */
  readonly seed: number;
}

function drawOperations(seed: string): Operation[] {
  const prng = Prng.fromSeed(`${seed}/operations`);
  const weights: Record<Kind, number> = { ...WEIGHTS };
  for (const kind of Object.keys(weights) as Kind[]) {
    if (!ALWAYS_ON.has(kind) && prng.bool(0.3)) weights[kind] = 0;
  }
  const actorCount = prng.intBetween(1, 6);
  const count = prng.intBetween(6, 20) * ACTS;
  return Array.from({ length: count }, (_, number) => {
    const act = Math.floor(number / count * ACTS);
    // The first thing to do is to take a snapshot.
    const kind = number === 0 ? "take" : prng.weighted(weights);
    const actor = LIVES.has(kind) ? 0 : prng.intBetween(1, actorCount);
    return { number, act, actor, kind, seed: prng.uint32() };
  });
}

function drawSetting(prng: Prng): Setting {
  const isSmall = prng.bool(0.2);
  return {
    originSectors: prng.intBetween(8, prng.pick([16, 40, 80])),
    snapshots: Array.from({ length: prng.intBetween(1, 3) }, () => ({
      chunkSectors: prng.pick([1, 1, 2, 4, 8]),
      store: prng.pick(["P", "PO"] as const),
      durability: prng.pick(["each", "flush"] as const),
      hasDiscards: prng.bool(),
      copyOnRead: prng.bool(0.25),
      pendingChunksMax: prng.pick([1, 3, 2048]),
      ...isSmall ? { roomChunks: prng.intBetween(1, 6) } : {},
    })),
  };
}

/**
 * The workload of a seed.
 *
 * @param kept The operations that are left; `null` for all.
 */
export function swarm(seed: string, kept: readonly number[] | null = null): Workload {
  const all = drawOperations(seed);
  const operations = all.filter(({ number }) => kept?.includes(number) ?? true);
  let act = 0;
  return {
    name: "swarm",
    law: "every view keeps its promises",
    setting: drawSetting,
    *act(machine) {
      const own = operations.filter((operation) => operation.act === act);
      act++;
      const actors = new Set(own.map(({ actor }) => actor));
      yield* sideBySide(
        ...[...actors].map((actor) =>
          perform(machine, own.filter((operation) => operation.actor === actor))
        ),
      );
    },
  };
}

function* perform(machine: Machine, operations: readonly Operation[]): Plan {
  for (const { kind, seed } of operations) yield* planOf(machine, kind, Prng.fromSeed(seed));
}

function* planOf(machine: Machine, kind: Kind, prng: Prng): Plan {
  const view = prng.pick(machine.usableViews);
  const snapshot = prng.pick(machine.snapshots);
  const [sector, sectorCount] = stretch(machine, prng, prng.pick([2, 8, 40]));
  switch (kind) {
    case "take":
      return yield* takeSnapshot(machine, snapshot);
    case "handover":
      return yield* handOver(machine, snapshot);
    case "merge":
      return yield* merge(machine, snapshot);
    case "remove":
      return yield* remove(snapshot);
    case "read":
      return yield* read(machine, view, sector, sectorCount);
    case "flush":
      return yield* flush(machine, view);
    case "discard":
      if (view.setting?.hasDiscards) yield* discard(machine, view, sector, sectorCount);
      return;
    default:
      yield* write(machine, view, sector, sectorCount, {
        fua: kind === "fua",
        isZero: kind === "zero",
      });
  }
}

/** Takes operations out of a swarm that fails, as long as it does. */
export function shrink(options: ExplorationOptions, failure: BrokenPromise) {
  const all = drawOperations(options.seed);
  let left = all.map(({ number }) => number);
  let runs = 0;
  for (let size = Math.floor(left.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < left.length && runs < SHRINK_RUNS_MAX; runs++) {
      const fewer = [...left.slice(0, at), ...left.slice(at + size)];
      const other = failureOf(swarm(options.seed, fewer), options);
      if (other === null) at += size;
      else [left, failure] = [fewer, other];
    }
  }
  const words = all.filter(({ number }) => left.includes(number))
    .map(({ number, act, actor, kind }) => `  ${number}: act ${act}, actor ${actor}: ${kind}`);
  return { failure, kept: left, words };
}

function failureOf(workload: Workload, options: ExplorationOptions): BrokenPromise | null {
  try {
    explore(workload, options);
    return null;
  } catch (error) {
    if (error instanceof BrokenPromise) return error;
    throw error;
  }
}
