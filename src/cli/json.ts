/**
 * What programs read: with `--json` a command prints one line, and nothing else, to the output.
 *
 * The keys are a promise: each help lists those of its command, none is renamed, new ones may come.
 * Numbers are numbers; a key that ends in `Bytes` counts bytes, one in `Sectors` or `Count` those. A
 * command that fails prints its sentence to the error output as ever; the exit code tells.
 *
 * @module
 */

import { Option } from "commander";
import type { Output } from "./environment.ts";

/** What a command that knows JSON is told. */
export interface JsonFlags {
  /** Whether a program reads. */
  readonly json?: boolean;
}

/** What is printed besides, or instead. */
interface JsonForm {
  /** Whether an array of objects is printed, not one. */
  readonly isArray?: boolean;
  /** More to say of it. */
  readonly more?: string;
}

/**
 * The option `--json`.
 *
 * @param keys The keys of what is printed.
 * @param form In which form.
 * @returns The option.
 */
export function jsonOption(
  keys: readonly string[],
  { isArray = false, more = "" }: JsonForm = {},
): Option {
  const what = isArray ? "an array of objects with" : "an object with";
  return new Option("--json", `print one line of JSON, ${what} ${keys.join(", ")}${more}`);
}

/**
 * Prints what a command has done or found.
 *
 * @param out Where to.
 * @param flags Who reads.
 * @param facts For programs, with the keys that the help lists.
 * @param text For people, newlines included.
 */
export function report(out: Output, flags: JsonFlags, facts: object, text: string): void {
  out.write(flags.json === true ? `${JSON.stringify(facts)}\n` : text);
}
