/**
 * `cowdisk verify`: whether views still hold what `cowdisk hash` has seen.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { CommandFailure } from "../failure.ts";
import { requireInput } from "../files.ts";
import { hashView } from "../hash/hash_view.ts";
import { type JsonFlags, jsonOption, report } from "../json.ts";
import { jobsOf } from "../options.ts";

const JSON_KEYS = ["view", "isSame"];

interface VerifyFlags extends JsonFlags {
  readonly jobs?: number;
  readonly quiet?: boolean;
}

/** A line of what `hash` prints. */
interface Sum {
  readonly hash: string;
  readonly word: string;
}

function readSums(path: string): Sum[] {
  requireInput(path);
  const lines = readFileSync(path, "utf8").split("\n").filter((line) => line !== "");
  if (lines.length === 0) throw new CommandFailure(`Cannot use "${path}": there is no line in it`);
  return lines.map((line, index) => {
    const [, hash, word] = /^([0-9a-f]{32}) {2}(.+)$/.exec(line) ?? [];
    if (hash !== undefined && word !== undefined) return { hash, word };
    throw new CommandFailure(
      `Cannot use "${path}": line ${index + 1} is no line of \`cowdisk hash\``,
    );
  });
}

async function verify(
  environment: Environment,
  path: string,
  flags: VerifyFlags,
): Promise<void> {
  const { jobs = availableParallelism(), quiet = false, json = false } = flags;
  const rows: { view: string; isSame: boolean }[] = [];
  let changedCount = 0;
  const sums = readSums(path);
  for (const { hash, word } of sums) {
    const isSame = await hashView(environment, { word, jobs }) === hash;
    if (!isSame) changedCount++;
    if (isSame && quiet) continue;
    if (json) rows.push({ view: word, isSame });
    else environment.out.write(`${word}: ${isSame ? "same" : "CHANGED"}\n`);
  }
  report(environment.out, flags, rows, "");
  if (changedCount === 0) return;
  throw new CommandFailure(`${changedCount} of ${sums.length} have changed`);
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addVerify(program: Command, environment: Environment): void {
  program.command("verify")
    .summary("find views that have changed since they were hashed")
    .description("Hashes views again, and fails when one holds something else than it did.")
    .argument("<SUMS>", "what `cowdisk hash` has printed")
    .option("--jobs <count>", "threads (default: one for each processor)", jobsOf)
    .option("--quiet", "print only what has changed")
    .addOption(jsonOption(JSON_KEYS, { isArray: true }))
    .addHelpText(
      "after",
      example("$ cowdisk verify sums", "disk.img: same", "disk.img+monday.cow: same"),
    )
    .action((sums: string, flags: VerifyFlags) => verify(environment, sums, flags));
}
