/**
 * `ControlRequest`: a request to a running server, as fields that are hostile until they were read here.
 *
 * Every field is read once, as what it has to be; at last `end` refuses what nobody has read, so that a
 * mistyped word does not go unnoticed.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import { SECTORS_MAX } from "../../block/units.ts";

/** No text is longer. */
const TEXT_LENGTH_MAX = 4096;

function refuse(message: string): BlockDeviceError {
  return new BlockDeviceError("EINVAL", message);
}

/** What somebody wants of a running server. */
export class ControlRequest {
  readonly #fields: Map<string, unknown>;

  private constructor(fields: Map<string, unknown>) {
    this.#fields = fields;
  }

  /**
   * Reads a line.
   *
   * @param line JSON: an object.
   * @returns Its fields.
   * @throws {BlockDeviceError} `EINVAL` when it is something else.
   */
  static parse(line: string): ControlRequest {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw refuse("Cannot read the request: want one line of JSON");
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw refuse("Cannot read the request: want a JSON object");
    }
    return new ControlRequest(new Map(Object.entries(value)));
  }

  #take(key: string): unknown {
    const value = this.#fields.get(key);
    this.#fields.delete(key);
    return value;
  }

  #refuse(key: string, want: string): BlockDeviceError {
    return refuse(`Cannot read "${key}" in the request: want ${want}`);
  }

  /**
   * A text that must be there.
   *
   * @param key Its name.
   * @param lengthMax How long it may be.
   */
  text(key: string, lengthMax = TEXT_LENGTH_MAX): string {
    const value = this.#take(key);
    if (typeof value === "string" && value.length > 0 && value.length <= lengthMax) return value;
    throw this.#refuse(key, `a text of 1 to ${lengthMax} characters`);
  }

  /**
   * A text that may be empty or missing.
   *
   * @param key Its name.
   */
  textOrNone(key: string): string {
    const value = this.#take(key) ?? "";
    if (typeof value === "string") return value;
    throw this.#refuse(key, "a text");
  }

  /**
   * One of some words, if it is there.
   *
   * @param key Its name.
   * @param words The words.
   */
  choice<Word extends string>(key: string, words: readonly Word[]): Word | undefined {
    const value = this.#take(key);
    const word = words.find((each) => each === value);
    if (word !== undefined || value === undefined) return word;
    throw this.#refuse(key, `one of ${words.join(", ")}`);
  }

  /**
   * Words, at least one.
   *
   * @param key Their name.
   */
  words(key: string): string[] {
    const value = this.#take(key);
    const isList = Array.isArray(value) && value.length > 0;
    if (isList && value.every((each) => typeof each === "string")) return value;
    throw this.#refuse(key, "an array of texts, at least one");
  }

  /**
   * A number of sectors, if it is there.
   *
   * @param key Its name.
   */
  sectors(key: string): number | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    const isCount = typeof value === "number" && Number.isSafeInteger(value);
    if (isCount && value > 0 && value <= SECTORS_MAX) return value;
    throw this.#refuse(key, `a whole number from 1 to ${SECTORS_MAX}`);
  }

  /**
   * A flag; `false` if it is not there.
   *
   * @param key Its name.
   */
  flag(key: string): boolean {
    const value = this.#take(key) ?? false;
    if (typeof value === "boolean") return value;
    throw this.#refuse(key, "true or false");
  }

  /**
   * Refuses fields that nobody has read.
   *
   * @throws {BlockDeviceError} `EINVAL` when there is one.
   */
  end(): void {
    for (const key of this.#fields.keys()) {
      throw refuse(`Cannot use "${key.slice(0, 40)}" in the request: nothing is known of it`);
    }
  }
}
