/**
 * What can be typed, taken from the commands themselves: commander's tree is the only list of it.
 *
 * What a value wants is told by how the help writes it:
 *
 * | in the help | is completed with |
 * |---|---|
 * | choices | those |
 * | `VIEW`, `FROM`, `TO`, or something said to take `mem:` | files, a COW image behind a `+`, devices |
 * | another word in capitals but `SIZE` and `LINE`, and `path` | files |
 * | anything else | nothing |
 *
 * @module
 */

import type { Argument, Command, Option } from "commander";

/** What a value is completed with. */
export type Wanted =
  | { readonly kind: "nothing" | "file" | "view" }
  | { readonly kind: "choice"; readonly choices: readonly string[] };

/** An option. */
export interface OptionWords {
  /** `-h` and `--help`, or only one of them. */
  readonly flags: readonly string[];
  /** In few words. */
  readonly description: string;
  /** Its value, by its name in the help; `null` when it takes none. */
  readonly value: { readonly name: string; readonly wanted: Wanted } | null;
}

/** An argument. */
export interface ArgumentWords {
  /** Its name in the help. */
  readonly name: string;
  /** What it is completed with. */
  readonly wanted: Wanted;
  /** Whether any number of such may follow. */
  readonly isVariadic: boolean;
}

/** A command, or the program itself. */
export interface CommandWords {
  /** Its name. */
  readonly name: string;
  /** In few words. */
  readonly summary: string;
  /** What may be typed anywhere behind it. */
  readonly options: readonly OptionWords[];
  /** What is typed behind it in turn. */
  readonly places: readonly ArgumentWords[];
}

/** Schemes of devices, as far as they can be typed for the user. */
export const SCHEMES = ["mem:", "file:", "http://", "https://"] as const;

function wantedOf(name: string, description: string, choices?: readonly string[]): Wanted {
  if (choices !== undefined) return { kind: "choice", choices };
  if (/^(VIEW|FROM|TO)$/.test(name) || /\bmem:/.test(description)) return { kind: "view" };
  return { kind: /^((?!SIZE$|LINE$)[A-Z]+|path)$/.test(name) ? "file" : "nothing" };
}

function optionWords({ short, long, flags, description, argChoices, ...option }: Option) {
  const name = /[<[](\w+)/.exec(flags)?.[1] ?? "";
  const isValued = option.required || option.optional;
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    value: isValued ? { name, wanted: wantedOf(name, description, argChoices) } : null,
  };
}

function argumentWords(argument: Argument): ArgumentWords {
  const { description, argChoices, variadic: isVariadic } = argument;
  const name = argument.name();
  return { name, wanted: wantedOf(name, description, argChoices), isVariadic };
}

/**
 * What can be typed behind a command.
 *
 * @param command The command, or the program.
 * @returns It.
 */
export function commandWords(command: Command): CommandWords {
  return {
    name: command.name(),
    summary: command.summary(),
    options: command.createHelp().visibleOptions(command).map(optionWords),
    places: command.registeredArguments.map(argumentWords),
  };
}

/**
 * Text as one word of a shell.
 *
 * @param text The text, on one line.
 * @returns It in single quotes, as bash, zsh and fish read them.
 */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
