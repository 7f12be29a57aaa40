import { expect, test } from "vitest";
import {
  AreaLayout,
  decodeHeader,
  encodeEntry,
  encodeHeader,
  entryNewChunk,
  entryOldChunk,
} from "../../../../src/exception/store/disk_format.ts";

const hex = (bytes: Uint8Array) =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

test.each([
  [1, true, "536e4170" + "01000000" + "01000000" + "01000000"],
  [8, true, "536e4170" + "01000000" + "01000000" + "08000000"],
  [32, false, "536e4170" + "00000000" + "01000000" + "20000000"],
  [2 ** 21, true, "536e4170" + "01000000" + "01000000" + "00002000"],
])(
  "a header for chunks of %i sectors, valid: %s, is these 16 bytes",
  (chunk, isValid, expected) => {
    const bytes = new Uint8Array(20).fill(0xee);
    encodeHeader(bytes, isValid, chunk);
    expect(hex(bytes)).toBe(expected + "eeeeeeee");
    expect(decodeHeader(bytes)).toEqual({
      magic: 0x70416e53,
      valid: isValid ? 1 : 0,
      version: 1,
      chunkSectors: chunk,
    });
  },
);

test("a header is read from any place in a buffer, with words of 32 bits unsigned", () => {
  const bytes = new Uint8Array(24).fill(0xff);
  expect(decodeHeader(bytes.subarray(8))).toEqual({
    magic: 2 ** 32 - 1,
    valid: 2 ** 32 - 1,
    version: 2 ** 32 - 1,
    chunkSectors: 2 ** 32 - 1,
  });
});

test.each([
  [0, 2, "0000000000000000" + "0200000000000000"],
  [2 ** 32 - 1, 2 ** 32, "ffffffff00000000" + "0000000001000000"],
  [2 ** 32 + 1, 2 ** 40 + 7, "0100000001000000" + "0700000000010000"],
  [2 ** 53 - 2, 2 ** 53 - 1, "feffffffffff1f00" + "ffffffffffff1f00"],
])(
  "the entry %i to %i is these bytes, exactly, and is read back",
  (oldChunk, newChunk, expected) => {
    const bytes = new Uint8Array(48).fill(0xee);
    const view = new DataView(bytes.buffer);
    encodeEntry(view, 1, oldChunk, newChunk);
    expect(hex(bytes)).toBe("ee".repeat(16) + expected + "ee".repeat(16));
    expect([entryOldChunk(view, 1), entryNewChunk(view, 1)]).toEqual([oldChunk, newChunk]);
  },
);

test("a number of 2^53 or more is never taken for one that is exact", () => {
  const view = new DataView(new ArrayBuffer(16));
  for (const high of [0x00200000, 0x00200001, 0xffffffff]) {
    for (const low of [0, 1, 0xffffffff]) {
      view.setUint32(0, low, true);
      view.setUint32(4, high, true);
      expect(Number.isSafeInteger(entryOldChunk(view, 0))).toBe(false);
      expect(entryOldChunk(view, 0)).toBeGreaterThanOrEqual(2 ** 53);
    }
  }
});

test.each([
  [1, 512, 32, 33],
  [8, 4096, 256, 257],
  [32, 16384, 1024, 1025],
  [1024, 2 ** 19, 32768, 32769],
  [2 ** 21, 2 ** 30, 2 ** 26, 2 ** 26 + 1],
])("chunks of %i sectors make areas of these sizes", (chunkSectors, bytes, entries, stride) => {
  const layout = new AreaLayout(chunkSectors);
  expect(layout.chunkBytes).toBe(bytes);
  expect(layout.entriesPerArea).toBe(entries);
  expect(layout.strideChunks).toBe(stride);
  expect(layout.firstDataChunk).toBe(2);
  expect([0, 1, 2].map((area) => layout.areaChunk(area))).toEqual([1, 1 + stride, 1 + 2 * stride]);
});

test("the header and every area are metadata, their neighbours are not", () => {
  for (const chunkSectors of [1, 8, 32]) {
    const layout = new AreaLayout(chunkSectors);
    const isMetadata = (chunk: number) => layout.isMetadataChunk(chunk);
    expect([0, 1, 2].map(isMetadata)).toEqual([true, true, false]);
    for (const area of [1, 2, 1000, 2 ** 30]) {
      const chunk = layout.areaChunk(area);
      expect([chunk - 1, chunk, chunk + 1].map(isMetadata)).toEqual([false, true, false]);
      const next = [chunk - 1, chunk, chunk + 1].map((each) => layout.skipMetadata(each));
      expect(next).toEqual([chunk - 1, chunk + 1, chunk + 1]);
    }
  }
});

test("the d-th exception in order lies at chunk 2 + d + floor(d / N)", () => {
  const layout = new AreaLayout(1);
  let chunk = layout.firstDataChunk;
  for (let place = 0; place < 200; place++) {
    expect(chunk).toBe(2 + place + Math.floor(place / 32));
    chunk = layout.skipMetadata(chunk + 1);
  }
});

test("on a device of the fitting size all exceptions have room, on one that is a chunk smaller not", () => {
  for (const chunkSectors of [1, 8, 32]) {
    const layout = new AreaLayout(chunkSectors);
    for (const around of [1, layout.entriesPerArea, 3 * layout.entriesPerArea]) {
      for (const count of [around - 1, around, around + 1]) {
        const chunks = layout.fittingSectors(count) / chunkSectors;
        // The last chunk, and the area behind its own, which a full area needs.
        const areaChunk = layout.areaChunk(Math.floor(count / layout.entriesPerArea));
        const lastChunk = count === 0 ? 0 : layout.chunkInOrder(count - 1);
        expect(Math.max(areaChunk, lastChunk)).toBe(chunks - 1);
      }
    }
  }
});
