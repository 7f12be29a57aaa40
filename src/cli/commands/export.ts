/**
 * `cowdisk export`: a view as a raw image.
 *
 * @module
 */

import type { Command } from "commander";
import type { BlockDevice } from "../../block/device.ts";
import { formatSize, sectorsToBytes } from "../../block/units.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { CommandFailure, EXIT_CODES } from "../failure.ts";
import { makeImage, PIPE, requireDistinct } from "../files.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { eachPiece, EarlyFlush, requirePipe, writeStretches } from "../transfer.ts";
import { filesOf, openView } from "../view/view.ts";

const JSON_KEYS = ["image", "sizeBytes", "dataBytes"];

interface ExportFlags extends JsonFlags {
  readonly force?: boolean;
}

/** Writes all of a device to the output, holes and all. */
async function exportToPipe(environment: Environment, device: BlockDevice): Promise<void> {
  const { out } = environment;
  const transfer = { device, verb: "exporting", interruptedWith: "not all was written" };
  await eachPiece(environment, transfer, (piece) => out.writeBytes(piece));
}

/** Copies what is not zero; returns how many sectors that were. */
async function copyTo(
  environment: Environment,
  device: BlockDevice,
  target: BlockDevice,
): Promise<number> {
  const transfer = { device, verb: "exporting", interruptedWith: "OUT was not made" };
  const flush = new EarlyFlush(target);
  let written = 0;
  await eachPiece(environment, transfer, async (piece, sector) => {
    const count = await writeStretches(piece, target, sector);
    flush.wrote(count);
    written += count;
  });
  await flush.end();
  return written;
}

async function exportView(
  environment: Environment,
  word: string,
  outPath: string,
  flags: ExportFlags,
): Promise<void> {
  if (outPath === PIPE) {
    if (flags.json === true) {
      throw new CommandFailure(
        "--json and the image both want the output: leave one out",
        EXIT_CODES.usage,
      );
    }
    requirePipe(environment.out, "a pipe or file behind it");
  }
  await using view = await openView(word, "read");
  const { device } = view;
  if (outPath === PIPE) return await exportToPipe(environment, device);
  requireDistinct({ ...filesOf(view.name), OUT: outPath });
  const { sectorCount } = device;
  const written = await makeImage(
    environment,
    { path: outPath, sectorCount, force: flags.force ?? false },
    (target) => copyTo(environment, device, target),
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
    .argument("<OUT>", "the image to make; - for the standard output")
    .option("--force", "replace OUT if it is there")
    .addOption(jsonOption(JSON_KEYS))
    .addHelpText(
      "after",
      example(
        "$ cowdisk export disk.img+monday.cow monday.img",
        "monday.img: 2 MiB, 0 B of it data",
        "$ cowdisk export disk.img+monday.cow - | gzip > monday.img.gz",
      ),
    )
    .action((view: string, out: string, flags: ExportFlags) =>
      exportView(environment, view, out, flags)
    );
}
