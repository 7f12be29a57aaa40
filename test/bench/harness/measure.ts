/**
 * Measuring a contest: rounds by turns, so that a busy machine slows all runners alike, and medians
 * of each round's ratio, so that a round that was interrupted does not count.
 *
 * @module
 */
import process from "node:process";
import type { Contest, Runner } from "./contest.ts";

/** Some numbers: the middle one, and those that nine of ten are above and below. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** A runner of a contest, measured. */
export interface Lane {
  readonly name: string;
  /** What one operation costs: nanoseconds, unless the row says another unit. */
  readonly cost: Spread;
  /** How many times as fast as the floor it was, round by round. */
  readonly speed: Spread | null;
}

/** How long a contest is measured: until there are enough rounds and they took long enough. */
export interface Rounds {
  /** Milliseconds before the clock counts. */
  readonly warmupMs: number;
  /** Milliseconds that count. */
  readonly measuredMs: number;
  /** Rounds that count, at least. */
  readonly least: number;
  /** Rounds that count, at most. */
  readonly most: number;
}

/** Where a part of some numbers lies below. */
function quantile(sorted: readonly number[], part: number): number {
  const at = (sorted.length - 1) * part;
  const below = sorted[Math.floor(at)] ?? NaN;
  return below + ((sorted[Math.ceil(at)] ?? NaN) - below) * (at - Math.floor(at));
}

/** The spread of some numbers. */
export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = [...numbers].sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    low: quantile(sorted, 0.1),
    high: quantile(sorted, 0.9),
  };
}

async function timeNs(runner: Runner): Promise<number> {
  runner.prepare?.();
  const startMs = performance.now();
  const going = runner.run();
  if (going !== undefined) await going;
  return (performance.now() - startMs) * 1e6;
}

/** The runner that is cowdisk: the last one. */
export function oursOf({ runners }: Contest): Runner {
  const ours = runners.at(-1);
  if (ours === undefined) throw new TypeError("A contest has a runner beside its floor");
  return ours;
}

/**
 * Measures runners by turns.
 *
 * @returns What an operation of each costs, in nanoseconds, round by round.
 */
export async function timeByTurns(
  runners: readonly Runner[],
  operations: number,
  rounds: Rounds,
): Promise<readonly (readonly number[])[]> {
  const costs: number[][] = runners.map(() => []);
  const turn = async (isCounted: boolean) => {
    for (const [index, runner] of runners.entries()) {
      const ns = await timeNs(runner) / (runner.operations ?? operations);
      if (isCounted) costs[index]?.push(ns);
    }
  };
  const warmUntilMs = performance.now() + rounds.warmupMs;
  do await turn(false); while (performance.now() < warmUntilMs);
  const untilMs = performance.now() + rounds.measuredMs;
  for (let round = 0; round < rounds.most; round++) {
    if (round >= rounds.least && performance.now() > untilMs) break;
    await turn(true);
  }
  return costs;
}

/** How many times as fast as others somebody was, round by round. */
export function speedsOf(ours: readonly number[], others: readonly number[]): number[] {
  return ours.map((ns, round) => (others[round] ?? NaN) / ns);
}

/**
 * Measures a contest.
 *
 * @returns The floor, whose speed is 1, and the runners in their order.
 */
export async function measure({ operations, floor, runners }: Contest, rounds: Rounds) {
  const all = [floor, ...runners];
  const costs = await timeByTurns(all, operations, rounds);
  const [floorCosts = []] = costs;
  return costs.map((ours, index): Lane => {
    const speed = spreadOf(speedsOf(ours, floorCosts));
    return { name: all[index]?.name ?? "", cost: spreadOf(ours), speed };
  });
}

/**
 * Nanoseconds that a processor works for a round: for what has a deadline, which a machine that is
 * busy with other things should not miss.
 */
export async function processorNs(runner: Runner, rounds: Rounds): Promise<Spread> {
  const times: number[] = [];
  for (let round = -1; round < rounds.least; round++) {
    runner.prepare?.();
    const before = process.cpuUsage();
    await runner.run();
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) times.push((user + system) * 1000);
  }
  return spreadOf(times);
}

/**
 * Bytes that one operation of a runner leaves to the garbage collector: what the heap has grown by
 * after a round, in the median round, for in some it shrinks.
 */
export async function garbageBytes(
  runner: Runner,
  { operations }: Contest,
  rounds: Rounds,
): Promise<number> {
  const growths: number[] = [];
  for (let round = -20; round < rounds.most; round++) {
    runner.prepare?.();
    const before = Deno.memoryUsage().heapUsed;
    await runner.run();
    if (round >= 0) growths.push((Deno.memoryUsage().heapUsed - before) / operations);
  }
  return Math.round(spreadOf(growths).median);
}

/** Bytes that are held once everything that can be collected was. */
export function heldBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return Deno.memoryUsage().heapUsed;
}
