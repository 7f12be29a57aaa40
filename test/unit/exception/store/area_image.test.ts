import { expect, test } from "vitest";
import { AreaImage } from "../../../../src/exception/store/area_image.ts";

/** What an image says is to be written: offset and bytes. */
const dirtyOf = (image: AreaImage) => [image.dirtyOffsetBytes, image.dirtyBytes.length];

test("only blocks that changed are written, whole", () => {
  const image = new AreaImage(16384, 512);
  expect(image.isDirty).toBe(false);
  image.set(0, 1, 2);
  expect(dirtyOf(image)).toEqual([0, 512]);
  image.settle();
  image.set(31, 1, 2);
  expect(dirtyOf(image)).toEqual([0, 512]);
  image.set(32, 1, 2);
  expect(dirtyOf(image)).toEqual([0, 1024]);
  image.settle();
  expect(image.isDirty).toBe(false);
  image.set(33, 1, 2);
  expect(dirtyOf(image)).toEqual([512, 512]);
});

test("the unit of writing is the logical block", () => {
  const image = new AreaImage(16384, 4096);
  image.set(256, 7, 8);
  expect(dirtyOf(image)).toEqual([4096, 4096]);
  image.set(255, 7, 8);
  expect(dirtyOf(image)).toEqual([0, 8192]);
});

test("entries are kept, and grow with the area to its last one", () => {
  const image = new AreaImage(65536, 512);
  for (let index = 0; index < 4096; index++) image.set(index, index * 3, index * 5 + 1);
  expect(dirtyOf(image)).toEqual([0, 65536]);
  for (let index = 0; index < 4096; index++) {
    expect([image.oldChunk(index), image.newChunk(index)]).toEqual([index * 3, index * 5 + 1]);
  }
});

test("an entry that was loaded is not to be written, one that was cleared is", () => {
  const image = new AreaImage(4096, 512);
  image.load(40, 9, 10);
  expect(image.isDirty).toBe(false);
  image.set(40, 0, 0);
  expect(dirtyOf(image)).toEqual([512, 512]);
  expect(image.dirtyBytes.every((byte) => byte === 0)).toBe(true);
});

test("a new area is zeroes, whatever the one before held", () => {
  const image = new AreaImage(4096, 512);
  image.loadAll(new Uint8Array(4096).fill(0xff));
  expect(image.isDirty).toBe(false);
  image.reset();
  for (let offset = 0; offset < 4096; offset += 512) {
    expect(image.block(offset).every((byte) => byte === 0)).toBe(true);
  }
});

test("the block of an entry is found, also behind what the image holds so far", () => {
  const image = new AreaImage(65536, 512);
  expect([31, 32, 4095].map((index) => image.blockStart(index))).toEqual([0, 512, 65024]);
  expect(image.block(65024).length).toBe(512);
});

test("entries that were cleared are restored as they were, and are to be written again", () => {
  const image = new AreaImage(16384, 512);
  for (let index = 0; index < 70; index++) image.load(index, index + 1, index * 3);
  const cleared = image.clear(30, 40);
  expect([image.oldChunk(29), image.oldChunk(30), image.newChunk(69)]).toEqual([30, 0, 0]);
  image.settle();
  image.restore(30, cleared);
  expect(dirtyOf(image)).toEqual([0, 1536]);
  for (let index = 0; index < 70; index++) {
    expect([image.oldChunk(index), image.newChunk(index)]).toEqual([index + 1, index * 3]);
  }
});
