/**
 * `cowdisk merge`: folds a snapshot back into its origin.
 *
 * @module
 */

import type { Command } from "commander";
import { runAsync } from "../../block/plan.ts";
import { divCeil } from "../../block/units.ts";
import type { MappedDevice } from "../../mapper/mapped_device.ts";
import { openMerge } from "../../mapper/stack.ts";
import { countExceptions, readCowHeader } from "../cow_image.ts";
import type { Environment } from "../environment.ts";
import { CommandFailure, EXIT_CODES } from "../failure.ts";
import type { FileDevice } from "../../devices/file.ts";
import { example } from "../example.ts";
import { openImage, requireDistinct } from "../files.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { collect } from "../options.ts";
import { Progress } from "../progress.ts";
import { counted } from "../report.ts";
import { openKeptOrigin } from "../view/kept_origin.ts";

const JSON_KEYS = ["origin", "cow", "mergedChunks"];

interface MergeFlags extends JsonFlags {
  readonly keep?: readonly string[];
}

/** How often progress is looked at. */
const LOOK_MS = 100;

function statusOf(device: MappedDevice): string {
  return device.activeTargets?.[0]?.status() ?? "";
}

/** A step is an eighth of everything, so that the bar moves and a Ctrl-C is heard, within limits. */
const STEP_COUNT = 8;

/** 2 MiB: smaller steps wait for the disk more than they copy. */
const STEP_SECTORS_MIN = 4096;

/** 16 MiB: larger steps are no faster. */
const STEP_SECTORS_MAX = 32_768;

/** After so much of a step, 4 MiB, the disk begins to write. */
const FLUSH_SECTORS = 8192;

/** Exceptions that are not merged yet, from dm's status. */
function exceptionsLeft(device: MappedDevice, chunkSectors: number, otherwise: number): number {
  const usage = /^(\d+)\/\d+ (\d+)$/.exec(statusOf(device));
  return usage === null ? otherwise : (Number(usage[1]) - Number(usage[2])) / chunkSectors;
}

/** Merges until done, failed, or interrupted. */
async function mergeWatched(
  environment: Environment,
  origin: FileDevice,
  cow: FileDevice,
): Promise<number> {
  const header = readCowHeader(cow);
  if (!header.isValid) {
    throw new CommandFailure(`Cannot merge "${cow.name}": the snapshot is invalid`);
  }
  const { chunkSectors } = header;
  const total = countExceptions(cow, header);
  const progress = new Progress(environment, "merging", total, "chunks");
  const stepSectors = divCeil(total * chunkSectors, STEP_COUNT);
  const { device, merged } = await openMerge({
    origin,
    cow,
    mergeStepSectors: Math.min(STEP_SECTORS_MAX, Math.max(STEP_SECTORS_MIN, stepSectors)),
    mergeFlushSectors: FLUSH_SECTORS,
  });
  let isMerging = true;
  let suspension: Promise<void> | null = null;
  const stopListening = environment.onInterrupt(() => {
    // A merge stops between two steps, where both images are whole.
    suspension = runAsync(device.suspend());
  });
  const ended = merged.then(() => isMerging = false);
  try {
    while (isMerging) {
      await Promise.race([ended, environment.clock.sleep(LOOK_MS)]);
      progress.update(total - exceptionsLeft(device, chunkSectors, total));
    }
    progress.end();
    if (statusOf(device) === "Merge failed") {
      const failure = device.activeTargets?.[0]?.failure;
      const why = failure instanceof Error ? failure.message : String(failure);
      throw new CommandFailure(
        `The merge stopped: ${why}; to go on, run the same command again`,
      );
    }
  } finally {
    stopListening();
    progress.end();
    await suspension;
    await device.close();
  }
  const left = countExceptions(cow, header);
  if (suspension !== null && left > 0) {
    throw new CommandFailure(
      `Interrupted with ${left} of ${total} chunks left to merge; both images are whole; ` +
        "to go on, run the same command again",
      EXIT_CODES.interrupted,
    );
  }
  return total;
}

async function merge(
  environment: Environment,
  originPath: string,
  cowPath: string,
  flags: MergeFlags,
): Promise<void> {
  const { keep = [] } = flags;
  const keptFiles = Object.fromEntries(keep.map((path, index) => [`--keep ${index + 1}`, path]));
  requireDistinct({ ORIGIN: originPath, COW: cowPath, ...keptFiles });
  using images = new DisposableStack();
  const open = (path: string) =>
    images.adopt(openImage(path, "write"), (device) => device.closeSync());
  const origin = open(originPath);
  const cow = open(cowPath);
  // Whoever keeps its view is found by the merge, which writes the same image.
  await using kept = await openKeptOrigin(origin, keep);
  const total = await mergeWatched(environment, origin, cow);
  const facts = { origin: originPath, cow: cowPath, mergedChunks: total };
  const text = `${originPath}: ${
    counted(total, "chunk")
  } merged from ${cowPath}, which is empty now\n`;
  report(environment.out, flags, facts, text);
  kept.requireKept();
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addMerge(program: Command, environment: Environment): void {
  program.command("merge")
    .summary("fold a snapshot back into ORIGIN")
    .description(
      "Folds a snapshot back: ORIGIN becomes what the snapshot shows, and COW an empty snapshot of " +
        "it. Ctrl-C stops between two steps; after that, or after a crash, the same command goes on. " +
        "Other snapshots of ORIGIN keep their view only if they are named with --keep.",
    )
    .argument("<ORIGIN>", "the disk image; it is written")
    .argument("<COW>", "the snapshot's COW image; it is emptied")
    .option("--keep <COW>", "another snapshot of ORIGIN that keeps its view (repeat)", collect)
    .addOption(jsonOption(JSON_KEYS))
    .addHelpText(
      "after",
      example(
        "$ cowdisk merge disk.img monday.cow --keep tuesday.cow",
        "disk.img: 1 chunk merged from monday.cow, which is empty now",
      ),
    )
    .action((origin: string, cow: string, flags: MergeFlags) =>
      merge(environment, origin, cow, flags)
    );
}
