/**
 * `cowdisk diff`: where two views differ, or a delta that makes one into the other.
 *
 * @module
 */

import { writeSync } from "node:fs";
import type { Command } from "commander";
import { formatSize, sectorsToBytes } from "../../block/units.ts";
import { writeDelta } from "../../disk/mod.ts";
import type { Environment } from "../environment.ts";
import { makeFile, requireDistinct } from "../files.ts";
import { bytesIn, findDifferences } from "../view/differences.ts";
import { filesOf, openView } from "../view/view.ts";

interface DiffFlags {
  readonly delta?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

async function diff(
  environment: Environment,
  fromWord: string,
  toWord: string,
  flags: DiffFlags,
): Promise<void> {
  const { out } = environment;
  await using from = await openView(fromWord, "read");
  await using to = await openView(toWord, "read");
  const { delta: path, force = false } = flags;
  if (path !== undefined) {
    requireDistinct({ ...filesOf(from.name), DELTA: path });
    requireDistinct({ ...filesOf(to.name), DELTA: path });
  }
  const extents = await findDifferences(environment, from, to);
  const summary = `${formatSize(bytesIn(extents))} in ${extents.length} ` +
    `${extents.length === 1 ? "place" : "places"}`;
  if (path !== undefined) {
    const sizeBytes = await makeFile(path, force, async (file) => {
      let written = 0;
      for await (const piece of writeDelta(from.device, to.device, extents)) {
        for (let done = 0; done < piece.length;) done += writeSync(file, piece, done);
        written += piece.length;
      }
      return written;
    });
    out.write(`${path}: ${summary}, ${formatSize(sizeBytes)}\n`);
    return;
  }
  const rows = extents.map(({ sector, sectorCount }) => ({
    start: sectorsToBytes(sector),
    length: sectorsToBytes(sectorCount),
  }));
  if (flags.json === true) {
    out.write(`${JSON.stringify(rows)}\n`);
    return;
  }
  for (const { start, length } of rows) {
    out.write(`${String(start).padStart(16)}  ${String(length).padStart(12)}\n`);
  }
  out.write(`${summary}\n`);
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addDiff(program: Command, environment: Environment): void {
  program.command("diff")
    .summary("find where two views differ, or write what makes one the other")
    .description(
      "Prints where two views differ, in bytes; what both lie on is not read. With --delta writes " +
        "what `cowdisk apply` needs to make FROM into TO, on this machine or another.",
    )
    .argument("<FROM>", "an image, or ORIGIN+COW: what a snapshot shows")
    .argument("<TO>", "another of the same size")
    .option("--delta <FILE>", "write a delta")
    .option("--force", "replace FILE if it is there")
    .option("--json", "print one line of JSON")
    .addHelpText(
      "after",
      "\nExample:\n  cowdisk diff disk.img disk.img+monday.cow --delta monday.delta",
    )
    .action((from: string, to: string, flags: DiffFlags) => diff(environment, from, to, flags));
}
