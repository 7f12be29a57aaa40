/**
 * `cowdisk read`: bytes of a view, to a pipe or as hexadecimal.
 *
 * @module
 */

import type { Command } from "commander";
import { partOf, rangeOf, sectorsAround } from "../bytes_range.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { HexDump } from "../hex_dump.ts";
import { bytesOf } from "../options.ts";
import { eachPiece, requirePipe } from "../transfer.ts";
import { openView } from "../view/view.ts";

interface ReadFlags {
  readonly offset: number;
  readonly length?: number;
  readonly hex?: boolean;
}

async function read(environment: Environment, word: string, flags: ReadFlags): Promise<void> {
  const { out } = environment;
  if (flags.hex !== true) requirePipe(out, "--hex, or a pipe or file behind it");
  await using view = await openView(word, "read");
  const { device } = view;
  const range = rangeOf(device, flags.offset, flags.length);
  const dump = flags.hex === true
    ? new HexDump(range.offsetBytes, (text) => out.write(text))
    : null;
  const transfer = { device, ...sectorsAround(range), verb: "reading", interruptedWith: "not all" };
  await eachPiece(environment, transfer, (piece, sector) => {
    const bytes = partOf(piece, sector, range);
    if (dump === null) out.writeBytes(bytes);
    else dump.add(bytes);
  });
  dump?.end();
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addRead(program: Command, environment: Environment): void {
  program.command("read")
    .summary("print bytes of a view")
    .description("Prints what a view holds, as it is, or as hexadecimal. Changes nothing.")
    .argument("<VIEW>", "an image, or ORIGIN+COW: what a snapshot shows")
    .option("--offset <size>", "the first byte", bytesOf, 0)
    .option("--length <size>", "how many bytes (default: all to the end)", bytesOf)
    .option("--hex", "as hexadecimal")
    .addHelpText(
      "after",
      example(
        "$ cowdisk read disk.img --offset 1M --length 16 --hex",
        "00100000  68 65 6c 6c 6f 2c 20 74  75 65 73 64 61 79 0a 00  |hello, tuesday..|",
        "00100010",
        "$ cowdisk read disk.img+monday.cow > monday.img",
      ),
    )
    .action((view: string, flags: ReadFlags) => read(environment, view, flags));
}
