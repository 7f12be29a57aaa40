/**
 * The command line as a function: words in, exit code out.
 *
 * @module
 */

import { setColorEnabled } from "@std/fmt/colors";
import { Command, CommanderError } from "commander";
import { BlockDeviceError } from "../block/errors.ts";
import type { Environment } from "./environment.ts";
import { CommandFailure, EXIT_CODES } from "./failure.ts";

const VERSION = "0.1.0";

/** The commands by what they are for, in the order in which the help lists them. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  "Images:": ["create", "import", "export"],
  "Snapshots:": ["snapshot", "status", "table", "merge"],
  "Contents:": ["read", "write", "map", "diff", "apply"],
  "Integrity:": ["hash", "verify", "check", "dump"],
  "Serving:": ["serve", "live", "dm", "watch"],
  "This program:": ["tour", "bench", "completions"],
};

/** A module with commands: `addMap` adds `map`. */
type Commands = Readonly<Record<string, (program: Command, environment: Environment) => void>>;

/** The command that some words call, if it can do without the others. */
function soleCommandOf([name = ""]: readonly string[]): string | null {
  const isKnown = Object.values(GROUPS).some((names) => names.includes(name));
  return isKnown && name !== "completions" ? name : null;
}

/**
 * Loads one command, or all: to load all takes longer than most of them do. A path that is written out
 * in an import, if only in part, would be followed before anything runs.
 */
async function load(sole: string | null): Promise<Commands> {
  const path = sole === null ? "./all_commands.ts" : `./commands/${sole}.ts`;
  return await import(path);
}

/** `merge <ORIGIN> <COW>`: every command has options, which its own help lists. */
function termOf(command: Command): string {
  const words = command.registeredArguments.map((argument) => {
    const dots = argument.variadic ? "..." : "";
    return argument.required ? `<${argument.name()}${dots}>` : `[${argument.name()}${dots}]`;
  });
  return [command.name(), ...words].join(" ");
}

/**
 * The commands that some words need, as a tree of words: the one that they call, or all of them where
 * they call none, and so may be about any.
 *
 * @param environment The world.
 * @param words The arguments. Left out: all commands.
 * @returns The program, not run yet.
 */
export async function createProgram(
  environment: Environment,
  words: readonly string[] = [],
): Promise<Command> {
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
  const sole = soleCommandOf(words);
  const commands = await load(sole);
  for (const [heading, names] of Object.entries(GROUPS)) {
    program.commandsGroup(heading);
    for (const name of names) {
      if (sole !== null && name !== sole) continue;
      commands[`add${name.charAt(0).toUpperCase()}${name.slice(1)}`]!(program, environment);
    }
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
  const program = await createProgram(environment, words);
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
