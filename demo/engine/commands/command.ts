/**
 * A command: its words and options, what it does, and what a line of it means. The words are the
 * command line's own (`cowdisk --help`); the page has a few more. Help, completion and errors come
 * from the same table.
 *
 * A line is split as a shell does it, quotes included. A line may end in `; pull --after 3 --seed 7`:
 * then the plug is pulled after its third beat. That is how a loss of power is written into the log.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import yargsParser from "yargs-parser/browser";
import type { CutManner } from "../../../src/testing/sector_versions.ts";
import type { Outcome } from "../scene.ts";
import type { Session } from "../session.ts";
import { deviceNames, wholeNumber } from "./chunks.ts";
import { Refusal } from "./refusal.ts";

/** What is used of the parser, which comes without types. */
interface Parser {
  detailed(line: string, options: object): {
    readonly argv: { readonly _: readonly string[] } & Readonly<Record<string, unknown>>;
    readonly error: Error | null;
  };
}

const CONFIGURATION = {
  "boolean-negation": false,
  "camel-case-expansion": false,
  "dot-notation": false,
  "duplicate-arguments-array": false,
  "parse-numbers": false,
  "parse-positional-numbers": false,
  "short-option-groups": false,
} as const;

/** An option. Its value is text; a flag has none. */
export interface OptionFacts {
  /** What its value is called; left out for a flag. */
  readonly value?: string;
  readonly summary: string;
  /** Words that its value can be, for completion. */
  readonly words?: readonly string[];
}

/** A line that was read. */
export interface Call {
  readonly session: Session;
  /** Behind the command's name. */
  readonly words: readonly string[];
  /** By name; a flag is `""`. */
  readonly options: Readonly<Record<string, string>>;
}

/** What a command is. */
export interface Command {
  readonly name: string;
  /** Its words, as help shows them. */
  readonly usage: string;
  readonly summary: string;
  /** The fewest and the most words. */
  readonly wordCount: readonly [number, number];
  readonly options?: Readonly<Record<string, OptionFacts>>;
  /**
   * `line`: waits for its turn, and is kept in the log if it changed something. `time`: as a line, and
   * never kept. `control`: about the line that is under way; done at once, by the engine.
   */
  readonly kind: "line" | "time" | "control";
  /** What its words can be. */
  readonly completes?: (session: Session, index: number) => readonly string[];
  /** Does it; of a control nothing. */
  run(call: Call): Promise<string | Outcome>;
}

/** Completes a first word that is a device. */
export function ofDevices(session: Session, index: number): string[] {
  return index === 0 ? deviceNames(session) : [];
}

/** Completes a first word that is a snapshot. */
export function ofSnapshots({ world }: Session, index: number): string[] {
  return index === 0 ? world.snapshots.map(({ name }) => name) : [];
}

/** How a line's power is to be cut. */
export interface PlannedCut {
  /** After so many beats. */
  readonly after: number;
  readonly seed: number;
  readonly manner: CutManner | undefined;
}

/** A line that makes sense. */
export interface ParsedLine {
  readonly command: Command;
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  readonly cut: PlannedCut | null;
  /** The line without its cut. */
  readonly text: string;
}

const MANNERS: readonly CutManner[] = [
  ...["nothing", "everything", "by sector"] as const,
  ...["by write", "all but one", "one"] as const,
];

/** The longest line: it is kept in the log. */
const LINE_LENGTH_MAX = 300;

/** The options of `pull`. */
export const PULL_OPTIONS: Readonly<Record<string, OptionFacts>> = {
  after: { value: "BEATS", summary: "pull it after so many beats of the line before it" },
  seed: { value: "NUMBER", summary: "what is left of caches follows from it" },
  keep: { value: "HOW", summary: "how much is left", words: MANNERS.map(dashed) },
};

function dashed(words: string): string {
  return words.replaceAll(" ", "-");
}

