import { expect, test } from "vitest";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { CHUNK_SECTORS_MAX, chunkSizeFault } from "../../../../src/exception/store/chunk_size.ts";
import { Bench } from "../rig.ts";

const bench = new Bench();
const small = bench.disk("small", 8).device;
const large = bench.disk("4K", 8, { logicalSectors: 8 }).device;

test.each([
  [0, "Chunk size not set"],
  [3, "Chunk size is not a power of 2"],
  [-8, "Chunk size is not a power of 2"],
  [1.5, "Chunk size is not a power of 2"],
  [NaN, "Chunk size is not a power of 2"],
  [4, "Chunk size is not a multiple of device blocksize"],
  [2 ** 22, "Chunk size is too high"],
  [2 ** 40, "Chunk size is too high"],
])("chunks of %d sectors are refused in dm's words: %s", (chunkSectors, reason) => {
  const fault = chunkSizeFault(chunkSectors, [small, large]);
  expect(fault?.reason).toBe(reason);
  expect(fault?.clause).toContain(`the chunk size is ${chunkSectors} sectors, want `);
});

test("powers of two up to a gibibyte are possible, down to the largest logical block", () => {
  expect(CHUNK_SECTORS_MAX).toBe(Math.floor((2 ** 31 - 1) / 512));
  for (let chunkSectors = 1; chunkSectors <= 2 ** 21; chunkSectors *= 2) {
    expect(chunkSizeFault(chunkSectors, [small])).toBe(null);
    expect(chunkSizeFault(chunkSectors, [small, large]) === null).toBe(chunkSectors >= 8);
  }
});

test("the fault of a block size names the device and its block", () => {
  expect(chunkSizeFault(4, [small, large])?.clause).toContain('a multiple of 8, the block of "4K"');
});

test("a device that is too many chunks is named, with how many it may be", () => {
  const sparse = (sectorCount: number) => createMemoryDevice({ sectorCount, name: "sparse" });
  expect(chunkSizeFault(1, [small, sparse(2 ** 38)])).toBe(null);
  expect(chunkSizeFault(1, [small, sparse(2 ** 38 + 1)])).toEqual({
    reason: "Chunk size is too low",
    clause:
      'the chunk size is 1 sectors, which makes 274877906945 chunks of "sparse", want at most ' +
      "274877906944",
  });
  expect(chunkSizeFault(2, [small, sparse(2 ** 38 + 1)])).toBe(null);
  expect(chunkSizeFault(8, [sparse(2 ** 41 + 8)])?.reason).toBe("Chunk size is too low");
});
