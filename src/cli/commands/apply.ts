/**
 * `cowdisk apply`: makes of a view what a delta says.
 *
 * @module
 */

import { createReadStream } from "node:fs";
import type { Command } from "commander";
import { formatSize, sectorsToBytes } from "../../block/units.ts";
import { applyDelta } from "../../disk/mod.ts";
import type { Environment } from "../environment.ts";
import { requireInput } from "../files.ts";
import { collect } from "../options.ts";
import { type WriteFlags, writeView } from "../view/written_view.ts";

async function apply(
  environment: Environment,
  path: string,
  word: string,
  flags: WriteFlags,
): Promise<void> {
  requireInput(path);
  const { changedSectors, sameSectors } = await writeView(
    word,
    flags,
    { DELTA: path },
    (device) => applyDelta(device, () => createReadStream(path)),
  );
  const size = (sectors: number) => formatSize(sectorsToBytes(sectors));
  const same = sameSectors === 0 ? "" : `, ${size(sameSectors)} were so already`;
  environment.out.write(`${word}: ${size(changedSectors)} changed${same}\n`);
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addApply(program: Command, environment: Environment): void {
  program.command("apply")
    .summary("apply a delta that `diff` has made")
    .description(
      "Makes a view into what a delta says. All of it is checked first: a delta that is damaged, or " +
        "that belongs on something else, changes nothing. After a crash the same command goes on.",
    )
    .argument("<DELTA>", "the delta")
    .argument("<VIEW>", "an image, or ORIGIN+COW: what a snapshot shows")
    .option("--keep <COW>", "a snapshot of the image that keeps its view (repeat)", collect)
    .addHelpText("after", "\nExample:\n  cowdisk apply monday.delta disk.img")
    .action((delta: string, view: string, flags: WriteFlags) =>
      apply(environment, delta, view, flags)
    );
}
