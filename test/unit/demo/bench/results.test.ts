/** Results as a link: what is written is read, and anything else is nothing. */
import { expect, test } from "vitest";
import {
  BYTE_VERBS,
  readResults,
  type Results,
  SIZES,
  writeResults,
} from "../../../../demo/bench/results.ts";
import { Prng } from "../../../../src/testing/prng.ts";

const RESULTS: Results = {
  machine: "Chrome 156, 2 processors — “mine”",
  isIsolated: true,
  bytes: BYTE_VERBS.flatMap((verb, at) =>
    SIZES.map((byteCount) => ({ verb, byteCount, kernelNs: 12.3 + at, plainNs: 1230 }))
  ),
  storages: [
    { storage: "memory", firstTouchUs: 8, overwriteUs: 1.5, flushUs: 0 },
    { storage: "indexeddb", firstTouchUs: 10, overwriteUs: 1.6, flushUs: 2900 },
    { storage: "opfs", absence: "no such thing here" },
  ],
};

/** The text of a link, with what it holds changed. */
function linkOf(change: (packed: unknown[]) => unknown): string {
  const { machine, isIsolated, bytes, storages } = RESULTS;
  const packed = [
    machine,
    Number(isIsolated),
    bytes.flatMap(({ kernelNs, plainNs }) => [kernelNs, plainNs]),
    storages.map((row) => "absence" in row ? row.absence : [row.firstTouchUs, row.overwriteUs, 1]),
  ];
  const text = new TextEncoder().encode(JSON.stringify(change(packed)));
  return `#bench?r=1.${btoa(String.fromCharCode(...text)).replace(/=+$/, "")}`;
}

test("what is written into a link is read from it, to three digits", () => {
  const link = `#bench?${writeResults(RESULTS)}`;
  expect(link.length).toBeLessThan(700);
  expect(readResults(link)).toEqual(RESULTS);
});

test("an address without results has none", () => {
  expect(readResults("")).toBeNull();
  expect(readResults("#bench")).toBeNull();
  expect(readResults("#bench?r=2.AAAA")).toBeNull();
});

test.each<[string, (packed: unknown[]) => unknown]>([
  ["no list", () => ({})],
  ["nothing", () => null],
  ["a machine that is no text", ([, ...rest]) => [7, ...rest]],
  ["a machine with a long story", ([, ...rest]) => ["x".repeat(121), ...rest]],
  ["a time too few", ([a, b, times, d]) => [a, b, (times as number[]).slice(1), d]],
  [
    "a time that is text",
    ([a, b, times, d]) => [a, b, (times as number[]).with(3, "1" as never), d],
  ],
  ["a time below nothing", ([a, b, times, d]) => [a, b, (times as number[]).with(3, -1), d]],
  ["a time of a year", ([a, b, times, d]) => [a, b, (times as number[]).with(3, 3e16), d]],
  ["a storage too many", ([a, b, c, rows]) => [a, b, c, [...rows as unknown[], "x"]]],
  ["a storage of two times", ([a, b, c]) => [a, b, c, [[1, 2], "x", "y"]]],
])("a link with %s is nothing", (_what, change) => {
  expect(readResults(linkOf((packed) => packed))).not.toBeNull();
  expect(readResults(linkOf(change))).toBeNull();
});

test("whatever stands in an address, reading it does not throw", () => {
  const prng = Prng.fromSeed("links");
  const whole = linkOf((packed) => packed);
  for (let round = 0; round < 2000; round++) {
    const letters = [...whole];
    for (let change = 0; change < 3; change++) {
      letters[prng.int(letters.length)] = String.fromCharCode(32 + prng.int(95));
    }
    const results = readResults(letters.join(""));
    if (results !== null) expect(results.bytes).toHaveLength(BYTE_VERBS.length * SIZES.length);
  }
});
