/**
 * The features in a flakey target's table line.
 *
 *     1 drop_writes
 *     5 corrupt_bio_byte 32 r 1 0
 *     4 random_read_corrupt 500000 random_write_corrupt 1000
 *
 * The count is that of words. What the words mean is up to `flakey_features.ts`, which also checks
 * ranges and says what cannot go together: here a word that is no number is passed on as `NaN`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { ByteCorruption, FlakeyFeatures } from "../../targets/fault/flakey_features.ts";
import { TargetError } from "../../targets/target_error.ts";
import { parseUnsigned } from "./target_types.ts";

/** Words of all features together. */
const WORDS_MAX = 11;
const CORRUPTION_WORDS = 4;

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

function refuse(reason: string, words: readonly string[]): TargetError {
  const message = `Cannot read the features "${words.join(" ")}" of a flakey target: ${reason}`;
  return new TargetError("EINVAL", reason, message);
}

function parseNumber(word = ""): number {
  return parseUnsigned(word, Number.MAX_SAFE_INTEGER) ?? NaN;
}

function parseCorruption(words: readonly string[]): ByteCorruption {
  const [nthByte, direction = "", value, flags] = words;
  return {
    nthByte: parseNumber(nthByte),
    direction: direction.toLowerCase() as ByteCorruption["direction"],
    value: parseNumber(value),
    flags: parseNumber(flags),
  };
}

/** Reads one feature after the other. */
class FeatureWords {
  readonly features: Writable<FlakeyFeatures> = {};
  readonly #words: readonly string[];
  readonly #left: string[];

  constructor(words: readonly string[], count: number) {
    this.#words = words;
    this.#left = words.slice(1, count + 1);
  }

  readAll(): FlakeyFeatures {
    for (let word = this.#left.shift(); word !== undefined; word = this.#left.shift()) {
      this.#read(word.toLowerCase());
    }
    return this.features;
  }

  #read(name: string): void {
    switch (name) {
      case "error_reads":
        return this.#setFlag("errorReads", name);
      case "drop_writes":
        return this.#setFlag("dropWrites", name, "errorWrites");
      case "error_writes":
        return this.#setFlag("errorWrites", name, "dropWrites");
      case "corrupt_bio_byte":
        this.#requireNew(this.features.corruptByte, name);
        this.#requireWords(CORRUPTION_WORDS, `${name} requires 4 parameters`);
        this.features.corruptByte = parseCorruption(this.#left.splice(0, CORRUPTION_WORDS));
        return;
      case "random_read_corrupt":
        return this.#setRate("readCorruptionPerBillion", name);
      case "random_write_corrupt":
        return this.#setRate("writeCorruptionPerBillion", name);
    }
    throw refuse("Unrecognised flakey feature requested", this.#words);
  }

  #setFlag(
    key: "errorReads" | "dropWrites" | "errorWrites",
    name: string,
    other?: "errorWrites" | "dropWrites",
  ): void {
    this.#requireNew(this.features[key], name);
    if (other !== undefined && this.features[other]) {
      const otherName = other === "dropWrites" ? "drop_writes" : "error_writes";
      throw refuse(`Feature ${name} conflicts with feature ${otherName}`, this.#words);
    }
    this.features[key] = true;
  }

  #setRate(key: "readCorruptionPerBillion" | "writeCorruptionPerBillion", name: string): void {
    // To dm, a rate of 0 is no rate yet.
    this.#requireNew(this.features[key] || undefined, name);
    this.#requireWords(1, `${name} requires a parameter`);
    this.features[key] = parseNumber(this.#left.shift());
  }

  #requireNew(found: unknown, name: string): void {
    if (found !== undefined) throw refuse(`Feature ${name} duplicated`, this.#words);
  }

  #requireWords(count: number, complaint: string): void {
    if (this.#left.length < count) throw refuse(`Feature ${complaint}`, this.#words);
  }
}

/**
 * Reads the features of a table line.
 *
 * @param words The words behind the intervals; words behind the counted ones are ignored.
 * @returns The features, with `NaN` for what should be a number and is none.
 * @throws {TargetError} `EINVAL` with dm's text.
 */
export function parseFlakeyFeatures(words: readonly string[]): FlakeyFeatures {
  const [countWord] = words;
  if (countWord === undefined) return {};
  const count = parseUnsigned(countWord, WORDS_MAX);
  if (count === null || words.length - 1 < count) {
    throw refuse("Invalid number of feature args", words);
  }
  return new FeatureWords(words, count).readAll();
}
