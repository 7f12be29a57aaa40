/**
 * `cowdisk create`: a new disk image, all zeroes.
 *
 * @module
 */

import type { Command } from "commander";
import { formatSize, sectorsToBytes } from "../../block/units.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { makeImage } from "../files.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { sectorsOf } from "../options.ts";

const JSON_KEYS = ["image", "sizeBytes"];

interface CreateFlags extends JsonFlags {
  readonly force?: boolean;
}

async function create(
  environment: Environment,
  path: string,
  sectorCount: number,
  flags: CreateFlags,
): Promise<void> {
  const { force = false } = flags;
  await makeImage(environment, { path, sectorCount, force }, () => {});
  const sizeBytes = sectorsToBytes(sectorCount);
  const text = `${path}: ${formatSize(sizeBytes)} of zeroes\n`;
  report(environment.out, flags, { image: path, sizeBytes }, text);
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
    .addOption(jsonOption(JSON_KEYS))
    .addHelpText("after", example("$ cowdisk create new.img 1G", "new.img: 1 GiB of zeroes"))
    .action((image: string, sectorCount: number, flags: CreateFlags) =>
      create(environment, image, sectorCount, flags)
    );
}
