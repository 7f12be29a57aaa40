import { expect, test } from "vitest";
import { decodeLines, encodeLines } from "../../../../demo/engine/link.ts";
import { Prng } from "../../../../src/testing/mod.ts";

test("a link can be read by people", () => {
  const lines = ["snapshot monday --chunk 8K", "write origin 5-7; pull --after 3 --seed 9"];
  expect(encodeLines(lines)).toBe(
    "#do=snapshot+monday+--chunk+8K~write+origin+5-7;+pull+--after+3+--seed+9",
  );
  expect(decodeLines(encodeLines(lines))).toEqual(lines);
});

test("any text comes back as it was", () => {
  const prng = Prng.fromSeed("links");
  const letters = [..."ab ~+%;#&=\"'\\/äß→😀\n"];
  for (let round = 0; round < 200; round++) {
    const line = () =>
      Array.from({ length: 1 + prng.int(12) }, () => prng.pick(letters)).join("") + "x";
    const lines = Array.from({ length: 1 + prng.int(5) }, line);
    expect(decodeLines(encodeLines(lines))).toEqual(lines);
  }
});

test("what is no link has no lines", () => {
  for (const link of ["", "#", "#do=", "#do=%ff", "#other", "do=a", `#do=${"a".repeat(70_000)}`]) {
    expect(decodeLines(link), link.slice(0, 20)).toEqual([]);
  }
  expect(decodeLines(`#do=${"a~".repeat(600)}a`)).toEqual([]);
});
