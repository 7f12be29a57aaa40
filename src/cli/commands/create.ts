/**
 * `cowdisk create`: a new disk image, all zeroes.
 *
 * @module
 */

import type { Command } from "commander";
import { formatSize, sectorsToBytes } from "../../block/units.ts";
import type { Environment } from "../environment.ts";
import { makeImage } from "../files.ts";
import { sectorsOf } from "../options.ts";

interface CreateFlags {
  readonly force?: boolean;
}

async function create(
  environment: Environment,
  path: string,
  sectorCount: number,
  { force = false }: CreateFlags,
): Promise<void> {
  await makeImage({ path, sectorCount, force }, () => {});
  environment.out.write(`${path}: ${formatSize(sectorsToBytes(sectorCount))} of zeroes\n`);
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addCreate(program: Command, environment: Environment): void {
  program.command("create")
    .summary("make a disk image, all zeroes")
    .description("Makes a sparse raw image: it takes no room before something is written to it.")
    .argument("<IMAGE>", "the file to make")
    .argument("<SIZE>", "its size, for example 64M", sectorsOf)
    .option("--force", "replace IMAGE if it is there")
    .addHelpText("after", "\nExample:\n  cowdisk create disk.img 1G")
    .action((image: string, sectorCount: number, flags: CreateFlags) =>
      create(environment, image, sectorCount, flags)
    );
}
