/**
 * `cowdisk tour`: a session that shows what the product does, and proves it on the way.
 *
 * @module
 */

import { bold, cyan, dim, green, red } from "@std/fmt/colors";
import type { Command } from "commander";
import { formatSize, sectorsToBytes } from "../../block/units.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { CommandFailure } from "../failure.ts";
import { formatPairs, linesOf } from "../report.ts";
import { STORY } from "../tour/story.ts";
import { DISK_SECTORS, TourWorld } from "../tour/world.ts";

/** Who watches gets a moment to read. */
const PACE_MS = 160;
/** Where the hash of a view begins. */
const VIEW_COLUMN = 52;

const INTRODUCTION = [
  "Copy-on-write, step by step. Below each step, two lines for every device: its",
  "table as dm prints it; its status, and the XXH3 hash of every byte it shows.",
  "A snapshot's status counts sectors: in use / in its image, then metadata.",
  "✓ says that a plain array, told the same story, has the same hash.",
];

interface Tally {
  checks: number;
  failures: number;
}

function printDevice(environment: Environment, world: TourWorld, name: string): boolean {
  const device = world.devices.get(name)!;
  const { table, status } = linesOf(device);
  const { hash, isRight } = world.judge(name);
  const verdict = isRight ? green("✓") : red("✗");
  environment.out.write(
    `   ${cyan(name.padEnd(9))}${dim(table)}\n` +
      `   ${" ".repeat(9)}${status.padEnd(VIEW_COLUMN - 12)}${hash} ${verdict}\n`,
  );
  return isRight;
}

function printSummary(environment: Environment, world: TourWorld, tally: Tally, timeMs: number) {
  const snapshotCount = world.devices.size - 1;
  const full = formatSize(sectorsToBytes(DISK_SECTORS * snapshotCount));
  const right = tally.checks - tally.failures;
  environment.out.write(`\n${bold("In the end")}\n`);
  environment.out.write(
    formatPairs([
      ["   views", `${right} of ${tally.checks} are what they ought to be`],
      [
        "   copied",
        `${formatSize(sectorsToBytes(world.copiedSectors))}, where full copies take ${full}`,
      ],
      ["   time", `${(timeMs / 1000).toFixed(1)} s`],
    ]),
  );
}

async function tour(environment: Environment): Promise<void> {
  const { out, clock } = environment;
  const startMs = clock.nowMs();
  const tally: Tally = { checks: 0, failures: 0 };
  using world = new TourWorld();
  out.write(`${bold("cowdisk tour")}\n\n${INTRODUCTION.map((line) => `${line}\n`).join("")}`);
  for (const [index, { title, lines, act }] of STORY.entries()) {
    out.write(`\n${bold(`${index + 1}  ${title}`)}\n`);
    for (const line of lines) out.write(`   ${line}\n`);
    await act(world);
    for (const name of world.devices.keys()) {
      tally.checks++;
      if (!printDevice(environment, world, name)) tally.failures++;
    }
    if (out.isTerminal) await clock.sleep(PACE_MS);
  }
  printSummary(environment, world, tally, clock.nowMs() - startMs);
  if (tally.failures > 0) {
    throw new CommandFailure(`${tally.failures} of ${tally.checks} views are wrong`);
  }
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addTour(program: Command, environment: Environment): void {
  program.command("tour")
    .summary("see copy-on-write at work, in two seconds")
    .description(
      "Plays a short session on a disk in memory: snapshots, writes on all sides, a merge. Checks " +
        "every view after every step, and fails if one is wrong. Touches no file.",
    )
    .addHelpText("after", example("$ cowdisk tour", "cowdisk tour", "…"))
    .action(() => tour(environment));
}
