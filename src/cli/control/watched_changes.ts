/**
 * What `cowdisk watch` says: a picture of the moment for a terminal, and for a pipe a line for each thing
 * that is no longer as it was.
 *
 * @module
 */

import { formatSize } from "../../block/units.ts";
import type { ServerReport } from "../../nbd/control/control_verbs.ts";
import { deviceWords, formatExports, formatUsages, mergeLine, nameOf } from "./report_tables.ts";

/** How much is asked per second. */
export interface Rates {
  readonly requestsPerSecond: number;
  readonly readBytesPerSecond: number;
  readonly writtenBytesPerSecond: number;
}

const NO_RATES: Rates = { requestsPerSecond: 0, readBytesPerSecond: 0, writtenBytesPerSecond: 0 };

function sumOf({ devices }: ServerReport, key: "requestCount" | "readBytes" | "writtenBytes") {
  return devices.reduce((sum, { traffic }) => sum + traffic[key], 0);
}

/**
 * How much was asked per second between two reports.
 *
 * @param before The earlier one; `null` for none.
 * @param now The later one.
 * @returns The rates. A device that went took what was counted with it: never less than nothing.
 */
export function ratesBetween(before: ServerReport | null, now: ServerReport): Rates {
  if (before === null || now.timeMs <= before.timeMs) return NO_RATES;
  const per = (key: "requestCount" | "readBytes" | "writtenBytes") =>
    Math.max(0, (sumOf(now, key) - sumOf(before, key)) / (now.timeMs - before.timeMs) * 1000);
  return {
    requestsPerSecond: Math.round(per("requestCount")),
    readBytesPerSecond: Math.round(per("readBytes")),
    writtenBytesPerSecond: Math.round(per("writtenBytes")),
  };
}

/**
 * The moment, for a terminal.
 *
 * @param report The server's report.
 * @param rates How much is asked.
 * @returns Lines.
 */
export function formatMoment(report: ServerReport, rates: Rates): string {
  const { requestsPerSecond, readBytesPerSecond, writtenBytesPerSecond } = rates;
  const read = formatSize(readBytesPerSecond);
  const written = formatSize(writtenBytesPerSecond);
  return `${report.clientCount} clients, ${requestsPerSecond} requests/s, ${read}/s read, ` +
    `${written}/s written\n\n${formatExports(report)}\n${formatUsages(report)}`;
}

/** Everything that a line is told of, by what it is about. */
function linesOf(report: ServerReport): Map<string, string> {
  const lines = new Map([["clients", `clients: ${report.clientCount}`]]);
  for (const device of report.devices) {
    lines.set(`device ${device.name}`, `${nameOf(device)}: ${deviceWords(device)}`);
  }
  if (report.merge !== null) lines.set("merge", mergeLine(report.merge));
  return lines;
}

/**
 * What has changed, for a pipe.
 *
 * @param before The earlier report; `null` for none: then everything is new.
 * @param now The later one.
 * @returns Lines, without newlines.
 */
export function changesBetween(before: ServerReport | null, now: ServerReport): string[] {
  const old = before === null ? new Map<string, string>() : linesOf(before);
  const lines = linesOf(now);
  const changed = [...lines].filter(([about, line]) => old.get(about) !== line);
  const gone = [...old].filter(([about]) => !lines.has(about));
  return [
    ...changed.map(([, line]) => line),
    ...gone.map(([, line]) => `${line.split(":", 1)[0]}: gone`),
  ];
}