/** Takes the quotes off a word. */
function unquote(word: string): string {
  return /^(["']).*\1$/s.test(word) ? word.slice(1, -1) : word;
}

/**
 * What the options of `pull` ask for.
 *
 * @param options The options.
 * @param defaultSeed The seed, where none is given.
 */
export function cutOf(options: Readonly<Record<string, string>>, defaultSeed: number): PlannedCut {
  const { after = "0", seed = String(defaultSeed), keep } = options;
  const manner = MANNERS.find((each) => dashed(each) === keep);
  if (keep !== undefined && manner === undefined) {
    throw new Refusal(`Cannot keep "${keep}" of a cache: want ${MANNERS.map(dashed).join(", ")}`);
  }
  return {
    after: wholeNumber(after, "a number of beats"),
    seed: wholeNumber(seed, "a seed"),
    manner,
  };
}

/** A cut as it is written in the log. */
export function cutText({ after, seed, manner }: PlannedCut, isAfterBeats: boolean): string {
  const keep = manner === undefined ? "" : ` --keep ${dashed(manner)}`;
  return `pull${isAfterBeats ? ` --after ${after}` : ""} --seed ${seed}${keep}`;
}

/** Cuts a line at the `;` that are not quoted. */
function partsOf(line: string): string[] {
  return (line.match(/(?:"[^"]*"|'[^']*'|[^;])+/g) ?? []).map((part) => part.trim());
}

function nearest(name: string, commands: readonly Command[]): string {
  const found = commands.find((each) => each.name.startsWith(name.slice(0, 2)));
  return found === undefined ? "try help" : `did you mean ${found.name}? Try help`;
}

function readWords(part: string, commands: readonly Command[]) {
  const names = commands.flatMap(({ options = {} }) => Object.entries(options));
  const { argv, error } = (yargsParser as unknown as Parser).detailed(part, {
    string: names.flatMap(([name, { value }]) => value === undefined ? [] : [name]),
    boolean: names.flatMap(([name, { value }]) => value === undefined ? [name] : []),
    configuration: CONFIGURATION,
  });
  if (error !== null) throw new Refusal(error.message);
  const { _: positional, ...rest } = argv;
  return { words: positional.map((word) => unquote(String(word))), given: Object.entries(rest) };
}

function readPart(part: string, commands: readonly Command[]) {
  const [name = ""] = /^\S+/.exec(part) ?? [];
  const command = commands.find((each) => each.name === name);
  if (command === undefined) {
    throw new Refusal(`There is no command "${name}": ${nearest(name, commands)}`);
  }
  // What dm is told is dm's to read.
  if (command.name === "dm") {
    const words = part.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
    return { command, words: words.slice(1).map(unquote), options: {} };
  }
  const { words, given } = readWords(part, [command]);
  const options: Record<string, string> = {};
  for (const [option, value] of given) {
    const facts = command.options?.[option];
    if (facts === undefined) {
      throw new Refusal(`${name} has no option --${option}. Usage: ${usageOf(command)}`);
    }
    if (facts.value === undefined ? value !== true : typeof value !== "string" || value === "") {
      throw new Refusal(
        `--${option} wants ${facts.value ?? "no value"}. Usage: ${usageOf(command)}`,
      );
    }
    options[option] = value === true ? "" : String(value);
  }
  const [least, most] = command.wordCount;
  const count = words.length - 1;
  if (count < least || count > most) throw new Refusal(`Usage: ${usageOf(command)}`);
  return { command, words: words.slice(1), options };
}

/**
 * How a command is written.
 *
 * @param command The command.
 */
export function usageOf({ name, usage, options = {} }: Command): string {
  const marks = Object.entries(options).map(([option, { value }]) =>
    `[--${option}${value === undefined ? "" : ` ${value}`}]`
  );
  return [name, usage, ...marks].filter((word) => word !== "").join(" ");
}

/**
 * Reads a line.
 *
 * @param line As it was typed.
 * @param commands The commands there are.
 * @param defaultSeed The seed of a cut that names none.
 * @throws {Refusal} When it makes no sense.
 */
export function parseLine(
  line: string,
  commands: readonly Command[],
  defaultSeed: number,
): ParsedLine {
  if (line.length > LINE_LENGTH_MAX) {
    throw new Refusal(`A line has at most ${LINE_LENGTH_MAX} characters: this has ${line.length}`);
  }
  const [text = "", second, ...others] = partsOf(line);
  if (text === "") throw new Refusal("Nothing was typed: try help");
  const first = readPart(text, commands);
  if (second === undefined) return { ...first, cut: null, text };
  const { command, options } = readPart(second, commands);
  if (others.length > 0 || command.name !== "pull" || options.after === undefined) {
    throw new Refusal("A line is one command; behind it can only be: ; pull --after BEATS");
  }
  return { ...first, cut: cutOf(options, defaultSeed), text };
}
