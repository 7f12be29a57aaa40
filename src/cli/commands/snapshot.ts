/**
 * `cowdisk snapshot`: a new COW image, bound to an origin from now on.
 *
 * @module
 */

import { type Command, Option } from "commander";
import type { StoreType } from "../../exception/mod.ts";
import { openSnapshotSync } from "../../mapper/stack.ts";
import { fittingSectors } from "../cow_image.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { makeImage, openImage, requireDistinct } from "../files.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { chunkSectorsOf, sectorsOf } from "../options.ts";
import { formatReport, REPORT_KEYS, reportOf, tableWord } from "../report.ts";

interface SnapshotFlags extends JsonFlags {
  readonly chunk: number;
  readonly size?: number;
  readonly store: Exclude<StoreType, "N">;
  readonly force?: boolean;
}

/** What to type so that Linux opens the two images, given the snapshot's table. */
function linuxLines(sectorCount: number, store: string, chunkSectors: number): string[] {
  const origin = `0 ${sectorCount} snapshot-origin /dev/loop0`;
  const snapshot = `0 ${sectorCount} snapshot /dev/loop0 /dev/loop1 ${store} ${chunkSectors}`;
  return [
    `dmsetup create origin --table '${origin}'`,
    `dmsetup create snapshot --table '${snapshot}'`,
  ];
}

async function snapshot(
  environment: Environment,
  originPath: string,
  cowPath: string,
  flags: SnapshotFlags,
): Promise<void> {
  requireDistinct({ ORIGIN: originPath, COW: cowPath });
  const { chunk: chunkSectors, store, force = false } = flags;
  const origin = openImage(originPath, "read");
  const { sectorCount } = origin;
  try {
    const cowSectors = flags.size ?? fittingSectors(sectorCount, chunkSectors);
    const image = { path: cowPath, sectorCount: cowSectors, force };
    const made = await makeImage(environment, image, (cow) => {
      const device = openSnapshotSync({ origin, cow, store, chunkSectors, deviceWord: tableWord });
      try {
        return reportOf(device, chunkSectors, 0);
      } finally {
        device.closeSync();
      }
    });
    const linux = linuxLines(sectorCount, store, chunkSectors);
    const text =
      `${formatReport(made)}\nLinux opens it with ${originPath} at /dev/loop0 and ${cowPath} ` +
      `at /dev/loop1:\n${linux.map((line) => `  ${line}\n`).join("")}`;
    report(environment.out, flags, { ...made, linux }, text);
  } finally {
    origin.closeSync();
  }
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addSnapshot(program: Command, environment: Environment): void {
  program.command("snapshot")
    .summary("make a COW image: a new snapshot of ORIGIN")
    .description(
      "Makes COW, a sparse image in Linux's own format that remembers ORIGIN as it is now. " +
        "From now on, write to ORIGIN only through a stack that has this snapshot in it.",
    )
    .argument("<ORIGIN>", "the disk image")
    .argument("<COW>", "the image to make")
    .addOption(
      new Option("--chunk <size>", "the unit of copy-on-write, a power of two")
        .argParser(chunkSectorsOf).default(8, "4K"),
    )
    .option("--size <size>", "the size of COW (default: whatever ORIGIN can ever need)", sectorsOf)
    .addOption(
      new Option("--store <type>", "P becomes invalid when COW is full, PO refuses writes")
        .choices(["P", "PO"]).default("P", "P"),
    )
    .option("--force", "replace COW if it is there")
    .addOption(jsonOption([...REPORT_KEYS, "linux"]))
    .addHelpText(
      "after",
      example(
        "$ cowdisk snapshot disk.img today.cow --chunk 16K",
        "table       0 4096 snapshot disk.img today.cow P 32",
        "…",
      ),
    )
    .action((origin: string, cow: string, flags: SnapshotFlags) =>
      snapshot(environment, origin, cow, flags)
    );
}
