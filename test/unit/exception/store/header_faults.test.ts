import { expect, test } from "vitest";
import { headerFaults } from "../../../../src/exception/store/header_faults.ts";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";

const cow = createMemoryDevice({ sectorCount: 64, name: "cow" });
const plain = { magic: 0x70416e53, valid: 1, version: 1, chunkSectors: 8 };
const kindsOf = (header: Partial<typeof plain>) =>
  headerFaults({ ...plain, ...header }, [cow]).map(({ kind }) => kind);

test("a plain header has no fault, nor has an invalid one", () => {
  expect(kindsOf({})).toEqual([]);
  expect(kindsOf({ valid: 0 })).toEqual([]);
  expect(kindsOf({ valid: 0xffffffff })).toEqual([]);
});

test("faults are told in the order in which the kernel looks", () => {
  expect(kindsOf({ version: 2 })).toEqual(["unknownVersion"]);
  expect(kindsOf({ version: 2, chunkSectors: 3 })).toEqual(["unusableChunkSize", "unknownVersion"]);
});

test("behind a foreign magic nothing else is told", () => {
  expect(kindsOf({ magic: 5, version: 2, chunkSectors: 3 })).toEqual(["foreignMagic"]);
});

test.each([[0, true], [1, false], [3, true], [2 ** 21, false], [2 ** 22, true], [2 ** 31, true]])(
  "of a chunk size of %i sectors, that it is a fault is %s",
  (chunkSectors, isFault) => {
    expect(kindsOf({ chunkSectors })).toEqual(isFault ? ["unusableChunkSize"] : []);
  },
);

test("each has the code, the clause and the kernel's line", () => {
  const [size, version] = headerFaults({ ...plain, version: 2 ** 32 - 1, chunkSectors: 0 }, [cow]);
  expect(size).toMatchObject({
    code: "EINVAL",
    clause: "in its header the chunk size is 0 sectors, want a power of two from 1 on",
    log: "persistent snapshot: invalid on-disk chunk size 0: Chunk size is not a power of 2.",
  });
  expect(version).toMatchObject({
    code: "EINVAL",
    clause: "its version is 4294967295, want 1",
    log: "persistent snapshot: unable to handle snapshot disk version -1",
  });
});
