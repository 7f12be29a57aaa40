/** A strip in one line. */
import { expect, test } from "vitest";
import { PLACES, type Strip } from "../../../../demo/engine/scene.ts";
import { firstChunkOf, summarize } from "../../../../demo/view/strip/overview.ts";
import { inkOf } from "../../../../demo/view/strip/palette.ts";
import { stripOf } from "./strips.ts";

const OWN = PLACES.indexOf("own");

function snapshotOf(chunkCount: number, own: readonly number[]): Strip {
  const strip = stripOf({ role: "snapshot", chunkCount });
  strip.generations.fill(1);
  for (const chunk of own) {
    strip.places[chunk] = OWN;
    strip.generations[chunk] = 2;
  }
  return strip;
}

test("every chunk is in exactly one column, for awkward numbers as well", () => {
  for (const chunkCount of [7, 64, 853, 4097, 100_003]) {
    for (const columns of [1, 3, 853]) {
      let sum = 0;
      for (let column = 0; column < columns; column++) {
        const from = firstChunkOf(column, columns, chunkCount);
        sum += firstChunkOf(column + 1, columns, chunkCount) - from;
      }
      expect(sum).toBe(chunkCount);
    }
  }
});

test("one copied chunk among a million is seen, in its column and in its colour", () => {
  const { ownShares, inks } = summarize(snapshotOf(2 ** 20, [700_000]), 800);
  const column = Math.floor((700_000 * 800) / 2 ** 20);
  expect([...ownShares].flatMap((share, at) => share > 0 ? [at] : [])).toEqual([column]);
  expect(inks[column]).toBe(inkOf(2));
  expect(inks[column + 1]).toBe(inkOf(1));
});

test("an origin owns all of its chunks, a free chunk is nobody's", () => {
  const origin = stripOf({ role: "origin", chunkCount: 100 });
  expect([...summarize(origin, 10).ownShares]).toEqual(Array(10).fill(1));
  const cow = stripOf({ role: "cow", chunkCount: 100 });
  cow.places.fill(PLACES.indexOf("free"));
  expect([...summarize(cow, 10).ownShares]).toEqual(Array(10).fill(0));
});
