/**
 * `cowdisk write`: bytes from a pipe or file into a view.
 *
 * @module
 */

import { createReadStream, statSync } from "node:fs";
import type { Command } from "commander";
import type { BlockDevice } from "../../block/device.ts";
import { formatSize } from "../../block/units.ts";
import { rangeOf, writeBytesAt } from "../bytes_range.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { CommandFailure, EXIT_CODES } from "../failure.ts";
import { requireInput } from "../files.ts";
import { interruptible } from "../interruption.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { bytesOf, collect } from "../options.ts";
import { gathered } from "../transfer.ts";
import { type WriteFlags, writeView } from "../view/written_view.ts";

const JSON_KEYS = ["view", "writtenBytes"];

interface WriteCommandFlags extends WriteFlags, JsonFlags {
  readonly offset: number;
  readonly in?: string;
}

async function writeAll(
  device: BlockDevice,
  offsetBytes: number,
  pieces: AsyncIterable<Uint8Array>,
): Promise<number> {
  rangeOf(device, offsetBytes);
  let written = 0;
  for await (const bytes of gathered(pieces)) {
    rangeOf(device, offsetBytes + written, bytes.length);
    await writeBytesAt(device, bytes, offsetBytes + written);
    written += bytes.length;
  }
  return written;
}

async function write(
  environment: Environment,
  word: string,
  flags: WriteCommandFlags,
): Promise<void> {
  const { in: path, offset } = flags;
  if (path === undefined && environment.input.isTerminal) {
    throw new CommandFailure("Nothing to write: want --in FILE, or a pipe", EXIT_CODES.usage);
  }
  if (path !== undefined) requireInput(path);
  const written = await writeView(
    word,
    flags,
    path === undefined ? {} : { "--in": path },
    async (device) => {
      // A file that does not fit is refused before anything is written; a pipe does not tell.
      if (path !== undefined) rangeOf(device, offset, statSync(path).size);
      const pieces = path === undefined ? environment.input.pieces() : createReadStream(path);
      const words = "a part may be written";
      return await writeAll(device, offset, interruptible(environment, pieces, words));
    },
  );
  // For people it is said aside: whoever pipes wants no word of it in the next program.
  const { out, err } = environment;
  const text = `${word}: ${formatSize(written)} written\n`;
  report(flags.json === true ? out : err, flags, { view: word, writtenBytes: written }, text);
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addWrite(program: Command, environment: Environment): void {
  program.command("write")
    .summary("write bytes to a view")
    .description(
      "Writes what comes from a pipe or file. Written to an image, snapshots keep their view only " +
        "if they are named with --keep; written to ORIGIN+COW, ORIGIN stays as it is.",
    )
    .argument("<VIEW>", "an image, or ORIGIN+COW: what a snapshot shows")
    .option("--offset <size>", "the first byte", bytesOf, 0)
    .option("--in <FILE>", "what to write (default: the standard input)")
    .option("--keep <COW>", "a snapshot of the image that keeps its view (repeat)", collect)
    .addOption(jsonOption(JSON_KEYS))
    .addHelpText(
      "after",
      example(
        "$ cowdisk write disk.img --in boot.bin --keep monday.cow",
        "disk.img: 512 B written",
        "$ echo hello | cowdisk write disk.img+monday.cow --offset 1M",
        "disk.img+monday.cow: 6 B written",
      ),
    )
    .action((view: string, flags: WriteCommandFlags) => write(environment, view, flags));
}
