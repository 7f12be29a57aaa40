/**
 * Measuring a contest: rounds by turns, so that a busy machine slows all runners alike, and medians,
 * so that a round that was interrupted does not count.
 *
 * @module
 */
import process from "node:process";
import type { Contest, Runner } from "./contest.ts";

/** What came out. */
export interface Result {
  /** Nanoseconds of one operation of the floor. */
  readonly floorNs: number;
  /** Nanoseconds of one operation of the last runner, which is cowdisk. */
  readonly oursNs: number;
  /** Our speed as a part of the floor's, in the median round. */
  readonly speed: number;
}

/** How many rounds. */
export interface Rounds {
  /** Rounds before the clock counts. */
  readonly warmup: number;
  /** Rounds that count. */
  readonly measured: number;
}

/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

function time(runner: Runner): number {
  runner.prepare?.();
  const startMs = performance.now();
  runner.run();
  return (performance.now() - startMs) * 1e6;
}

/** The runner that is cowdisk: the last one. */
export function oursOf({ runners }: Contest): Runner {
  const ours = runners.at(-1);
  if (ours === undefined) throw new TypeError("A contest has a runner beside its floor");
  return ours;
}

/** Measures the floor of a contest and cowdisk. */
export function measure(contest: Contest, rounds: Rounds): Result {
  const { operations, floor } = contest;
  const ours = oursOf(contest);
  const floorTimes: number[] = [];
  const ourTimes: number[] = [];
  for (let round = 0; round < rounds.warmup + rounds.measured; round++) {
    const [floorNs, oursNs] = [time(floor) / operations, time(ours) / operations];
    if (round < rounds.warmup) continue;
    floorTimes.push(floorNs);
    ourTimes.push(oursNs);
  }
  const speeds = floorTimes.map((floorNs, round) => floorNs / (ourTimes[round] ?? NaN));
  return { floorNs: median(floorTimes), oursNs: median(ourTimes), speed: median(speeds) };
}

/**
 * Nanoseconds that a processor works for a round, in the median round: for what has a deadline, which
 * a machine that is busy with other things should not miss.
 */
export function processorNs(runner: Runner, rounds: Rounds): number {
  const times: number[] = [];
  for (let round = 0; round < rounds.warmup + rounds.measured; round++) {
    runner.prepare?.();
    const before = process.cpuUsage();
    runner.run();
    const { user, system } = process.cpuUsage(before);
    if (round >= rounds.warmup) times.push((user + system) * 1000);
  }
  return median(times);
}

/**
 * Bytes that one operation of a runner leaves to the garbage collector: what the heap has grown by
 * after a round, in the median round, for in some it shrinks.
 */
export function garbageBytes(runner: Runner, { operations }: Contest, rounds: Rounds): number {
  const growths: number[] = [];
  for (let round = 0; round < rounds.warmup + rounds.measured; round++) {
    runner.prepare?.();
    const before = Deno.memoryUsage().heapUsed;
    runner.run();
    if (round >= rounds.warmup) growths.push((Deno.memoryUsage().heapUsed - before) / operations);
  }
  return median(growths);
}
