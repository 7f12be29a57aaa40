/**
 * Rows as text: a line for what is done, a line for each way to do it.
 *
 * @module
 */
import type { Lane } from "./measure.ts";
import type { Mark, Result, Unit } from "./row.ts";

/** Names of multiples, each with what it is of the unit, the largest first. */
const SCALES: Readonly<Record<Unit, readonly (readonly [number, string])[]>> = {
  ns: [[1e9, "s"], [1e6, "ms"], [1e3, "us"], [1, "ns"]],
  bytes: [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "B"]],
  chunks: [[1, "chunks"]],
};

function inUnit(amount: number, unit: Unit): string {
  const scales = SCALES[unit];
  const [scale, name] = scales.find(([least]) => amount >= least) ?? scales.at(-1)!;
  const scaled = amount / scale;
  return `${scaled >= 1000 ? scaled.toFixed(0) : scaled.toPrecision(3)} ${name}`;
}

function ratio(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function wanted({ of, limit }: Mark, unit: Unit): string {
  return of === "speed" ? `>= ${ratio(limit)}` : `<= ${inUnit(limit, unit)}`;
}

const WIDTHS = [11, 9, 15, 13, 9] as const;

function line(what: string, ...cells: string[]): string {
  const padded = cells.map((cell, column) => cell.padStart(WIDTHS[column] ?? 0));
  return [what.padEnd(52), ...padded].join("").trimEnd();
}

function lineOf(lane: Lane, row: Result): string {
  const { cost, speed } = lane;
  const isJudged = lane === row.lanes.at(-1) && row.mark !== null;
  return line(
    `  ${lane.name}`,
    inUnit(cost.median, row.unit),
    speed === null ? "" : ratio(speed.median),
    speed === null || speed.low === speed.high ? "" : `${ratio(speed.low)} to ${ratio(speed.high)}`,
    isJudged && row.mark !== null ? wanted(row.mark, row.unit) : "",
    !isJudged || row.isMet === null ? "" : row.isMet ? "met" : "NOT MET",
  );
}

/** The line above all rows. */
export const HEAD: string = line("what", "cost", "speed", "nine of ten", "wanted", "");

/** The lines of a row. */
export function linesOf(row: Result): string[] {
  return [row.title, ...row.lanes.map((lane) => lineOf(lane, row))];
}
