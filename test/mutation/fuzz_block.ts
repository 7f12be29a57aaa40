/**
 * What the fuzz tests of a vitest run share: so many mutants of some bases, one test for each base.
 */
import { expect, test } from "vitest";
import type { Fuzzer } from "./fuzz.ts";
import { Watchdog } from "./watchdog.ts";

/** What an image can come to that every run is to meet. */
const OUTCOMES = [
  "usable",
  "invalid",
  "blank",
  ...["magic", "version", "chunk size", "size", "old chunk outside", "new chunk outside"],
  ...["on metadata", "old chunk twice", "new chunk twice", "unreadable"],
].map((name) => /^(usable|invalid|blank)$/.test(name) ? name : `refused: ${name}`);

/**
 * Declares the tests.
 *
 * @param fuzzer Tries the images.
 * @param names The bases.
 * @param imagesEach How many mutants of each.
 */
export function fuzzBlock(fuzzer: Fuzzer, names: readonly string[], imagesEach: number): void {
  for (const name of names) {
    test(`each of ${imagesEach} mutants of ${name} is read rightly or refused`, () => {
      using watchdog = new Watchdog();
      for (let count = 0; count < imagesEach; count++) {
        const seed = `${name}/${count}`;
        watchdog.begin(seed);
        fuzzer.try(seed);
      }
    });
  }
}

/**
 * Declares the test that a fuzzer is not blind: every way for an image to end was met.
 *
 * @param fuzzer What has run before.
 * @param atLeast How often.
 */
export function coverageBlock(fuzzer: Fuzzer, atLeast: number): void {
  test(`every rule refused at least ${atLeast} of them`, () => {
    const rare = OUTCOMES.filter((name) => (fuzzer.outcomes[name] ?? 0) < atLeast);
    expect(rare, JSON.stringify(fuzzer.outcomes)).toEqual([]);
  });
}
