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
import { example } from "../example.ts";
import { requireInput } from "../files.ts";
import { interruptible } from "../interruption.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { collect } from "../options.ts";
import { type WriteFlags, writeView } from "../view/written_view.ts";

const JSON_KEYS = ["view", "changedBytes", "sameBytes"];

type ApplyFlags = WriteFlags & JsonFlags;

async function apply(
  environment: Environment,
  path: string,
  word: string,
  flags: ApplyFlags,
): Promise<void> {
  requireInput(path);
  const left = "a part may be changed; to go on, run the same command again";
  const open = () => interruptible(environment, createReadStream(path), left);
  const { changedSectors, sameSectors } = await writeView(
    word,
    flags,
    { DELTA: path },
    (device) => applyDelta(device, open),
  );
  const [changedBytes, sameBytes] = [sectorsToBytes(changedSectors), sectorsToBytes(sameSectors)];
  const same = sameBytes === 0 ? "" : `, ${formatSize(sameBytes)} were so already`;
  const text = `${word}: ${formatSize(changedBytes)} changed${same}\n`;
  report(environment.out, flags, { view: word, changedBytes, sameBytes }, text);
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
    .addOption(jsonOption(JSON_KEYS))
    .addHelpText(
      "after",
      example("$ cowdisk apply tuesday.delta copy.img", "copy.img: 4 KiB changed"),
    )
    .action((delta: string, view: string, flags: ApplyFlags) =>
      apply(environment, delta, view, flags)
    );
}
