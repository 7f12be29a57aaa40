/**
 * `cowdisk table`: what to tell Linux so that it opens the same snapshot.
 *
 * @module
 */

import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { openPair } from "../pair.ts";
import { linesOf } from "../report.ts";

const JSON_KEYS = ["table", "origin", "cow", "sectorCount", "chunkSectors"];

function table(
  environment: Environment,
  originPath: string,
  cowPath: string,
  flags: JsonFlags,
): void {
  using pair = openPair(originPath, cowPath);
  const { table } = linesOf(pair.snapshot);
  const { sectorCount } = pair.snapshot;
  const { chunkSectors } = pair.header;
  const facts = { table, origin: originPath, cow: cowPath, sectorCount, chunkSectors };
  report(environment.out, flags, facts, `${table}\n`);
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addTable(program: Command, environment: Environment): void {
  program.command("table")
    .summary("print dm's table line of a snapshot")
    .description(
      "Prints the table line that dmsetup takes, with the files in place of the devices. Changes " +
        "nothing.",
    )
    .argument("<ORIGIN>", "the disk image")
    .argument("<COW>", "the snapshot's COW image")
    .addOption(jsonOption(JSON_KEYS))
    .addHelpText(
      "after",
      example(
        "$ cowdisk table disk.img monday.cow",
        "0 4096 snapshot disk.img monday.cow P 8",
      ),
    )
    .action((origin: string, cow: string, flags: JsonFlags) =>
      table(environment, origin, cow, flags)
    );
}
