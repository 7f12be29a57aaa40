/**
 * A row of the table: a contest or a quantity, and the mark it has to reach, if any.
 *
 * Nothing is measured before `measure` is called, so a row that is left out costs nothing. A row is
 * judged by its last lane, which is cowdisk: by its speed beside the floor's where the mark is a
 * ratio, by what it costs where the mark is an amount.
 *
 * @module
 */
import { type Contest, isSmoke, type Runner } from "./contest.ts";
import {
  garbageBytes,
  type Lane,
  measure,
  oursOf,
  processorNs,
  type Rounds,
  speedsOf,
  spreadOf,
  timeByTurns,
} from "./measure.ts";

/** What is wanted of a row: a speed of this at least, or a cost of this at most. */
export interface Mark {
  readonly of: "speed" | "cost";
  readonly limit: number;
}

/** What costs are in. */
export type Unit = "ns" | "bytes" | "chunks";

/** One row. */
export interface Row {
  readonly title: string;
  readonly unit: Unit;
  readonly mark: Mark | null;
  /** The floor first where there is one, cowdisk last. */
  measure(): Promise<readonly Lane[]> | readonly Lane[];
}

/** A row that was measured. */
export interface Result extends Omit<Row, "measure"> {
  readonly lanes: readonly Lane[];
  /** Null: there is no mark, or nothing is judged. */
  readonly isMet: boolean | null;
}

/** Rounds of what takes microseconds. */
export const MANY: Rounds = isSmoke
  ? { warmupMs: 0, measuredMs: 0, least: 1, most: 1 }
  : { warmupMs: 150, measuredMs: 500, least: 25, most: 301 };

/** Rounds of what takes milliseconds. */
export const FEW: Rounds = isSmoke
  ? { warmupMs: 0, measuredMs: 0, least: 1, most: 1 }
  : { warmupMs: 1, measuredMs: 500, least: 7, most: 25 };

/** Rounds of what is the ratio of two ratios: four runners that something else may disturb. */
const STEADY: Rounds = isSmoke ? MANY : { ...MANY, measuredMs: 3000, least: 100, most: 1001 };

/** Rounds of what takes many seconds, and gigabytes. */
export const RARE: Rounds = isSmoke ? FEW : { warmupMs: 0, measuredMs: 0, least: 3, most: 3 };

/** Measures a row. Small sizes say nothing: a smoke run judges nothing. */
export async function judge({ title, unit, mark, measure }: Row): Promise<Result> {
  const lanes = await measure();
  const ours = lanes.at(-1);
  if (ours === undefined) throw new TypeError(`Cannot judge "${title}": it has no lanes`);
  const isMet = mark === null || isSmoke
    ? null
    : mark.of === "cost"
    ? ours.cost.median <= mark.limit
    : ours.speed !== null && ours.speed.median >= mark.limit;
  return { title, unit, mark, lanes, isMet };
}

/** A contest, with the least speed that is wanted, as a part of the floor's. */
export function race(contest: Contest, rounds: Rounds, speedMin?: number): Row {
  const mark = speedMin === undefined ? null : { of: "speed", limit: speedMin } as const;
  return { title: contest.title, unit: "ns", mark, measure: () => measure(contest, rounds) };
}

/** A contest of single operations, with the most of a processor's time that one may take. */
export function deadline(contest: Contest, msMax: number): Row {
  const laneOf = async (runner: Runner, floorNs?: number): Promise<Lane> => {
    const cost = await processorNs(runner, FEW);
    const speed = (floorNs ?? cost.median) / cost.median;
    return { name: runner.name, cost, speed: { median: speed, low: speed, high: speed } };
  };
  return {
    title: contest.title,
    unit: "ns",
    mark: { of: "cost", limit: msMax * 1e6 },
    async measure() {
      const floor = await laneOf(contest.floor);
      return [floor, await laneOf(oursOf(contest), floor.cost.median)];
    },
  };
}

/**
 * A contest with few of something and with many, by turns. Each is beside its own floor, which goes
 * through as much memory; the last lane is what is left of the speed, and is judged.
 *
 * @param contestOf The contest, for so many.
 * @param leastLeft The part of its speed beside its floor that the contest of many has to keep.
 */
export function flat(
  contestOf: (count: number) => Contest,
  few: number,
  many: number,
  leastLeft: number,
): Row {
  const named = [few, many].flatMap((count) => {
    const contest = contestOf(count);
    return [contest.floor, oursOf(contest)].map((runner) => ({ runner, count }));
  });
  const { title, operations } = contestOf(many);
  return {
    title: `flat: ${title}`,
    unit: "ns",
    mark: { of: "speed", limit: leastLeft },
    async measure() {
      const costs = await timeByTurns(named.map(({ runner }) => runner), operations, STEADY);
      const speeds = costs.map((ours, index) => speedsOf(ours, costs[index - index % 2] ?? []));
      const lanes = named.map(({ runner, count }, index): Lane => ({
        name: `${runner.name}, of ${count}`,
        cost: spreadOf(costs[index] ?? []),
        speed: spreadOf(speeds[index] ?? []),
      }));
      const [, ofFew = [], , ofMany = []] = speeds;
      // Four runners in one round are too many for all of them to be left alone: of both speeds the
      // medians are compared, and only the spread is of single rounds.
      const median = spreadOf(ofMany).median / spreadOf(ofFew).median;
      const inRounds = spreadOf(ofMany.map((speed, round) => speed / (ofFew[round] ?? NaN)));
      const left = { ...inRounds, median };
      return [...lanes, { name: "what is left of the speed", cost: lanes[3]!.cost, speed: left }];
    },
  };
}

/** Quantities that are counted rather than timed; of several the first is the floor. */
export function amounts(
  title: string,
  unit: Unit,
  count: () => Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>,
  mark: Mark | null = null,
): Row {
  const exactly = (value: number) => ({ median: value, low: value, high: value });
  return {
    title,
    unit,
    mark,
    async measure() {
      const named = Object.entries(await count());
      const floor = named.length > 1 ? named[0]?.[1] : undefined;
      return named.map(([name, amount]) => ({
        name,
        cost: exactly(amount),
        speed: floor === undefined || amount === 0 ? null : exactly(floor / amount),
      }));
    },
  };
}

/** What an operation leaves to the garbage collector: no more than the floor does, and 8 bytes. */
export function garbage(contest: Contest): Row {
  const title = `garbage of: ${contest.title}`;
  const bytesOf = (runner: Runner) => garbageBytes(runner, contest, MANY);
  return amounts(title, "bytes", async () => {
    const [floor, ours] = [await bytesOf(contest.floor), await bytesOf(oursOf(contest))];
    return { [contest.floor.name]: floor, more: Math.max(0, ours - floor) };
  }, { of: "cost", limit: 8 });
}
