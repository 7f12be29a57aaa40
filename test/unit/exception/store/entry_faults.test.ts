import { expect, test } from "vitest";
import { AreaLayout } from "../../../../src/exception/store/disk_format.ts";
import { EntryBounds } from "../../../../src/exception/store/entry_faults.ts";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";

const layout = new AreaLayout(8);
const cow = createMemoryDevice({ sectorCount: 805, name: "cow" });
const source = createMemoryDevice({ sectorCount: 401, name: "disk" });

test("an old chunk may be the source's last one, cut short; a new chunk must be whole", () => {
  const bounds = new EntryBounds(cow, source, layout);
  expect([bounds.oldChunkEnd, bounds.newChunkEnd]).toEqual([51, 100]);
  expect(bounds.oldChunkFault(50)).toBe(null);
  expect(bounds.oldChunkFault(51)).toEqual({
    kind: "oldChunkOutside",
    clause: 'old chunk 51, but "disk" has only 51 chunks',
  });
  expect(bounds.newChunkFault(99)).toBe(null);
  expect(bounds.newChunkFault(100)).toEqual({
    kind: "newChunkOutside",
    clause: 'new chunk 100, but "cow" has only 100 chunks',
  });
});

test("a new chunk is not one with metadata", () => {
  const { newChunkFault } = EntryBounds.prototype;
  const bounds = new EntryBounds(cow, source, new AreaLayout(1));
  const faults = [1, 2, 33, 34, 35, 67].map((chunk) => newChunkFault.call(bounds, chunk)?.kind);
  expect(faults).toEqual([
    "newChunkOnMetadata",
    undefined,
    undefined,
    "newChunkOnMetadata",
    undefined,
    "newChunkOnMetadata",
  ]);
});

test.each([2 ** 32, 2 ** 53, 2 ** 56 - 8, 2 ** 56, 2 ** 63, 2 ** 64])(
  "%d is outside, on either side and of any device",
  (chunk) => {
    const bounds = new EntryBounds(cow, null, layout);
    const kind = chunk < 2 ** 56 ? "newChunkOutside" : "newChunkTopByte";
    expect(bounds.newChunkFault(chunk)?.kind).toBe(kind);
    const isPossible = chunk < bounds.oldChunkEnd;
    expect(bounds.oldChunkFault(chunk) === null).toBe(isPossible);
    expect(new EntryBounds(cow, source, layout).oldChunkFault(chunk)).not.toBe(null);
  },
);

test("of a device with more chunks than the index has room for, what is past those is outside", () => {
  const huge = createMemoryDevice({ sectorCount: 2 ** 41 + 80, name: "huge" });
  const bounds = new EntryBounds(huge, huge, layout);
  expect([bounds.oldChunkEnd, bounds.newChunkEnd]).toEqual([2 ** 38, 2 ** 38]);
  expect(bounds.oldChunkFault(2 ** 38 - 1)).toBe(null);
  expect(bounds.oldChunkFault(2 ** 38)?.clause).toBe(
    'old chunk 274877906944, but "huge" can use only 274877906944 chunks',
  );
  expect(bounds.newChunkFault(2 ** 38)).toEqual({
    kind: "newChunkOutside",
    clause: 'new chunk 274877906944, but "huge" can use only 274877906944 chunks',
  });
  expect(new EntryBounds(cow, null, layout).oldChunkFault(2 ** 38)?.clause).toContain(
    "but any device can use only 274877906944 chunks",
  );
});
