/**
 * `cowdisk hash`: one line for each view, which `cowdisk verify` reads.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { hashView } from "../hash/hash_view.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { jobsOf } from "../options.ts";

const JSON_KEYS = ["view", "hash"];

interface HashFlags extends JsonFlags {
  readonly jobs?: number;
}

async function hash(
  environment: Environment,
  words: readonly string[],
  flags: HashFlags,
): Promise<void> {
  const { jobs = availableParallelism() } = flags;
  const rows: { view: string; hash: string }[] = [];
  for (const word of words) {
    const hash = await hashView(environment, { word, jobs });
    if (flags.json === true) rows.push({ view: word, hash });
    else environment.out.write(`${hash}  ${word}\n`);
  }
  report(environment.out, flags, rows, "");
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addHash(program: Command, environment: Environment): void {
  program.command("hash")
    .summary("print a hash of what views hold")
    .description(
      "Prints a hash of each view's contents, for `cowdisk verify`: XXH3-128 of the XXH3-128s of " +
        "every 4 MiB. It tells accidents, not attacks.",
    )
    .argument("<VIEW...>", "images, or ORIGIN+COW: what a snapshot shows")
    .option("--jobs <count>", "threads (default: one for each processor)", jobsOf)
    .addOption(jsonOption(JSON_KEYS, { isArray: true }))
    .addHelpText(
      "after",
      example(
        "$ cowdisk hash disk.img disk.img+monday.cow",
        "1483a5d64836f11a908c33a63b5fb94e  disk.img",
        "4517852e631f810e2c1236bdfccca635  disk.img+monday.cow",
        "$ cowdisk hash disk.img disk.img+monday.cow > sums",
      ),
    )
    .action((views: string[], flags: HashFlags) => hash(environment, views, flags));
}
