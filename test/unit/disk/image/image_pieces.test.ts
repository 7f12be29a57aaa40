import { expect, test } from "vitest";
import { checked } from "../../../../src/block/checked.ts";
import type { BlockDevice } from "../../../../src/block/device.ts";
import { createMemoryDevice } from "../../../../src/devices/mod.ts";
import {
  cutZeroes,
  type ImagePlace,
  readImage,
  readPieces,
  type TransferProgress,
} from "../../../../src/disk/image/image_pieces.ts";
import { patternOf, Prng } from "../../../../src/testing/mod.ts";

/** A device that tells what is read of it. */
function watched(device: BlockDevice): { device: BlockDevice; reads: [number, number][] } {
  const reads: [number, number][] = [];
  const face = checked({
    name: "watched",
    sectorCount: device.sectorCount,
    supports: device.supports,
    async read(target, sector) {
      reads.push([sector, target.length / 512]);
      await device.read(target, sector);
    },
    write: () => Promise.resolve(),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  });
  return { device: face, reads };
}

function whole(device: BlockDevice): ImagePlace {
  const extents = [{ sector: 0, sectorCount: device.sectorCount }];
  return { device, extents, unitSectors: 8 };
}

async function bytesOf(image: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(
    await new Response(image as ReadableStream<Uint8Array<ArrayBuffer>>)
      .arrayBuffer(),
  );
}

function sparse(prng: Prng, sectorCount: number): Uint8Array {
  const bytes = new Uint8Array(sectorCount * 512);
  for (let count = prng.int(5); count > 0; count--) {
    const sector = prng.int(sectorCount);
    const length = prng.intBetween(1, Math.min(40, sectorCount - sector));
    bytes.set(patternOf(prng.uint32(), sector, length), sector * 512);
  }
  return bytes;
}

test("pieces and the stream hold what the device holds, whatever its size", async () => {
  for (let seed = 0; seed < 40; seed++) {
    const prng = Prng.fromSeed(`image/${seed}`);
    const sectorCount = prng.pick([1, 7, 100, 2048, 2049, 5000]);
    const content = sparse(prng, sectorCount);
    const device = createMemoryDevice({ sectorCount, content });
    expect(Buffer.compare(await bytesOf(readImage(whole(device))), content)).toBe(0);
    const gathered = new Uint8Array(content.length);
    for await (const { sector, bytes } of readPieces(whole(device))) {
      gathered.set(bytes, sector * 512);
      expect(bytes.some((byte) => byte !== 0)).toBe(true);
    }
    expect(Buffer.compare(gathered, content), `seed ${seed}`).toBe(0);
    device.closeSync();
  }
});

test("only where something may be is read, and of a terabyte that is little", async () => {
  const sectorCount = 2 ** 31;
  const memory = createMemoryDevice({ sectorCount });
  memory.writeSync(patternOf(1, 2 ** 30, 3), 2 ** 30);
  const { device, reads } = watched(memory);
  const extents = [{ sector: 64, sectorCount: 8 }, { sector: 2 ** 30, sectorCount: 16 }];
  const pieces = await Array.fromAsync(readPieces({ device, extents, unitSectors: 8 }));
  expect(pieces.map(({ sector, bytes }) => [sector, bytes.length])).toEqual([[2 ** 30, 4096]]);
  expect(reads).toEqual([[64, 8], [2 ** 30, 16]]);
});

test("nothing is read before it is asked for, and nothing after a cancellation", async () => {
  const memory = createMemoryDevice({ sectorCount: 10_000, content: patternOf(1, 0, 10_000) });
  const { device, reads } = watched(memory);
  const reader = readImage(whole(device)).getReader();
  await Promise.resolve();
  expect(reads).toEqual([]);
  await reader.read();
  expect(reads).toHaveLength(1);
  await reader.cancel();
  expect((await reader.read()).done).toBe(true);
  expect(reads).toHaveLength(1);
});

test("a signal stops both, also amid zeroes", async () => {
  const device = createMemoryDevice({ sectorCount: 2 ** 31 });
  const abort = new AbortController();
  const reader = readImage({ device, extents: [], unitSectors: 8 }, { signal: abort.signal })
    .getReader();
  await reader.read();
  abort.abort(new Error("enough"));
  await expect(reader.read()).rejects.toThrow("enough");
  const pieces = readPieces(whole(device), { signal: abort.signal });
  await expect(pieces.next()).rejects.toThrow("enough");
});

test("a read that fails is the stream's failure", async () => {
  const device = createMemoryDevice({ sectorCount: 8 });
  const place = whole(device);
  device.closeSync();
  await expect(bytesOf(readImage(place))).rejects.toThrow(/closed/);
});

test("progress ends at the end, and never goes back", async () => {
  const device = createMemoryDevice({ sectorCount: 5000, content: patternOf(1, 0, 3000) });
  for (const read of [readImage, readPieces]) {
    const seen: number[] = [];
    const onProgress = ({ doneSectors, totalSectors }: TransferProgress) => {
      expect(totalSectors).toBe(5000);
      seen.push(doneSectors);
    };
    await Array.fromAsync<unknown>(read(whole(device), { onProgress }) as AsyncIterable<unknown>);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(5000);
  }
});

test("a buffer is cut where zeroes begin and end, in whole units", () => {
  const bytes = new Uint8Array(20 * 512);
  bytes[9 * 512] = 1;
  bytes[19 * 512 + 511] = 1;
  expect([...cutZeroes(bytes, 8)]).toEqual([
    { sector: 0, sectorCount: 8, isZero: true },
    { sector: 8, sectorCount: 12, isZero: false },
  ]);
  expect([...cutZeroes(bytes, 1)].map(({ isZero }) => isZero)).toEqual([true, false, true, false]);
  expect([...cutZeroes(new Uint8Array(0), 8)]).toEqual([]);
});
