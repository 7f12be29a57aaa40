/**
 * One call of dmsetup: its words told apart, and what it writes.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDeviceError } from "../../block/errors.ts";
import type { Mapper } from "../mapper.ts";
import type { MapperVerbs } from "../mapper_plans.ts";

/** Options that take a word, by every spelling. */
const VALUE_OPTIONS: Readonly<Record<string, "table" | "target" | "minor">> = {
  "--table": "table",
  "--target": "target",
  "-m": "minor",
  "--minor": "minor",
};

/** An option that takes no word. */
export type DmsetupFlag = "readonly" | "inactive" | "notable" | "concise" | "tree" | "none";

/** Options that take none; dmsetup has more, which would have no effect here. */
const FLAG_OPTIONS: Readonly<Record<string, DmsetupFlag>> = {
  "-r": "readonly",
  "--readonly": "readonly",
  "--inactive": "inactive",
  "-n": "notable",
  "--notable": "notable",
  "--concise": "concise",
  "--tree": "tree",
  "--noflush": "none",
  "--nolockfs": "none",
  "--noudevsync": "none",
};

/** Words in, lines out. */
export class DmsetupCall {
  /** What the command acts on. */
  readonly mapper: Mapper;
  /** How it does what it does. */
  readonly plans: MapperVerbs;
  /** Standard input. */
  readonly input: string;
  /** The words that are no options. */
  readonly names: readonly string[];
  /** The words behind `--table`, `--target` and `--minor`. */
  readonly values: { table?: string; target?: string; minor?: string } = {};
  /** The options without a word that were given. */
  readonly flags: ReadonlySet<DmsetupFlag>;
  /** The first option that is none. */
  readonly unknownOption: string | null = null;
  /** The command is run for several devices, so each line begins with the device's name. */
  hasSeveral = false;
  /** The refusals. */
  readonly errors: BlockDeviceError[] = [];
  /** What went to standard output. */
  stdout = "";
  /** What went to standard error. */
  stderr = "";
  /** Both, in the order written. */
  output = "";

  /**
   * Tells words apart.
   *
   * @param mapper What the command acts on.
   * @param plans The plans of the mapper that suit the runner.
   * @param words The words behind the command's name.
   * @param input Standard input.
   */
  constructor(mapper: Mapper, plans: MapperVerbs, words: readonly string[], input: string) {
    this.mapper = mapper;
    this.plans = plans;
    this.input = input;
    const names: string[] = [];
    const flags = new Set<DmsetupFlag>();
    for (let i = 0; i < words.length; i++) {
      const word = words[i] ?? "";
      const valued = VALUE_OPTIONS[word];
      const flag = FLAG_OPTIONS[word];
      const next = words[i + 1];
      if (!/^--?[a-z]/.test(word)) {
        names.push(word);
      } else if (valued !== undefined && next !== undefined) {
        this.values[valued] = next;
        i++;
      } else if (flag !== undefined) {
        flags.add(flag);
      } else {
        this.unknownOption ??= word;
      }
    }
    this.names = names;
    this.flags = flags;
  }

  /**
   * Writes a line to standard output.
   *
   * @param line The line.
   */
  print(line: string): void {
    this.stdout += `${line}\n`;
    this.output += `${line}\n`;
  }

  /**
   * Writes a line to standard error.
   *
   * @param line The line.
   */
  error(line: string): void {
    this.stderr += `${line}\n`;
    this.output += `${line}\n`;
  }
}
