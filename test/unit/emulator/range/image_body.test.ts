import { expect, test } from "vitest";
import { checked } from "../../../../src/block/checked.ts";
import type { BlockDevice } from "../../../../src/block/device.ts";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { type BodyPart, openBody, PIECE_BYTES } from "../../../../src/emulator/range/image_body.ts";
import { patternOf, Prng } from "../../../../src/testing/mod.ts";

const PIECE_SECTORS = PIECE_BYTES / 512;

interface Reads {
  readonly device: BlockDevice;
  /** What was read: sector and count. */
  readonly log: [number, number][];
}

/** A device of a pattern that logs its reads, and has one bad sector. */
function loggedDevice(sectorCount: number, { badSector = NaN, logicalSectors = 1 } = {}): Reads {
  const content = patternOf(1, 0, sectorCount);
  const log: [number, number][] = [];
  const device = checked({
    name: "logged",
    sectorCount,
    limits: { logicalSectors, preferredSectors: 8 },
    supports: { write: false, discard: false, discardZeroes: false, permanence: true },
    readSync(target, sector) {
      const count = target.length / 512;
      if (badSector >= sector && badSector < sector + count) {
        throw new BlockDeviceError("EIO", "a bad sector");
      }
      log.push([sector, count]);
      target.set(content.subarray(sector * 512, sector * 512 + target.length));
    },
    writeSync() {},
    flushSync() {},
    closeSync() {},
  });
  return { device, log };
}

const range = (firstByte: number, lastByte: number) => ({ firstByte, lastByte });

async function bytesOf(device: BlockDevice, parts: readonly BodyPart[]): Promise<Uint8Array> {
  let endCount = 0;
  const body = await openBody(device, parts, () => void endCount++);
  const bytes = await new Response(body).bytes();
  expect(endCount).toBe(1);
  return bytes;
}

test("the body of any range is the device's bytes, wherever they begin and end", async () => {
  const sectorCount = 2 * PIECE_SECTORS + 24;
  const sizeBytes = sectorCount * 512;
  const content = patternOf(1, 0, sectorCount);
  const prng = Prng.fromSeed("bodies");
  for (const logicalSectors of [1, 8]) {
    const { device } = loggedDevice(sectorCount, { logicalSectors });
    const edges = [0, 1, 511, 512, PIECE_BYTES - 1, PIECE_BYTES, sizeBytes - 512, sizeBytes - 1];
    for (let round = 0; round < 100; round++) {
      const draw = () => prng.bool() ? prng.pick(edges) : prng.int(sizeBytes);
      const [first, last] = [draw(), draw()].sort((a, b) => a - b) as [number, number];
      const found = await bytesOf(device, [range(first, last)]);
      const isSame = found.every((byte, at) => byte === content[first + at]);
      expect([found.length, isSame], `${first}-${last}`).toEqual([last - first + 1, true]);
    }
  }
});

test("text and ranges follow each other as they were put together", async () => {
  const { device } = loggedDevice(8);
  const content = patternOf(1, 0, 8);
  const found = await bytesOf(device, ["ab", range(5, 6), "c", range(600, 600)]);
  expect([...found]).toEqual([97, 98, content[5], content[6], 99, content[600]]);
  expect(await bytesOf(device, [])).toEqual(new Uint8Array());
});

test("pieces are read when they are asked for, one at a time, aligned but for the ends", async () => {
  const { device, log } = loggedDevice(10 * PIECE_SECTORS);
  const body = await openBody(device, [range(1000, 10 * PIECE_BYTES - 1)], () => {});
  if (body instanceof Uint8Array) throw new Error("want a stream");
  await new Promise((resolve) => setTimeout(resolve));
  expect(log).toEqual([[1, PIECE_SECTORS - 1]]);
  const reader = body.getReader();
  for (let piece = 1; piece < 5; piece++) {
    const { value } = await reader.read();
    expect(value!.length).toBeLessThanOrEqual(PIECE_BYTES);
    expect(log.length).toBe(piece);
    expect(log[piece]).toBe(undefined);
  }
  expect(log[3]).toEqual([3 * PIECE_SECTORS, PIECE_SECTORS]);
});

test("a reader that goes away ends the reading, and that is told once", async () => {
  const { device, log } = loggedDevice(10 * PIECE_SECTORS);
  let endCount = 0;
  const body = await openBody(device, [range(0, 10 * PIECE_BYTES - 1)], () => void endCount++);
  if (body instanceof Uint8Array) throw new Error("want a stream");
  const reader = body.getReader();
  await reader.read();
  await reader.read();
  await reader.cancel();
  expect(log.length).toBe(2);
  expect(endCount).toBe(1);
});

test("a read that is under way when the reader goes ends first, whichever way, and that is told once", async () => {
  const { device } = loggedDevice(10 * PIECE_SECTORS);
  let fail = (_error: Error) => {};
  let readCount = 0;
  const stuck = checked({
    name: "stuck",
    sectorCount: 10 * PIECE_SECTORS,
    supports: device.supports,
    read: () =>
      ++readCount === 1 ? Promise.resolve() : new Promise<void>((_, reject) => fail = reject),
    write: () => Promise.resolve(),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  });
  let endCount = 0;
  const body = await openBody(stuck, [range(0, 10 * PIECE_BYTES - 1)], () => void endCount++);
  if (body instanceof Uint8Array) throw new Error("want a stream");
  const reader = body.getReader();
  await reader.read();
  const read = reader.read();
  await new Promise((resolve) => setTimeout(resolve));
  const cancelling = reader.cancel();
  expect((await read).done).toBe(true);
  expect(endCount).toBe(0);
  fail(new BlockDeviceError("EIO", "too late to matter"));
  await cancelling;
  expect([readCount, endCount]).toEqual([2, 1]);
});

test("a first piece that cannot be read is an error before there is a body", async () => {
  const { device } = loggedDevice(2 * PIECE_SECTORS, { badSector: 3 });
  for (const last of [2000, 2 * PIECE_BYTES - 1]) {
    let endCount = 0;
    const body = openBody(device, [range(1000, last)], () => void endCount++);
    await expect(body).rejects.toThrow(expect.objectContaining({ code: "EIO" }));
    expect(endCount).toBe(1);
  }
});

test("a later piece that cannot be read errors the body behind the bytes before it", async () => {
  const { device } = loggedDevice(3 * PIECE_SECTORS, { badSector: 2 * PIECE_SECTORS });
  let endCount = 0;
  const body = await openBody(device, [range(0, 3 * PIECE_BYTES - 1)], () => void endCount++);
  if (body instanceof Uint8Array) throw new Error("want a stream");
  const reader = body.getReader();
  await reader.read();
  await reader.read();
  await expect(reader.read()).rejects.toThrow(expect.objectContaining({ code: "EIO" }));
  expect(endCount).toBe(1);
});

test("what fits into one piece is no stream", async () => {
  const { device } = loggedDevice(2 * PIECE_SECTORS);
  const kind = async (first: number, last: number) =>
    (await openBody(device, [range(first, last)], () => {})).constructor;
  expect(await kind(0, PIECE_BYTES - 1)).toBe(Uint8Array);
  expect(await kind(PIECE_BYTES - 1, PIECE_BYTES)).toBe(ReadableStream);
});
