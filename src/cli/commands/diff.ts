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
import { example } from "../example.ts";
import { makeFile, requireDistinct } from "../files.ts";
import { interruptible } from "../interruption.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { counted } from "../report.ts";
import { bytesIn, findDifferences } from "../view/differences.ts";
import { filesOf, openView } from "../view/view.ts";

const JSON_KEYS = ["start", "length"];
const DELTA_JSON_KEYS = ["delta", "places", "differBytes", "sizeBytes"];

interface DiffFlags extends JsonFlags {
  readonly delta?: string;
  readonly force?: boolean;
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
  const summary = `${formatSize(bytesIn(extents))} in ${counted(extents.length, "place")}`;
  if (path !== undefined) {
    const sizeBytes = await makeFile(path, force, async (file) => {
      let written = 0;
      const pieces = writeDelta(from.device, to.device, extents);
      for await (const piece of interruptible(environment, pieces, "FILE was not made")) {
        for (let done = 0; done < piece.length;) done += writeSync(file, piece, done);
        written += piece.length;
      }
      return written;
    });
    const facts = { delta: path, places: extents.length, differBytes: bytesIn(extents), sizeBytes };
    return report(out, flags, facts, `${path}: ${summary}, ${formatSize(sizeBytes)}\n`);
  }
  const rows = extents.map(({ sector, sectorCount }) => ({
    start: sectorsToBytes(sector),
    length: sectorsToBytes(sectorCount),
  }));
  const lines = rows.map(({ start, length }) =>
    `${String(start).padStart(16)}  ${String(length).padStart(12)}\n`
  );
  report(out, flags, rows, `${lines.join("")}${summary}\n`);
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
    .addOption(
      jsonOption(JSON_KEYS, {
        isArray: true,
        more: `; with --delta, an object with ${DELTA_JSON_KEYS.join(", ")}`,
      }),
    )
    .addHelpText(
      "after",
      example(
        "$ cowdisk diff disk.img+monday.cow disk.img",
        "         1048576          4096",
        "4 KiB in 1 place",
        "$ cowdisk diff disk.img+monday.cow disk.img --delta today.delta",
        "today.delta: 4 KiB in 1 place, 4.25 KiB",
      ),
    )
    .action((from: string, to: string, flags: DiffFlags) => diff(environment, from, to, flags));
}
