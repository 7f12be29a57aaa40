import { describe, expect, test } from "vitest";
import { isKernelMemoryDevice } from "../../../src/block/device.ts";
import { SECTORS_MAX } from "../../../src/block/units.ts";
import { FRAME_BYTES, FramePool, sharedFramePool } from "../../../src/devices/frame_pool.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { Arena } from "../../../src/kernel/arena.ts";
import { patternOf, verifySectors } from "../../../src/testing/mod.ts";

function readAll(device: ReturnType<typeof createMemoryDevice>): Uint8Array {
  const target = new Uint8Array(device.sectorCount * 512).fill(0xa5);
  device.readSync(target, 0);
  return target;
}

test("a device of 2^53 bytes costs nothing until written, and is discarded at once", () => {
  const pool = FramePool.create();
  const device = createMemoryDevice({ sectorCount: SECTORS_MAX, pool });
  expect(device.usedBytes).toBe(0);
  const [first, last] = [patternOf(1, 0, 1), patternOf(1, SECTORS_MAX - 1, 1)];
  device.writeSync(first, 0);
  device.writeSync(last, SECTORS_MAX - 1);
  expect(device.usedBytes).toBe(2 * FRAME_BYTES);
  const target = new Uint8Array(512);
  device.readSync(target, SECTORS_MAX - 1);
  verifySectors(target, last, SECTORS_MAX - 1, "the last sector of all");
  device.discardSync(0, SECTORS_MAX);
  expect(device.usedBytes).toBe(0);
  device.closeSync();
});

describe("what cannot be made", () => {
  for (const sectorCount of [-1, 0.5, NaN, Infinity, SECTORS_MAX + 1]) {
    test(`a device of ${sectorCount} sectors`, () => {
      expect(() => createMemoryDevice({ sectorCount })).toThrow(RangeError);
    });
  }

  test("a device with content that does not fit, or is no whole number of sectors", () => {
    const make = (byteCount: number) => () =>
      createMemoryDevice({ sectorCount: 2, content: new Uint8Array(byteCount) });
    make(1024)();
    expect(make(1023)).toThrow(RangeError);
    expect(make(1536)).toThrow(RangeError);
  });
});

test("content is copied, and a read-only device keeps it", () => {
  const content = patternOf(1, 0, 3);
  const device = createMemoryDevice({ sectorCount: 5, content, readOnly: true });
  content.fill(0xee);
  const expected = new Uint8Array(5 * 512);
  expected.set(patternOf(1, 0, 3));
  verifySectors(readAll(device), expected, 0, "a device with content");
  expect(() => device.writeSync(new Uint8Array(512), 0)).toThrow(/read-only/);
  expect(() => device.grow(6)).toThrow(/read-only/);
});

test("close gives the frames back to those who share the pool", () => {
  const before = sharedFramePool().usedBytes;
  const device = createMemoryDevice({ sectorCount: 1000 });
  device.writeSync(patternOf(1, 0, 1000), 0);
  expect(sharedFramePool().usedBytes).toBe(before + 8 * FRAME_BYTES);
  device.closeSync();
  expect(sharedFramePool().usedBytes).toBe(before);
  expect(device.usedBytes).toBe(0);
  expect(() => device.grow(2000)).toThrow(/it is closed/);
});

test("a full pool refuses the write with ENOMEM, and everything written before is there", () => {
  const pool = FramePool.create({ bytesMax: 2 * FRAME_BYTES });
  const device = createMemoryDevice({ sectorCount: 1024, pool });
  device.writeSync(patternOf(1, 0, 256), 0);
  expect(() => device.writeSync(patternOf(2, 200, 200), 200)).toThrow(
    expect.objectContaining({ code: "ENOMEM", device: "memory", sector: 200, sectorCount: 200 }),
  );
  const expected = new Uint8Array(1024 * 512);
  expected.set(patternOf(1, 0, 256));
  verifySectors(readAll(device), expected, 0, "after the refusal");
  device.writeSync(new Uint8Array(512 * 512), 512); // Zeroes need no memory.
  device.discardSync(0, 128);
  device.writeSync(patternOf(3, 512, 1), 512);
});

test("zeroes up to the end of the device free its last frame, which is not whole", () => {
  const device = createMemoryDevice({ sectorCount: 130, pool: FramePool.create() });
  device.writeSync(patternOf(1, 0, 130), 0);
  device.writeZeroesSync(128, 2);
  expect(device.usedBytes).toBe(FRAME_BYTES);
  device.discardSync(0, 130);
  expect(device.usedBytes).toBe(0);
});

test("growth shows nothing old, though the last frame was full before", () => {
  const device = createMemoryDevice({ sectorCount: 100 });
  device.writeSync(patternOf(1, 0, 100), 0);
  device.grow(129);
  const expected = new Uint8Array(129 * 512);
  expected.set(patternOf(1, 0, 100));
  verifySectors(readAll(device), expected, 0, "after growth");
  expect(() => device.grow(128)).toThrow(/not smaller/);
});

test("sectors are copied between devices in the kernel, whichever arenas they lie in", () => {
  const arena = Arena.create({ bytesMax: 2 ** 22 });
  const source = createMemoryDevice({ sectorCount: 1000, arena });
  source.writeSync(patternOf(1, 0, 1000), 0);
  for (const where of [{ arena }, {}, { pool: FramePool.create() }]) {
    const target = createMemoryDevice({ sectorCount: 1000, ...where });
    expect(isKernelMemoryDevice(target)).toBe(true);
    expect(source.copySectorsSync(3, target, 100, 600)).toBe(true);
    const expected = new Uint8Array(1000 * 512);
    expected.set(patternOf(1, 3, 600), 100 * 512);
    verifySectors(readAll(target), expected, 0, "a copy");
    expect(() => source.copySectorsSync(3, target, 500, 600)).toThrow(/ends at sector 1000/);
    target.closeSync();
  }
});

test("a warm read or write of 4 KiB leaves memory as it was", () => {
  const device = createMemoryDevice({ sectorCount: 8192, pool: FramePool.create() });
  device.writeSync(patternOf(1, 0, 8192), 0);
  const { usedBytes } = device;
  const buffer = new Uint8Array(4096);
  for (let request = 0; request < 10_000; request++) {
    device.readSync(buffer, (request * 8) % 8192);
    device.writeSync(buffer, (request * 8) % 8192);
  }
  expect(device.usedBytes).toBe(usedBytes);
  verifySectors(readAll(device), patternOf(1, 0, 8192), 0, "rewritten with itself");
});
