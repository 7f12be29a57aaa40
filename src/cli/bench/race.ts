/**
 * A race: the same operations on a bare device and on one of ours, in rounds by turns, so that a machine
 * that is busy slows both; and medians, so that a round that was disturbed does not count.
 *
 * @module
 */

import type { Clock } from "../../block/clock.ts";

/** Who does the operations. */
export interface Racer {
  /** Before each round, off the clock. */
  prepare?(): void;
  /**
   * Does operations.
   *
   * @param count How many.
   */
  run(count: number): Promise<void>;
}

/** What is raced, and for how long. */
export interface Race {
  /** The bare device. */
  readonly bare: Racer;
  /** Ours. */
  readonly ours: Racer;
  /** The most operations that a round can have. */
  readonly operationsMax: number;
  /** How long it may take; each does two rounds even so. */
  readonly timeMs: number;
}

/** What came out, in the median round. */
export interface RaceResult {
  /** Milliseconds of one operation of the bare device. */
  readonly bareMs: number;
  /** Milliseconds of one of ours. */
  readonly oursMs: number;
  /** Our speed as a part of the bare device's. */
  readonly ratio: number;
}

/** A round takes about so long. */
const ROUND_MS = 10;
/** So many operations for one look at the clock. */
const BATCH_OPERATIONS = 16;
const ROUNDS_MIN = 2;

/** The middle of some numbers; the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(half)] ?? NaN) + (sorted[Math.ceil(half)] ?? NaN)) / 2;
}

/** Milliseconds of an operation, in one round. */
async function round(clock: Clock, racer: Racer, operationsMax: number): Promise<number> {
  racer.prepare?.();
  const startMs = clock.nowMs();
  let done = 0;
  let timeMs = 0;
  while (done < operationsMax && timeMs < ROUND_MS) {
    const count = Math.min(BATCH_OPERATIONS, operationsMax - done);
    await racer.run(count);
    done += count;
    timeMs = clock.nowMs() - startMs;
  }
  return timeMs / done;
}

/**
 * Runs a race.
 *
 * @param clock Time.
 * @param race What is raced.
 * @param onRound Called after each pair of rounds.
 * @returns What came out of the later half of the rounds: in the first half the engine compiles what it
 * sees run often.
 */
export async function runRace(
  clock: Clock,
  { bare, ours, operationsMax, timeMs }: Race,
  onRound: () => Promise<void> = () => Promise.resolve(),
): Promise<RaceResult> {
  const startMs = clock.nowMs();
  const bareTimes: number[] = [];
  const ourTimes: number[] = [];
  while (bareTimes.length < ROUNDS_MIN || clock.nowMs() - startMs < timeMs) {
    bareTimes.push(await round(clock, bare, operationsMax));
    ourTimes.push(await round(clock, ours, operationsMax));
    await onRound();
  }
  const ratios = bareTimes.map((bareMs, index) => bareMs / (ourTimes[index] ?? NaN));
  const [bareMs, oursMs, ratio] = [bareTimes, ourTimes, ratios].map((each) =>
    median(each.slice(each.length / 2))
  );
  return { bareMs: bareMs!, oursMs: oursMs!, ratio: ratio! };
}
