/**
 * Mutants of images with chunks of one sector, where areas are small and there are several, and the
 * seed in the environment's `SEED` if there is one.
 */
import process from "node:process";
import { test } from "vitest";
import { Fuzzer } from "./fuzz.ts";
import { coverageBlock, fuzzBlock } from "./fuzz_block.ts";

const fuzzer = new Fuzzer("small");
fuzzBlock(fuzzer, fuzzer.names.filter((name) => name.endsWith("-1")), 9000);
coverageBlock(fuzzer, 100);

const chosen = process.env.SEED;
if (chosen !== undefined && chosen !== "") {
  test(`a mutant is read rightly or refused, seed ${chosen}`, () => {
    for (const name of fuzzer.names) fuzzer.try(`${name}/${chosen}`);
  });
}
