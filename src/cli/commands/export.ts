/**
 * `cowdisk export`: a view as a raw image.
 *
 * @module
 */

import type { Command } from "commander";
import { formatSize, sectorsToBytes } from "../../block/units.ts";
import type { Environment } from "../environment.ts";
import { makeImage, requireDistinct } from "../files.ts";
import { eachPiece, writeStretches } from "../transfer.ts";
import { filesOf, openView } from "../view/view.ts";

interface ExportFlags {
  readonly force?: boolean;
}

async function exportView(
  environment: Environment,
  word: string,
  outPath: string,
  flags: ExportFlags,
): Promise<void> {
  await using view = await openView(word, "read");
  requireDistinct({ ...filesOf(view.name), OUT: outPath });
  const { device } = view;
  const { sectorCount } = device;
  let written = 0;
  await makeImage(
    { path: outPath, sectorCount, force: flags.force ?? false },
    (target) =>
      eachPiece(
        environment,
        { device, verb: "exporting", interruptedWith: "OUT was not made" },
        async (piece, sector) => {
          written += await writeStretches(piece, target, sector);
        },
      ),
  );
  environment.out.write(
    `${outPath}: ${formatSize(sectorsToBytes(sectorCount))}, ` +
      `${formatSize(sectorsToBytes(written))} of it data\n`,
  );
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addExport(program: Command, environment: Environment): void {
  program.command("export")
    .summary("write a view as a raw image")
    .description(
      "Writes what a view shows as a raw image, with holes where it is zero. The view is only read.",
    )
    .argument("<VIEW>", "an image, or ORIGIN+COW: what a snapshot shows")
    .argument("<OUT>", "the image to make")
    .option("--force", "replace OUT if it is there")
    .addHelpText("after", "\nExample:\n  cowdisk export disk.img+monday.cow monday.img")
    .action((view: string, out: string, flags: ExportFlags) =>
      exportView(environment, view, out, flags)
    );
}
