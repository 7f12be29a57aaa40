import { expect, test } from "vitest";
import { checked } from "../../../../src/block/checked.ts";
import type { BlockDevice } from "../../../../src/block/device.ts";
import { createMemoryDevice } from "../../../../src/devices/mod.ts";
import type { ImagePlace } from "../../../../src/disk/image/image_pieces.ts";
import { writeImage, writePieces } from "../../../../src/disk/image/image_writer.ts";
import { patternOf, Prng } from "../../../../src/testing/mod.ts";

function whole(device: BlockDevice): ImagePlace {
  const extents = [{ sector: 0, sectorCount: device.sectorCount }];
  return { device, extents, unitSectors: 8 };
}

/** A stream of pieces of any lengths. */
function streamOf(bytes: Uint8Array, prng: Prng): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at === bytes.length) return controller.close();
      const end = Math.min(bytes.length, at + prng.intBetween(1, 300_000));
      controller.enqueue(bytes.slice(at, end));
      at = end;
    },
  });
}

function contentsOf(
  device: { readSync(target: Uint8Array, sector: number): void; sectorCount: number },
) {
  const bytes = new Uint8Array(device.sectorCount * 512);
  device.readSync(bytes, 0);
  return bytes;
}

test("the device holds the image then, and zeroes behind it, whatever was there", async () => {
  for (let seed = 0; seed < 40; seed++) {
    const prng = Prng.fromSeed(`import/${seed}`);
    const sectorCount = prng.pick([1, 7, 100, 5000]);
    const device = createMemoryDevice({ sectorCount, content: patternOf(seed, 0, sectorCount) });
    const wanted = new Uint8Array(sectorCount * 512);
    const imageBytes = prng.int(sectorCount * 512 + 1);
    for (let count = prng.int(4); count > 0; count--) {
      const sector = prng.int(sectorCount);
      wanted.set(patternOf(prng.uint32(), sector, 1), sector * 512);
    }
    wanted.fill(0, imageBytes);
    await writeImage(whole(device), streamOf(wanted.subarray(0, imageBytes), prng));
    expect(Buffer.compare(contentsOf(device), wanted), `seed ${seed}`).toBe(0);
    device.closeSync();
  }
});

test("zeroes on zeroes are neither read nor written, and of a terabyte the rest is little", async () => {
  const requests: string[] = [];
  const device = checked({
    name: "large",
    sectorCount: 2 ** 31,
    supports: { write: true, discard: false, discardZeroes: false, permanence: false },
    readSync: (target, sector) => {
      target.fill(sector === 4096 ? 1 : 0);
      requests.push(`read ${target.length / 512} at ${sector}`);
    },
    writeSync: (source, sector) => void requests.push(`write ${source.length / 512} at ${sector}`),
    flushSync: () => void requests.push("flush"),
    closeSync() {},
  });
  const extents = [{ sector: 4096, sectorCount: 8 }, { sector: 2 ** 20, sectorCount: 8 }];
  const bytes = new Uint8Array(64 * 512);
  bytes[17 * 512] = 1;
  await writePieces({ device, extents, unitSectors: 8 }, [{ sector: 2 ** 30, bytes }]);
  expect(requests).toEqual([
    "read 8 at 4096",
    "write 8 at 4096",
    "read 8 at 1048576",
    `write 8 at ${2 ** 30 + 16}`,
    "flush",
  ]);
});

test("an image that is larger than the device is refused, and its stream cancelled", async () => {
  const device = createMemoryDevice({ sectorCount: 100 });
  let isCancelled = false;
  const image = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(100_000).fill(1)),
    cancel: () => void (isCancelled = true),
  });
  const importing = writeImage(whole(device), image);
  await expect(importing).rejects.toMatchObject({ code: "ENOSPC" });
  await expect(importing).rejects.toThrow(/it has more than 100 sectors/);
  expect(isCancelled).toBe(true);
  // By one byte.
  const bytes = new Uint8Array(100 * 512 + 1);
  const prng = Prng.fromSeed("larger");
  await expect(writeImage(whole(device), streamOf(bytes, prng))).rejects.toThrow(/more than 100/);
});

test("a signal ends an import, also while the stream brings nothing", async () => {
  const device = createMemoryDevice({ sectorCount: 100 });
  const abort = new AbortController();
  let reason: unknown;
  const silent = new ReadableStream<Uint8Array>({ cancel: (why) => void (reason = why) });
  const importing = writeImage(whole(device), silent, { signal: abort.signal });
  abort.abort("enough");
  await expect(importing).rejects.toBe("enough");
  expect(reason).toBe("enough");
  const again = writeImage(whole(device), new ReadableStream(), { signal: abort.signal });
  await expect(again).rejects.toBe("enough");
});

test("a stream that fails ends the import with its failure", async () => {
  const device = createMemoryDevice({ sectorCount: 100 });
  const image = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("the line is cut")),
  });
  await expect(writeImage(whole(device), image)).rejects.toThrow("the line is cut");
});

const PIECE = new Uint8Array(512).fill(1);

test.each([
  ["out of order", [{ sector: 5, bytes: PIECE }, { sector: 5, bytes: PIECE }], "EINVAL"],
  ["with half a sector", [{ sector: 5, bytes: PIECE.subarray(1) }], "EINVAL"],
  ["at no whole sector", [{ sector: 0.5, bytes: PIECE }], "EINVAL"],
  ["at a negative sector", [{ sector: -1, bytes: PIECE }], "EINVAL"],
  ["at no number", [{ sector: NaN, bytes: PIECE }], "EINVAL"],
  ["behind the end", [{ sector: 100, bytes: PIECE }], "ENOSPC"],
])("pieces %s are refused", async (_, pieces, code) => {
  const device = createMemoryDevice({ sectorCount: 100 });
  await expect(writePieces(whole(device), pieces)).rejects.toMatchObject({ code });
});

test("what was imported is durable", async () => {
  let flushCount = 0;
  const memory = createMemoryDevice({ sectorCount: 8 });
  const device = checked({
    name: "watched",
    sectorCount: 8,
    supports: memory.supports,
    readSync: (target, sector) => memory.readSync(target, sector),
    writeSync: (source, sector) => memory.writeSync(source, sector),
    flushSync: () => void flushCount++,
    closeSync() {},
  });
  await writePieces(whole(device), [{ sector: 0, bytes: PIECE }]);
  expect(flushCount).toBe(1);
});
