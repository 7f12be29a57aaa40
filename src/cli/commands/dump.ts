/**
 * `cowdisk dump`: what is written in a COW image.
 *
 * @module
 */

import type { Command } from "commander";
import { formatSize, sectorsToBytes } from "../../block/units.ts";
import type { ExceptionRun } from "../../exception/mod.ts";
import { readCowHeader, readCowRuns } from "../cow_image.ts";
import type { Environment, Output } from "../environment.ts";
import { example } from "../example.ts";
import { openImage } from "../files.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { counted, formatPairs } from "../report.ts";

const JSON_KEYS = [
  ...["version", "isValid", "chunkSectors", "sectorCount", "areas", "exceptions", "runs"],
];

/** `7`, or `7-9` for three. */
function formatChunks(first: number, count: number): string {
  return count === 1 ? String(first) : `${first}-${first + count - 1}`;
}

/** Prints runs as they are read, under headings. */
function runPrinter(out: Output): (run: ExceptionRun) => void {
  let isFirst = true;
  const row = (...cells: readonly string[]) =>
    `${cells.map((cell) => cell.padStart(20)).join("  ")}\n`;
  return ({ oldChunk, newChunk, count }) => {
    if (isFirst) out.write(`\n${row("origin chunk", "COW chunk", "chunks")}`);
    isFirst = false;
    out.write(row(formatChunks(oldChunk, count), formatChunks(newChunk, count), String(count)));
  };
}

function dump(environment: Environment, path: string, flags: JsonFlags): void {
  const { out } = environment;
  using stack = new DisposableStack();
  const cow = stack.adopt(openImage(path, "read"), (device) => device.closeSync());
  const header = readCowHeader(cow);
  const { version, chunkSectors, isValid } = header;
  if (flags.json === true) {
    const runs: ExceptionRun[] = [];
    const areas = isValid ? readCowRuns(cow, header, (run) => runs.push(run)) : 0;
    const exceptions = runs.reduce((sum, { count }) => sum + count, 0);
    const { sectorCount } = cow;
    const facts = { version, isValid, chunkSectors, sectorCount, areas, exceptions, runs };
    return report(out, flags, facts, "");
  }
  const chunk = formatSize(sectorsToBytes(chunkSectors));
  out.write(formatPairs([
    ["magic", "SnAp"],
    ["version", String(version)],
    ["valid", isValid ? "yes" : "no: the exceptions must not be used, and are not shown"],
    ["chunk", `${chunk}, ${counted(chunkSectors, "sector")}`],
    ["size", `${formatSize(sectorsToBytes(cow.sectorCount))}, ${cow.sectorCount} sectors`],
  ]));
  if (!isValid) return;
  const print = runPrinter(out);
  let exceptions = 0;
  const areas = readCowRuns(cow, header, (run) => {
    exceptions += run.count;
    print(run);
  });
  out.write(`\n${counted(exceptions, "exception")} in ${counted(areas, "area")}\n`);
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addDump(program: Command, environment: Environment): void {
  program.command("dump")
    .summary("print the header and the exceptions of a COW image")
    .description(
      "Prints the header and the exceptions of a COW image, oldest first. Needs no origin, and " +
        "changes nothing.",
    )
    .argument("<COW>", "the COW image")
    .addOption(jsonOption(JSON_KEYS))
    .addHelpText(
      "after",
      example(
        "$ cowdisk dump monday.cow",
        "…",
        "        origin chunk             COW chunk                chunks",
        "                 256                     2                     1",
        "…",
      ),
    )
    .action((cow: string, flags: JsonFlags) => dump(environment, cow, flags));
}
