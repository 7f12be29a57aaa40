/**
 * Contests: one thing done in several ways, by turns, for a bounded time.
 *
 *     calibrate each runner ──▶ rounds: every runner once, in order ──▶ medians
 *
 * By turns, because a machine that is busy for a while then slows all of them alike, and ratios hold. A
 * round is as long as the clock needs: a page that is not isolated tells time in steps of 100 µs, some
 * browsers of 1 ms, and a round is many of them.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** One way to do it. */
export interface Runner {
  readonly name: string;
  /** Does it so many times. */
  run(count: number): void;
}

/** How long it may take. */
export interface Effort {
  /** A round of one runner, at least. */
  readonly roundMs: number;
  readonly rounds: number;
}

/** What tells the time, in milliseconds. */
export type Now = () => number;

const COUNT_MAX = 2 ** 24;
const CALIBRATION_RUNS = 3;

/** The middle one; of an even number the upper of the two. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;
}

function timeOf(runner: Runner, count: number, now: Now): number {
  const startMs = now();
  runner.run(count);
  return now() - startMs;
}

/**
 * How often a runner does it in the time of a round. The shortest of some runs counts: a machine that
 * does something else for a while makes them longer, and a round of too few would be nothing to the
 * clock.
 */
export function calibrate(runner: Runner, roundMs: number, now: Now): number {
  for (let count = 1; count < COUNT_MAX; count *= 2) {
    let isLong = true;
    for (let run = 0; isLong && run < CALIBRATION_RUNS; run++) {
      isLong = timeOf(runner, count, now) >= roundMs;
    }
    if (isLong) return count;
  }
  return COUNT_MAX;
}

/**
 * Holds a contest.
 *
 * @param runners Who takes part.
 * @param effort How long it may take.
 * @param now What tells the time.
 * @returns For each runner the median of its rounds, in nanoseconds for doing it once.
 */
export function hold(runners: readonly Runner[], { roundMs, rounds }: Effort, now: Now): number[] {
  const counts = runners.map((runner) => calibrate(runner, roundMs, now));
  const times = runners.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    runners.forEach((runner, at) => {
      times[at]!.push(timeOf(runner, counts[at]!, now) * 1e6 / counts[at]!);
    });
  }
  return times.map(median);
}
