/**
 * `cowdisk table`: what to tell Linux so that it opens the same snapshot.
 *
 * @module
 */

import type { Command } from "commander";
import { openSnapshotSync } from "../../mapper/stack.ts";
import { readCowHeader } from "../cow_image.ts";
import type { Environment } from "../environment.ts";
import { openImage, requireDistinct } from "../files.ts";
import { linesOf, tableWord } from "../report.ts";

function table(environment: Environment, originPath: string, cowPath: string): void {
  requireDistinct({ ORIGIN: originPath, COW: cowPath });
  using stack = new DisposableStack();
  const origin = stack.adopt(openImage(originPath, "read"), (device) => device.closeSync());
  const cow = stack.adopt(openImage(cowPath, "read"), (device) => device.closeSync());
  readCowHeader(cow);
  const snapshot = stack.adopt(
    openSnapshotSync({ origin, cow, deviceWord: tableWord }),
    (device) => device.closeSync(),
  );
  environment.out.write(`${linesOf(snapshot).table}\n`);
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
    .addHelpText("after", "\nExample:\n  cowdisk table disk.img monday.cow")
    .action((origin: string, cow: string) => table(environment, origin, cow));
}
