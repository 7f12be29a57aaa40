/**
 * `cowdisk import`: a raw image becomes what a view shows.
 *
 * Only blocks that differ are written, so importing an image that was changed a little into a snapshot
 * costs the COW image a little.
 *
 * @module
 */

import type { Command } from "commander";
import {
  bytesToSectors,
  divCeil,
  formatSize,
  SECTOR_BYTES,
  sectorsToBytes,
} from "../../block/units.ts";
import type { BlockDevice } from "../../block/device.ts";
import { differingStretches } from "../../disk/image/differing.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { CommandFailure, EXIT_CODES } from "../failure.ts";
import { openImage, PIPE } from "../files.ts";
import { interruptible } from "../interruption.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { collect } from "../options.ts";
import { eachPiece, gathered } from "../transfer.ts";
import { type WriteFlags, writeView } from "../view/written_view.ts";

const JSON_KEYS = ["view", "sizeBytes", "changedBytes"];

type ImportFlags = WriteFlags & JsonFlags;

/** The unit in which differences are told. */
const UNIT_SECTORS = 8;

const LEFT = "a part was imported; to go on, run the same command again";

/** Makes a view into what pieces say, in order, and zeroes behind them. */
class Importer {
  readonly #target: BlockDevice;
  #there = new Uint8Array(0);
  /** Sectors that came, from the first on. */
  sectorCount = 0;
  /** Sectors that differed. */
  changedSectors = 0;

  constructor(target: BlockDevice) {
    this.#target = target;
  }

  async take(piece: Uint8Array): Promise<void> {
    const first = this.sectorCount;
    if (this.#there.length !== piece.length) this.#there = new Uint8Array(piece.length);
    await this.#target.read(this.#there, first);
    for (const { sector, sectorCount } of differingStretches(this.#there, piece, UNIT_SECTORS)) {
      const start = sectorsToBytes(sector);
      const stretch = piece.subarray(start, start + sectorsToBytes(sectorCount));
      await this.#target.write(stretch, first + sector);
      this.changedSectors += sectorCount;
    }
    this.sectorCount += bytesToSectors(piece.length);
  }

  async end(): Promise<this> {
    const left = this.#target.sectorCount - this.sectorCount;
    if (left > 0) await this.#target.writeZeroes(this.sectorCount, left);
    return this;
  }
}

async function importFile(
  environment: Environment,
  image: BlockDevice,
  target: BlockDevice,
): Promise<Importer> {
  if (image.sectorCount > target.sectorCount) {
    throw new CommandFailure(
      `Cannot import "${image.name}": it has ${image.sectorCount} sectors, the view only ` +
        `${target.sectorCount}`,
    );
  }
  const importer = new Importer(target);
  const transfer = { device: image, verb: "importing", interruptedWith: LEFT };
  await eachPiece(environment, transfer, (piece) => importer.take(piece));
  return await importer.end();
}

/** How much will come is not known before: what fits is imported. */
async function importPipe(environment: Environment, target: BlockDevice): Promise<Importer> {
  const importer = new Importer(target);
  const pieces = interruptible(environment, environment.input.pieces(), LEFT);
  for await (const piece of gathered(pieces)) {
    const sectorCount = divCeil(piece.length, SECTOR_BYTES);
    const left = target.sectorCount - importer.sectorCount;
    if (sectorCount > left) {
      throw new CommandFailure(
        `Cannot import more than the view's ${target.sectorCount} sectors: the image goes on`,
      );
    }
    // The last sector, if it is not whole, ends in zeroes, as all that lies behind it.
    const whole = new Uint8Array(sectorsToBytes(sectorCount));
    whole.set(piece);
    await importer.take(whole);
  }
  return await importer.end();
}

async function importImage(
  environment: Environment,
  path: string,
  word: string,
  flags: ImportFlags,
): Promise<void> {
  const isPipe = path === PIPE;
  if (isPipe && environment.input.isTerminal) {
    throw new CommandFailure("Nothing to import: want a pipe", EXIT_CODES.usage);
  }
  using stack = new DisposableStack();
  const image = isPipe ? null : stack.adopt(openImage(path, "read"), (each) => each.closeSync());
  const { sectorCount, changedSectors } = await writeView(
    word,
    flags,
    isPipe ? {} : { IMAGE: path },
    (target) =>
      image === null ? importPipe(environment, target) : importFile(environment, image, target),
  );
  const sizeBytes = sectorsToBytes(sectorCount);
  const changedBytes = sectorsToBytes(changedSectors);
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
    .argument("<IMAGE>", "the raw image; - for the standard input")
    .argument("<VIEW>", "an image, or ORIGIN+COW: what a snapshot shows")
    .option("--keep <COW>", "a snapshot of the image that keeps its view (repeat)", collect)
    .addOption(jsonOption(JSON_KEYS))
    .addHelpText(
      "after",
      example(
        "$ cowdisk import changed.img disk.img+monday.cow",
        "disk.img+monday.cow: 2 MiB imported, 8 KiB of it differed",
        "$ gzip < changed.img | gunzip | cowdisk import - copy.img",
        "copy.img: 2 MiB imported, 8 KiB of it differed",
      ),
    )
    .action((image: string, view: string, flags: ImportFlags) =>
      importImage(environment, image, view, flags)
    );
}
