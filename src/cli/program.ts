/**
 * The command line as a function: words in, exit code out.
 *
 * @module
 */

import { setColorEnabled } from "@std/fmt/colors";
import { Command, CommanderError } from "commander";
import { BlockDeviceError } from "../block/errors.ts";
import { addApply } from "./commands/apply.ts";
import { addBench } from "./commands/bench.ts";
import { addCheck } from "./commands/check.ts";
import { addCompletions } from "./commands/completions.ts";
import { addCreate } from "./commands/create.ts";
import { addDiff } from "./commands/diff.ts";
import { addDm } from "./commands/dm.ts";
import { addDump } from "./commands/dump.ts";
import { addExport } from "./commands/export.ts";
import { addHash } from "./commands/hash.ts";
import { addImport } from "./commands/import.ts";
import { addLive } from "./commands/live.ts";
import { addMap } from "./commands/map.ts";
import { addMerge } from "./commands/merge.ts";
import { addRead } from "./commands/read.ts";
import { addServe } from "./commands/serve.ts";
import { addSnapshot } from "./commands/snapshot.ts";
import { addStatus } from "./commands/status.ts";
import { addTable } from "./commands/table.ts";
import { addTour } from "./commands/tour.ts";
import { addVerify } from "./commands/verify.ts";
import { addWatch } from "./commands/watch.ts";
import { addWrite } from "./commands/write.ts";
import type { Environment } from "./environment.ts";
import { CommandFailure, EXIT_CODES } from "./failure.ts";

const VERSION = "0.1.0";

/** The commands by what they are for, in the order in which the help lists them. */
const GROUPS: Readonly<Record<string, ((program: Command, environment: Environment) => void)[]>> = {
  "Images:": [addCreate, addImport, addExport],
  "Snapshots:": [addSnapshot, addStatus, addTable, addMerge],
  "Contents:": [addRead, addWrite, addMap, addDiff, addApply],
  "Integrity:": [addHash, addVerify, addCheck, addDump],
  "Serving:": [addServe, addLive, addDm, addWatch],
  "This program:": [addTour, addBench, addCompletions],
};

/** `merge <ORIGIN> <COW>`: every command has options, which its own help lists. */
function termOf(command: Command): string {
  const words = command.registeredArguments.map((argument) => {
    const dots = argument.variadic ? "..." : "";
    return argument.required ? `<${argument.name()}${dots}>` : `[${argument.name()}${dots}]`;
  });
  return [command.name(), ...words].join(" ");
}

/**
 * All commands, as a tree of words.
 *
 * @param environment The world.
 * @returns The program, not run yet.
 */
export function createProgram(environment: Environment): Command {
  const { out, err } = environment;
  const program = new Command("cowdisk")
    .description("Disk images with copy-on-write snapshots, in Linux's own format.")
    .version(VERSION)
    .helpCommand(false)
    // `dm` hands options behind its first word on.
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError("Try --help.")
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: (text) => err.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "cowdisk: ")),
      getOutHelpWidth: () => Math.min(out.columns, 100),
      getErrHelpWidth: () => Math.min(err.columns, 100),
      getOutHasColors: () => out.hasColors,
      getErrHasColors: () => err.hasColors,
    })
    .configureHelp({ subcommandTerm: termOf })
    .addHelpText(
      "after",
      "\nSizes are written as 4K, 64M or 1G. Nothing is replaced unasked.\n" +
        "Exit codes: 0 done, 1 failed, 2 not understood, 130 interrupted.",
    );
  for (const [heading, commands] of Object.entries(GROUPS)) {
    program.commandsGroup(heading);
    for (const add of commands) add(program, environment);
  }
  return program;
}

/** A sentence for what was thrown. */
function describe(error: unknown): string {
  if (error instanceof CommandFailure || error instanceof BlockDeviceError) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/**
 * Runs a command.
 *
 * @param words The arguments, without the program's name.
 * @param environment The world.
 * @returns The exit code.
 */
export async function run(words: readonly string[], environment: Environment): Promise<number> {
  setColorEnabled(environment.out.hasColors);
  const program = createProgram(environment);
  try {
    await program.parseAsync(words, { from: "user" });
    return EXIT_CODES.done;
  } catch (error) {
    // commander has said already what is wrong.
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.usage;
    }
    const sentence = describe(error);
    if (sentence !== "") environment.err.write(`cowdisk: ${sentence}\n`);
    return error instanceof CommandFailure ? error.exitCode : EXIT_CODES.failed;
  }
}
