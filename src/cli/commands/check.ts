/**
 * `cowdisk check`: everything that is wrong with a COW image or a bad-block table, and its repair.
 *
 * Findings are written as they are found, so that an image full of garbage takes no memory. Only
 * errors make it fail: an image with warnings or notes opens as it is.
 *
 * Another kind of table gets a checker by an entry in {@linkcode CHECKERS}, or, when the image does not
 * tell where its table is, by an option that does.
 *
 * @module
 */

import type { Command } from "commander";
import type { BlockDevice } from "../../block/device.ts";
import { type Plan, runSync } from "../../block/plan.ts";
import { formatSize, sectorsToBytes } from "../../block/units.ts";
import {
  type CowCheckReport,
  type Finding,
  type FindingCounts,
  planCowCheck,
  planCowRepair,
} from "../../exception/mod.ts";
import { badBlockChecker } from "../bad_block_checker.ts";
import type { Environment, Output } from "../environment.ts";
import { CommandFailure, EXIT_CODES } from "../failure.ts";
import { example } from "../example.ts";
import { openImage, requireDistinct } from "../files.ts";
import { type JsonFlags, jsonOption } from "../json.ts";
import { counted } from "../report.ts";

/** Besides what the kind of table is counted in. */
const JSON_KEYS = ["kind", "findings", "errors", "warnings", "notes", "repaired"];

interface CheckFlags extends JsonFlags {
  readonly origin?: string;
  readonly badBlockTable?: string;
  readonly repair?: boolean;
  readonly quiet?: boolean;
}

/** What a checker is told. */
export interface CheckOptions {
  readonly cow: BlockDevice;
  readonly origin?: BlockDevice;
  readonly onFinding: (finding: Finding) => void;
}

/** What a checker tells of the whole. */
export interface Verdict {
  readonly counts: FindingCounts;
  /** For `--json`. */
  readonly facts: object;
  /** For people. */
  readonly summary: string;
}

/** A kind of table that can be checked. */
export interface TableChecker {
  check(options: CheckOptions): Plan<Verdict>;
  repair(options: CheckOptions): Plan<{ verdict: Verdict; repaired: readonly Finding[] }>;
}

const COW_CHECKER: TableChecker = {
  *check(options) {
    return cowVerdict(yield* planCowCheck(options));
  },
  *repair(options) {
    const { after, repaired } = yield* planCowRepair(options);
    return { verdict: cowVerdict(after), repaired };
  },
};

/** The kinds there are, by the name that `--json` tells. */
const CHECKERS = { cow: COW_CHECKER } as const;

/** What is nothing else is checked as a COW image, and told what it lacks to be one. */
function kindOf(_device: BlockDevice): keyof typeof CHECKERS {
  return "cow";
}

function cowVerdict({ counts, ...facts }: CowCheckReport): Verdict {
  const { chunkSectors, exceptionCount, areaCount, usedChunks, leakedChunks } = facts;
  const summary = chunkSectors === 0
    ? "its exceptions cannot be counted"
    : areaCount === 0
    ? `chunks of ${formatSize(sectorsToBytes(chunkSectors))}`
    : `${counted(exceptionCount, "exception")} in ${counted(areaCount, "area")}, ` +
      `${counted(usedChunks, "chunk")} of ${formatSize(sectorsToBytes(chunkSectors))} in use, ` +
      `${leakedChunks} leaked`;
  return { counts, facts, summary };
}

/** Where findings go: lines for people, the elements of an array for programs, or nowhere. */
function findingWriter(out: Output, flags: CheckFlags): (finding: Finding) => void {
  if (flags.quiet === true) return () => {};
  if (flags.json === true) {
    let separator = "";
    return (finding) => {
      out.write(`${separator}${JSON.stringify(finding)}`);
      separator = ",";
    };
  }
  return ({ severity, message, isRepairable }) => {
    const remedy = isRepairable ? " (can be repaired)" : "";
    out.write(`${severity.padEnd(7)}  ${message}${remedy}\n`);
  };
}

