/**
 * `cowdisk status`: what dm would say of a snapshot.
 *
 * @module
 */

import type { Command } from "commander";
import { countExceptions } from "../cow_image.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { openPair } from "../pair.ts";
import { formatReport, REPORT_KEYS, reportOf } from "../report.ts";

function status(
  environment: Environment,
  originPath: string,
  cowPath: string,
  flags: JsonFlags,
): void {
  using pair = openPair(originPath, cowPath);
  const { snapshot, cow, header } = pair;
  const exceptions = header.isValid ? countExceptions(cow, header) : 0;
  const found = reportOf(snapshot, header.chunkSectors, exceptions);
  report(environment.out, flags, found, formatReport(found));
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addStatus(program: Command, environment: Environment): void {
  program.command("status")
    .summary("print dm's table and status line of a snapshot")
    .description("Prints dm's table and status line of a snapshot. Changes nothing.")
    .argument("<ORIGIN>", "the disk image")
    .argument("<COW>", "the snapshot's COW image")
    .addOption(jsonOption(REPORT_KEYS))
    .addHelpText(
      "after",
      example(
        "$ cowdisk status disk.img monday.cow",
        "table       0 4096 snapshot disk.img monday.cow P 8",
        "status      0 4096 snapshot 24/4128 16",
        "used        0.6 %",
        "…",
      ),
    )
    .action((origin: string, cow: string, flags: JsonFlags) =>
      status(environment, origin, cow, flags)
    );
}
