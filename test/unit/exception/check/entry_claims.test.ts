import { expect, test } from "vitest";
import { EntryClaims } from "../../../../src/exception/check/entry_claims.ts";
import { AreaLayout } from "../../../../src/exception/store/disk_format.ts";
import { Prng } from "../../../../src/testing/prng.ts";
import { chunkAt } from "../images.ts";

// Areas at chunks 1, 34, 67, ….
const layout = new AreaLayout(1);

test("a second claim is told the place of the first, and changes nothing", () => {
  const claims = new EntryClaims(layout);
  expect(claims.claimOld(7, 0)).toBe(-1);
  expect(claims.claimNew(2, 0)).toBe(-1);
  expect(claims.claimOld(7, 5)).toBe(0);
  expect(claims.claimNew(2, 5)).toBe(0);
  expect(claims.claimOld(2, 6)).toBe(-1);
  expect(claims.claimNew(7, 6)).toBe(-1);
  expect(claims.claimOld(2, 7)).toBe(6);
  expect(claims.usedChunks).toBe(2);
  claims.destroy();
});

test.each([0, 1, 31, 32, 33, 63, 64, 65, 500])(
  "in-order allocation of %i chunks leaks none, wherever areas lie",
  (count) => {
    const claims = new EntryClaims(layout);
    for (let place = 0; place < count; place++) claims.claimNew(chunkAt(place, 1), place);
    expect([claims.usedChunks, claims.leakedChunks, claims.disorderCount]).toEqual([count, 0, 0]);
    claims.destroy();
  },
);

test("a chunk is leaked when it lies below a claim, holds data and has none", () => {
  for (let seed = 0; seed < 50; seed++) {
    const prng = Prng.fromSeed(seed);
    const claims = new EntryClaims(layout);
    const taken = new Set<number>();
    for (let place = 0; place < prng.int(60); place++) {
      const chunk = prng.intBetween(2, 150);
      if (layout.isMetadataChunk(chunk) || taken.has(chunk)) continue;
      taken.add(chunk);
      claims.claimNew(chunk, place);
    }
    let leaked = 0;
    for (let chunk = 2; chunk < Math.max(0, ...taken); chunk++) {
      if (!layout.isMetadataChunk(chunk) && !taken.has(chunk)) leaked++;
    }
    expect(claims.leakedChunks, `seed ${seed}`).toBe(leaked);
    claims.destroy();
  }
});

test("disorder is every chunk below one in front of it, and the place of the first", () => {
  const claims = new EntryClaims(layout);
  [9, 3, 20, 19, 21].forEach((chunk, place) => claims.claimNew(chunk, place));
  expect([claims.disorderCount, claims.disorderPlace]).toEqual([2, 1]);
  claims.destroy();
});

test("the memory of claims is given back, so that any number of checks can follow", () => {
  for (let count = 0; count < 600; count++) {
    const claims = new EntryClaims(layout);
    claims.claimOld(count, 0);
    claims.destroy();
  }
});