function writeEnd(
  out: Output,
  flags: CheckFlags,
  { counts, facts, summary }: Verdict,
  repaired: readonly Finding[],
): void {
  if (flags.quiet === true) return;
  if (flags.json === true) {
    const kinds = repaired.map(({ kind }) => kind);
    const rest = JSON.stringify({ ...counts, ...facts, repaired: kinds });
    out.write(`],${rest.slice(1)}\n`);
    return;
  }
  for (const { message } of repaired) out.write(`repaired ${message}\n`);
  const { errors, warnings, notes } = counts;
  const left = flags.repair === true ? " left" : "";
  const found = [counted(errors, "error"), counted(warnings, "warning"), counted(notes, "note")];
  out.write(`${summary}\n${found.join(", ")}${left}\n`);
}

/** Checks or repairs; what is written is whole, even if the device fails on the way. */
function perform(out: Output, flags: CheckFlags, devices: Omit<CheckOptions, "onFinding">) {
  const line = flags.badBlockTable;
  const kind = line === undefined ? kindOf(devices.cow) : "bbr";
  const checker = kind === "bbr" ? badBlockChecker(line ?? "", devices.cow) : CHECKERS[kind];
  const isJson = flags.json === true && flags.quiet !== true;
  if (isJson) out.write(`{"kind":"${kind}","findings":[`);
  const options = { ...devices, onFinding: findingWriter(out, flags) };
  try {
    const outcome = flags.repair === true
      ? runSync(checker.repair(options))
      : { verdict: runSync(checker.check(options)), repaired: [] };
    writeEnd(out, flags, outcome.verdict, outcome.repaired);
    return outcome;
  } catch (error) {
    if (isJson) out.write("]}\n");
    throw error;
  }
}

function check(environment: Environment, cowPath: string, flags: CheckFlags): void {
  const { out } = environment;
  if (flags.origin !== undefined && flags.badBlockTable !== undefined) {
    throw new CommandFailure(
      "--origin says nothing about a bad-block table: leave it out",
      EXIT_CODES.usage,
    );
  }
  if (flags.origin !== undefined) requireDistinct({ ORIGIN: flags.origin, COW: cowPath });
  using stack = new DisposableStack();
  const open = (path: string, use: "read" | "write") =>
    stack.adopt(openImage(path, use), (device) => device.closeSync());
  const cow = open(cowPath, flags.repair === true ? "write" : "read");
  const origin = flags.origin === undefined ? {} : { origin: open(flags.origin, "read") };
  const { verdict } = perform(out, flags, { cow, ...origin });
  const { errors } = verdict.counts;
  if (errors === 0) return;
  const left = flags.repair === true ? " that cannot be repaired without a guess" : "";
  throw new CommandFailure(
    flags.quiet === true ? "" : `"${cow.name}" has ${counted(errors, "error")}${left}`,
  );
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addCheck(program: Command, environment: Environment): void {
  program.command("check")
    .summary("find what is wrong with a COW image, and repair what can be")
    .description(
      "Finds everything that is wrong with a COW image. Changes nothing without --repair, and " +
        "then only what takes no guess. Fails when there are errors: the snapshot cannot be " +
        "opened as it is stored. Warnings and notes are told, and are no failure.",
    )
    .argument("<COW>", "the COW image")
    .option("--origin <ORIGIN>", "the disk image, to check that exceptions are inside it")
    .option(
      "--bad-block-table <LINE>",
      "check the bad-block table that a bbr target's table line tells of",
    )
    .option("--repair", "repair what takes no guess")
    .addOption(jsonOption(JSON_KEYS, { more: "; and what there is to count" }))
    .option("--quiet", "print nothing: the exit code tells")
    .addHelpText(
      "after",
      example(
        "$ cowdisk check monday.cow --origin disk.img",
        "1 exception in 1 area, 1 chunk of 4 KiB in use, 0 leaked",
        "0 errors, 0 warnings, 0 notes",
      ),
    )
    .action((cow: string, flags: CheckFlags) => check(environment, cow, flags));
}
