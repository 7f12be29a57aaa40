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

/** The middle one; of an even number the upper of the two. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;
}

/** How often a runner does it in the time of a round. */
export function calibrate(runner: Runner, roundMs: number, now: Now): number {
  for (let count = 1;; count *= 2) {
    const startMs = now();
    runner.run(count);
    if (now() - startMs >= roundMs || count >= COUNT_MAX) return count;
  }
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
      const startMs = now();
      runner.run(counts[at]!);
      times[at]!.push((now() - startMs) * 1e6 / counts[at]!);
    });
  }
  return times.map(median);
}
