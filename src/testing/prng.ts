/**
 * `Prng`: chance that can be had again.
 *
 * Tests, simulations and benchmarks draw everything random from here, so that a failure is replayed
 * from the seed it printed, on any machine. The generator is sfc32: four words of 32 bits, a counter
 * among them, which makes its period at least 2^32. It is quick and well mixed, and no secret.
 *
 * The same seed gives the same numbers for ever: a unit test pins the first ones.
 *
 * This module is browser compatible.
 *
 * @module
 */

const TWO_POW_32 = 2 ** 32;

/** FNV-1a over the characters' codes: turns a seed that is text, say a commit hash, into a number. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * A generator of numbers that look random and follow from the seed.
 *
 * @example The same seed, the same choices
 * ```ts
 * import { Prng } from "cowdisk/testing";
 * import { equal } from "node:assert/strict";
 *
 * const one = Prng.fromSeed("a commit hash");
 * const two = Prng.fromSeed("a commit hash");
 * equal(one.int(1000), two.int(1000));
 * equal(one.pick(["read", "write"]), two.pick(["read", "write"]));
 * ```
 */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  private constructor(a: number, b: number, c: number) {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    // The first draws still show the seed; after a dozen every bit depends on all of it.
    for (let round = 0; round < 12; round++) this.uint32();
  }

  /**
   * A generator for a seed.
   *
   * @param seed Any number or text.
   * @returns The generator, at its beginning.
   */
  static fromSeed(seed: string | number): Prng {
    const text = String(seed);
    return new Prng(hashText(text), hashText(`${text}/b`), text.length);
  }

  /**
   * Draws 32 bits.
   *
   * @returns A whole number from 0 to 2^32 - 1.
   */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /**
   * Draws a whole number.
   *
   * @param below What it stays below: 1 to 2^53.
   * @returns A whole number from 0 to `below - 1`.
   */
  int(below: number): number {
    if (!(below >= 1 && below <= 2 ** 53)) {
      throw new RangeError(`Cannot draw a number below ${below}: want 1 to 2^53`);
    }
    const high = this.uint32();
    if (below <= TWO_POW_32) return Math.floor(high / TWO_POW_32 * below);
    const low = this.uint32() >>> 11;
    return Math.floor((high * 2 ** 21 + low) / 2 ** 53 * below);
  }

  /**
   * Draws a whole number from a range.
   *
   * @param first The smallest.
   * @param last The largest; it is drawn too.
   * @returns A whole number from `first` to `last`.
   */
  intBetween(first: number, last: number): number {
    return first + this.int(last - first + 1);
  }

  /**
   * Tosses a coin.
   *
   * @param probability How likely `true` is, from 0 to 1.
   * @returns The coin's side.
   */
  bool(probability = 0.5): boolean {
    return this.uint32() / TWO_POW_32 < probability;
  }

  /**
   * Fills a buffer.
   *
   * @param target Every byte of it is drawn.
   * @returns `target`.
   */
  fill<Target extends Uint8Array>(target: Target): Target {
    for (let index = 0; index < target.length; index += 4) {
      let word = this.uint32();
      const end = Math.min(index + 4, target.length);
      for (let at = index; at < end; at++) {
        target[at] = word;
        word >>>= 8;
      }
    }
    return target;
  }

  /**
   * Draws bytes.
   *
   * @param byteCount How many.
   * @returns A new buffer.
   */
  bytes(byteCount: number): Uint8Array<ArrayBuffer> {
    return this.fill(new Uint8Array(byteCount));
  }

  /**
   * Picks one of a list, each as likely as any other.
   *
   * @param list What to pick from; not empty.
   * @returns One of it.
   */
  pick<Item>(list: readonly Item[]): Item {
    return list[this.int(list.length)] as Item;
  }

  /**
   * Brings a list into another order, each order as likely as any other.
   *
   * @param list Changed in place.
   * @returns `list`.
   */
  shuffle<Item>(list: Item[]): Item[] {
    for (let index = list.length - 1; index > 0; index--) {
      const other = this.int(index + 1);
      const item = list[index] as Item;
      list[index] = list[other] as Item;
      list[other] = item;
    }
    return list;
  }

  /**
   * Picks a name by weight.
   *
   * @param weights How likely each name is, compared with the others; 0 is never.
   * @returns One of the names.
   */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const names = Object.keys(weights) as Name[];
    const total = names.reduce((sum, name) => sum + weights[name], 0);
    if (!(total > 0)) throw new RangeError("Cannot pick by weight: no weight is above 0");
    let left = this.uint32() / TWO_POW_32 * total;
    for (const name of names) {
      left -= weights[name];
      if (left < 0) return name;
    }
    // Rounding may leave a crumb: it belongs to the last name that can be picked.
    return names.findLast((name) => weights[name] > 0) as Name;
  }
}
