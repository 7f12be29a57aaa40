/**
 * A snapshot's report: dm's two lines, and what they mean.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { formatSize, sectorsToBytes } from "../block/units.ts";
import { usagePercent } from "../exception/mod.ts";
import type { MappedDevice } from "../mapper/mapped_device.ts";
import { formatLine } from "../mapper/table/table_line.ts";
import { CommandFailure } from "./failure.ts";

/** The keys of a {@linkcode SnapshotReport}. */
export const REPORT_KEYS: readonly (keyof SnapshotReport)[] = [
  ...["table", "status", "state", "chunkSectors", "exceptions", "usedPercent"] as const,
];

/** What `status --json` prints. */
export interface SnapshotReport {
  /** dm's table line. */
  readonly table: string;
  /** dm's status line. */
  readonly status: string;
  /** `active`, or dm's word for what is wrong. */
  readonly state: string;
  /** Sectors in a chunk. */
  readonly chunkSectors: number;
  /** How many chunks are excepted. */
  readonly exceptions: number;
  /** Percent of the COW image in use; `null` when dm does not tell. */
  readonly usedPercent: number | null;
}

/**
 * A device as a table line names it: what would end the word is escaped, as dm wants it.
 *
 * @param device The device.
 * @returns Its name.
 */
export function tableWord(device: BlockDevice): string {
  return device.name.replace(/[\\\s;#]/g, "\\$&");
}

/**
 * dm's table and status line of a device with one target.
 *
 * @param device The device.
 * @returns The lines.
 */
export function linesOf(device: MappedDevice): { table: string; status: string } {
  const target = device.activeTargets?.[0];
  if (target === undefined) throw new CommandFailure(`"${device.name}" has no table`);
  const { type, sectorCount } = target;
  return {
    table: formatLine(0, sectorCount, type, target.table()),
    status: formatLine(0, sectorCount, type, target.status()),
  };
}

/**
 * Reports on a snapshot.
 *
 * @param device The snapshot.
 * @param chunkSectors Sectors in a chunk.
 * @param exceptions How many chunks are excepted.
 * @returns The report.
 */
export function reportOf(
  device: MappedDevice,
  chunkSectors: number,
  exceptions: number,
): SnapshotReport {
  const { table, status } = linesOf(device);
  const words = device.activeTargets?.[0]?.status() ?? "";
  const usage = /^(\d+)\/(\d+) (\d+)$/.exec(words);
  if (usage === null) {
    return { table, status, state: words, chunkSectors, exceptions, usedPercent: null };
  }
  const [allocatedSectors = 0, totalSectors = 0, metadataSectors = 0] = usage.slice(1).map(Number);
  const usedPercent = usagePercent({ allocatedSectors, totalSectors, metadataSectors });
  return { table, status, state: "active", chunkSectors, exceptions, usedPercent };
}

/**
 * Writes how many there are.
 *
 * @param count How many.
 * @param word Of what: `chunk`.
 * @returns For example `1 chunk` or `2 chunks`.
 */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/**
 * Writes lines of a word and a value, the values under each other.
 *
 * @param pairs Words and values.
 * @returns Text, with a newline at the end.
 */
export function formatPairs(pairs: readonly (readonly [string, string])[]): string {
  return formatRows(pairs);
}

/**
 * Writes rows of cells, the cells of a column under each other.
 *
 * @param rows The rows, equally long.
 * @returns Text, with a newline at the end of every row.
 */
export function formatRows(rows: readonly (readonly string[])[]): string {
  const lastColumn = (rows[0]?.length ?? 1) - 1;
  const widthOf = (column: number) =>
    column === lastColumn ? 0 : Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = (rows[0] ?? []).map((_cell, column) => widthOf(column));
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd();
  return rows.map((row) => `${line(row)}\n`).join("");
}

/**
 * Writes a report for people.
 *
 * @param report The report.
 * @returns Text, with a newline at the end.
 */
export function formatReport(report: SnapshotReport): string {
  const { chunkSectors, exceptions, usedPercent } = report;
  return formatPairs([
    ["table", report.table],
    ["status", report.status],
    ["used", usedPercent === null ? report.state : `${usedPercent.toFixed(1)} %`],
    ["chunk", formatSize(sectorsToBytes(chunkSectors))],
    ["exceptions", String(exceptions)],
  ]);
}
