/**
 * The report: rows with the machine, the day and the command they are of, as one JSON file.
 *
 * @module
 */
import { cpus, totalmem } from "node:os";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Result } from "./row.ts";

/** What a row of the file is: a result, and the group it is in. */
export interface ReportedRow extends Result {
  readonly group: string;
}

/** Where it was measured. */
export function machine(): string {
  const [cpu] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cpus().length} x ${cpu?.model ?? "unknown"}, ${memory}, Deno ${Deno.version.deno}`;
}

/** Writes the report, and the folder it is in. */
export function writeReport(path: string, rows: readonly ReportedRow[]): void {
  const report = {
    machine: machine(),
    date: new Date().toISOString(),
    command: ["deno task bench", ...Deno.args].join(" "),
    rows,
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, null, 1)}\n`);
}

/** Reads the rows of a report. */
export function readReport(path: string): { readonly rows: readonly ReportedRow[] } {
  return JSON.parse(readFileSync(path, "utf8"));
}
