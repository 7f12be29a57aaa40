/**
 * A running server's report, as tables for people.
 *
 * @module
 */

import { formatSize, sectorsToBytes } from "../../block/units.ts";
import type { MergeReport } from "../../nbd/live/stack_report.ts";
import type { ServerReport } from "../../nbd/control/control_verbs.ts";
import { formatRows } from "../report.ts";

/** The keys of a report, for programs. */
export const REPORT_KEYS = ["timeMs", "clientCount", "devices", "merge", "images"] as const;

/** Names are others' words: what would draw on the screen by itself is shown as `?`. */
function visible(name: string): string {
  return name.replace(/\p{C}/gu, "?");
}

function formatPercent(percent: number): string {
  return `${percent.toFixed(1)} %`;
}

/**
 * How far a merge is.
 *
 * @param merge The merge.
 * @returns One line without a newline.
 */
export function mergeLine({ name, state, chunkCount, chunksLeft }: MergeReport): string {
  const done = `${chunkCount - chunksLeft} of ${chunkCount} chunks`;
  return `merge of ${visible(name)}: ${state}, ${done}`;
}

/**
 * The exports.
 *
 * @param report The server's report.
 * @returns Lines.
 */
export function formatExports({ devices }: ServerReport): string {
  const rows = devices.map((each) => [
    visible(each.name),
    each.number,
    formatSize(sectorsToBytes(each.sectorCount)),
    each.types.join(", "),
    each.state,
    visible(each.cowPath ?? ""),
  ]);
  return formatRows([["name", "number", "size", "target", "state", "COW image"], ...rows]);
}

/**
 * How full snapshots are, and how far a merge is.
 *
 * @param report The server's report.
 * @returns Lines.
 */
export function formatUsages({ devices, merge }: ServerReport): string {
  const rows = devices.flatMap(({ name, usage, state }) => {
    if (usage === null) return [];
    const { sectors, exceptions, chunkSectors, usedPercent } = usage;
    return [[
      visible(name),
      state,
      formatPercent(usedPercent),
      String(exceptions),
      formatSize(sectorsToBytes(chunkSectors)),
      `${sectors.allocatedSectors}/${sectors.totalSectors} ${sectors.metadataSectors}`,
    ]];
  });
  const head = ["name", "state", "used", "exceptions", "chunk", "sectors"];
  const table = rows.length === 0 ? "no snapshots\n" : formatRows([head, ...rows]);
  return merge === null ? table : `${table}${mergeLine(merge)}\n`;
}

/**
 * A device in a few words: its state and how full it is.
 *
 * @param device The device.
 * @returns Words, without its name.
 */
export function deviceWords(device: ServerReport["devices"][number]): string {
  const { state, usage } = device;
  if (usage === null) return state;
  const { usedPercent, exceptions } = usage;
  return `${state}, ${formatPercent(usedPercent)} used, ${exceptions} exceptions`;
}

/**
 * A device's name for the screen.
 *
 * @param device The device.
 */
export function nameOf(device: ServerReport["devices"][number]): string {
  return visible(device.name);
}
