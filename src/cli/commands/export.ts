/**
 * `cowdisk export`: a view as a raw image.
 *
 * @module
 */

import type { Command } from "commander";
import { formatSize, sectorsToBytes } from "../../block/units.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { makeImage, requireDistinct } from "../files.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { eachPiece, writeStretches } from "../transfer.ts";
import { filesOf, openView } from "../view/view.ts";

const JSON_KEYS = ["image", "sizeBytes", "dataBytes"];

interface ExportFlags extends JsonFlags {
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
    environment,
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
  const [sizeBytes, dataBytes] = [sectorsToBytes(sectorCount), sectorsToBytes(written)];
  const text = `${outPath}: ${formatSize(sizeBytes)}, ${formatSize(dataBytes)} of it data\n`;
  report(environment.out, flags, { image: outPath, sizeBytes, dataBytes }, text);
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
    .addOption(jsonOption(JSON_KEYS))
    .addHelpText(
      "after",
      example(
        "$ cowdisk export disk.img+monday.cow monday.img",
        "monday.img: 2 MiB, 0 B of it data",
      ),
    )
    .action((view: string, out: string, flags: ExportFlags) =>
      exportView(environment, view, out, flags)
    );
}
