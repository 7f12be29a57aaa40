/**
 * `cowdisk hash`: one line for each view, which `cowdisk verify` reads.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import { hashView } from "../hash/hash_view.ts";
import { jobsOf } from "../options.ts";

interface HashFlags {
  readonly jobs?: number;
}

async function hash(
  environment: Environment,
  words: readonly string[],
  { jobs = availableParallelism() }: HashFlags,
): Promise<void> {
  for (const word of words) {
    environment.out.write(`${await hashView(environment, { word, jobs })}  ${word}\n`);
  }
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
    .option("--jobs <count>", "workers (default: one for each processor)", jobsOf)
    .addHelpText("after", "\nExample:\n  cowdisk hash disk.img disk.img+monday.cow > sums")
    .action((views: string[], flags: HashFlags) => hash(environment, views, flags));
}
