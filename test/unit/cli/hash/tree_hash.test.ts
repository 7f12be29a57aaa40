import { expect, test } from "vitest";
import { LEAF_SECTORS, leafHash, rootHash } from "../../../../src/cli/hash/tree_hash.ts";

test("the hash of the whole is XXH3-128 of the leaves' hashes", () => {
  const zeroes = leafHash(new Uint8Array(LEAF_SECTORS * 512));
  expect(zeroes).toMatch(/^[0-9a-f]{32}$/);
  expect(rootHash([zeroes, zeroes])).toBe(leafHash(new TextEncoder().encode(zeroes + zeroes)));
  expect(rootHash([])).toBe("99aa06d3014798d86001c324468d497f");
});

test("order and number of leaves count", () => {
  const [one, two] = [1, 2].map((byte) => leafHash(Uint8Array.of(byte)));
  expect(new Set([[one!], [one!, two!], [two!, one!], [one!, one!]].map(rootHash)).size).toBe(4);
});
