/**
 * Every sequence, shortest first, each once.
 *
 * Left out is only what would show nothing: a sequence begins with a snapshot, operations on what
 * does not exist are not asked for, and of sequences that differ only in which chunk is which one is
 * tried (the variants have their own order of chunks).
 */
import { ALPHABET, highestLabel, type Operation } from "./alphabet.ts";
import { Expectation, type ExpectedSnapshot } from "./expectation.ts";
import type { Trial } from "./trial.ts";
import type { Variant } from "./variants.ts";

/** What trying all sequences came to. */
export interface Exploration {
  readonly sequenceCount: number;
  readonly stateCount: number;
}

/** Sequences of exactly one length. */
export function* sequencesOf(variant: Variant, length: number): Generator<readonly Operation[]> {
  yield* extensionsOf([], new Expectation(variant), -1, length);
}

function* extensionsOf(
  sequence: Operation[],
  expected: Expectation,
  label: number,
  length: number,
): Generator<readonly Operation[]> {
  if (sequence.length === length) {
    yield sequence;
    return;
  }
  for (const operation of ALPHABET) {
    if (sequence.length === 0 && operation.kind !== "take") continue;
    const highest = highestLabel(operation);
    if (highest > label + 1 && !isWhole(operation)) continue;
    if (!expected.allows(operation)) continue;
    const next = expected.clone();
    next.apply(operation);
    sequence.push(operation);
    yield* extensionsOf(sequence, next, Math.max(label, highest), length);
    sequence.pop();
  }
}

function isWhole(operation: Operation): boolean {
  return "place" in operation && operation.place === "*";
}

/**
 * Tries every sequence up to a length.
 *
 * @param trial What tries them.
 * @param lengthMax The length.
 * @throws {Error} At the first one that goes wrong; no shorter one does.
 */
export function explore(trial: Trial, lengthMax: number): Exploration {
  const states = new Set<string>();
  let sequenceCount = 0;
  for (let length = 1; length <= lengthMax; length++) {
    for (const sequence of sequencesOf(trial.variant, length)) {
      states.add(stateOf(trial.try(sequence)));
      sequenceCount++;
    }
  }
  return { sequenceCount, stateCount: states.size };
}

/** What tells states apart: exceptions and their order, marks, and which sectors differ. */
function stateOf({ origin, slots }: Expectation): string {
  const wordsOf = (snapshot: ExpectedSnapshot | null) => {
    if (snapshot === null) return "-";
    const { excepted, settledCount, isInvalid, hasOverflowed, isMerging, view } = snapshot;
    const marks = [isInvalid, hasOverflowed, isMerging].map(Number).join("");
    const differing = view.map((write, sector) => write === origin[sector] ? "=" : "x").join("");
    return `${excepted}/${settledCount}/${marks}/${differing}`;
  };
  return slots.map(wordsOf).join(" ");
}
