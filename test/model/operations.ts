/**
 * Operations by seed: a list of intentions that can be performed on any state of the world, so that
 * the list stays meaningful when some of it is taken out.
 *
 * An operation says what is to be done and carries a few numbers; on which view and where follows from
 * the numbers and the state it meets. Each seed has its own weights, with some operations off
 * entirely (*swarm testing*): a run without flushes finds what a run with everything never does.
 */
import { Prng } from "../../src/testing/prng.ts";

/** How likely each operation is, when it is on. */
const WEIGHTS = {
  write: 30,
  zero: 6,
  read: 12,
  discard: 6,
  flush: 4,
  snapshot: 6,
  remove: 2,
  reopen: 3,
  merge: 2,
  handover: 2,
  grow: 3,
  verify: 2,
};

/** What an operation does. */
export type OperationKind = keyof typeof WEIGHTS;

/** Without these a run shows nothing. */
const ALWAYS_ON = new Set<string>(["write", "snapshot"]);

/** An intention. */
export interface Operation {
  /** Its place in the original list; also the number of the write it makes. */
  readonly number: number;
  readonly kind: OperationKind;
  /** What its details follow from. */
  readonly draws: readonly number[];
  /** Whether it runs side by side with the one before it, if it can. */
  readonly joins: boolean;
}

/** The list that follows from a seed. */
export function drawOperations(seed: string, count: number): Operation[] {
  const prng = Prng.fromSeed(`${seed}/operations`);
  const weights: Record<string, number> = { ...WEIGHTS };
  for (const kind of Object.keys(weights)) {
    if (!ALWAYS_ON.has(kind) && prng.bool(0.3)) weights[kind] = 0;
  }
  const joining = prng.pick([0, 0.5, 0.8]);
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    kind: prng.weighted(weights) as OperationKind,
    draws: Array.from({ length: 8 }, () => prng.uint32()),
    joins: prng.bool(joining),
  }));
}
