/**
 * `cowdisk import`: a raw image becomes what a view shows.
 *
 * Only blocks that differ are written, so importing an image that was changed a little into a snapshot
 * costs the COW image a little.
 *
 * @module
 */

import type { Command } from "commander";
import { formatSize, SECTOR_BYTES, sectorsToBytes } from "../../block/units.ts";
import type { BlockDevice } from "../../block/device.ts";
import { differingStretches } from "../../disk/image/differing.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { CommandFailure } from "../failure.ts";
import { openImage } from "../files.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { collect } from "../options.ts";
import { eachPiece } from "../transfer.ts";
import { type WriteFlags, writeView } from "../view/written_view.ts";

const JSON_KEYS = ["view", "sizeBytes", "changedBytes"];

type ImportFlags = WriteFlags & JsonFlags;

/** The unit in which differences are told. */
const UNIT_SECTORS = 8;

async function importInto(
  environment: Environment,
  image: BlockDevice,
  target: BlockDevice,
): Promise<number> {
  if (image.sectorCount > target.sectorCount) {
    throw new CommandFailure(
      `Cannot import "${image.name}": it has ${image.sectorCount} sectors, the view only ` +
        `${target.sectorCount}`,
    );
  }
  let written = 0;
  let there = new Uint8Array(0);
  const transfer = {
    device: image,
    verb: "importing",
    interruptedWith: "a part was imported; to go on, run the same command again",
  };
  await eachPiece(environment, transfer, async (piece, sector) => {
    if (there.length !== piece.length) there = new Uint8Array(piece.length);
    await target.read(there, sector);
    for (const { sector: from, sectorCount } of differingStretches(there, piece, UNIT_SECTORS)) {
      const start = from * SECTOR_BYTES;
      await target.write(piece.subarray(start, start + sectorsToBytes(sectorCount)), sector + from);
      written += sectorCount;
    }
  });
  const left = target.sectorCount - image.sectorCount;
  if (left > 0) await target.writeZeroes(image.sectorCount, left);
  return written;
}

async function importImage(
  environment: Environment,
  path: string,
  word: string,
  flags: ImportFlags,
): Promise<void> {
  using stack = new DisposableStack();
  const image = stack.adopt(openImage(path, "read"), (device) => device.closeSync());
  const written = await writeView(
    word,
    flags,
    { IMAGE: path },
    (target) => importInto(environment, image, target),
  );
  const sizeBytes = sectorsToBytes(image.sectorCount);
  const changedBytes = sectorsToBytes(written);
  const text = `${word}: ${formatSize(sizeBytes)} imported, ${formatSize(changedBytes)} of it ` +
    "differed\n";
  report(environment.out, flags, { view: word, sizeBytes, changedBytes }, text);
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addImport(program: Command, environment: Environment): void {
  program.command("import")
    .summary("make a view show what a raw image holds")
    .description(
      "Writes what differs between IMAGE and a view to the view; what lies behind IMAGE's end " +
        "becomes zeroes. IMAGE is only read.",
    )
    .argument("<IMAGE>", "the raw image")
    .argument("<VIEW>", "an image, or ORIGIN+COW: what a snapshot shows")
    .option("--keep <COW>", "a snapshot of the image that keeps its view (repeat)", collect)
    .addOption(jsonOption(JSON_KEYS))
    .addHelpText(
      "after",
      example(
        "$ cowdisk import changed.img disk.img+monday.cow",
        "disk.img+monday.cow: 2 MiB imported, 8 KiB of it differed",
      ),
    )
    .action((image: string, view: string, flags: ImportFlags) =>
      importImage(environment, image, view, flags)
    );
}
