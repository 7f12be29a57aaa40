/**
 * `cowdisk status`: what dm would say of a snapshot.
 *
 * @module
 */

import type { Command } from "commander";
import { openSnapshotSync } from "../../mapper/stack.ts";
import { countExceptions, readCowHeader } from "../cow_image.ts";
import type { Environment } from "../environment.ts";
import { openImage, requireDistinct } from "../files.ts";
import { formatReport, reportOf, tableWord } from "../report.ts";

interface StatusFlags {
  readonly json?: boolean;
}

function status(
  environment: Environment,
  originPath: string,
  cowPath: string,
  flags: StatusFlags,
): void {
  requireDistinct({ ORIGIN: originPath, COW: cowPath });
  using stack = new DisposableStack();
  const origin = stack.adopt(openImage(originPath, "read"), (device) => device.closeSync());
  const cow = stack.adopt(openImage(cowPath, "read"), (device) => device.closeSync());
  const header = readCowHeader(cow);
  const exceptions = header.isValid ? countExceptions(cow, header) : 0;
  const snapshot = stack.adopt(
    openSnapshotSync({ origin, cow, deviceWord: tableWord }),
    (device) => device.closeSync(),
  );
  const report = reportOf(snapshot, header.chunkSectors, exceptions);
  environment.out.write(flags.json === true ? `${JSON.stringify(report)}\n` : formatReport(report));
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
    .option("--json", "print one line of JSON")
    .action((origin: string, cow: string, flags: StatusFlags) =>
      status(environment, origin, cow, flags)
    );
}
