import { describe, expect, test } from "vitest";
import { checked, createMemoryDevice, type SyncBlockDevice } from "../../../src/mod.ts";
import { asByteDisk } from "../../../src/emulator/byte_disk.ts";
import { patternOf, Prng } from "../../../src/testing/mod.ts";

/** A memory device of some logical block, and what was asked of it. */
function device(sectorCount: number, logicalSectors: number) {
  const memory = createMemoryDevice({ sectorCount, content: patternOf(1, 0, sectorCount) });
  const asked: string[] = [];
  const note = (verb: string, bytes: Uint8Array, sector: number) =>
    void asked.push(`${verb} ${bytes.length / 512} at ${sector}`);
  const watched: SyncBlockDevice = checked({
    ...{ name: "watched", sectorCount, supports: memory.supports, limits: { logicalSectors } },
    readSync(target, sector) {
      note("read", target, sector);
      memory.readSync(target, sector);
    },
    writeSync(source, sector) {
      note("write", source, sector);
      memory.writeSync(source, sector);
    },
    flushSync() {},
    closeSync() {},
  });
  return { disk: asByteDisk(watched, "Saved HD"), asked };
}

describe.each([[1, 24], [8, 24]])("over blocks of %s sectors", (logicalSectors, sectorCount) => {
  test("every read and write at any byte does what it does to an array", () => {
    const { disk } = device(sectorCount, logicalSectors);
    const model = patternOf(1, 0, sectorCount);
    const prng = Prng.fromSeed(`bytes ${logicalSectors}`);
    const places = [0, 1, 511, 512, 513, 4095, 4096, 4097, model.length - 1, model.length];
    for (let round = 0; round < 3000; round++) {
      const offset = prng.bool() ? prng.pick(places) : prng.int(model.length + 1);
      const length = prng.bool() ? prng.pick(places) : prng.int(1500);
      const count = Math.min(length, model.length - offset);
      const buffer = prng.bytes(length + 3);
      const want = buffer.slice();
      if (prng.bool()) {
        want.set(model.subarray(offset, offset + count));
        expect(disk.read(buffer, offset, length)).toBe(count);
      } else {
        model.set(buffer.subarray(0, count), offset);
        expect(disk.write(buffer, offset, length)).toBe(count);
      }
      expect(buffer).toEqual(want);
    }
    const all = new Uint8Array(model.length);
    expect(disk.read(all, 0, all.length)).toBe(all.length);
    expect(all).toEqual(model);
  });
});

test("whole sectors are passed on as one request, and only parts are read before a write", () => {
  const { disk, asked } = device(24, 1);
  disk.write(new Uint8Array(5000), 512, 512 * 9);
  disk.read(new Uint8Array(5000), 0, 512 * 9);
  expect(asked.splice(0)).toEqual(["write 9 at 1", "read 9 at 0"]);
  disk.write(new Uint8Array(5000), 500, 1600);
  expect(asked.splice(0)).toEqual([
    ...["read 1 at 0", "read 1 at 4", "write 5 at 0"],
  ]);
  disk.write(new Uint8Array(1), 700, 1);
  expect(asked).toEqual(["read 1 at 1", "write 1 at 1"]);
});

test("it has a name and a size in bytes", () => {
  const { disk } = device(24, 1);
  expect({ name: disk.name, size: disk.size }).toEqual({ name: "Saved HD", size: 24 * 512 });
  expect(asByteDisk(createMemoryDevice({ sectorCount: 1, name: "own" })).name).toBe("own");
});

test("past the end nothing is moved, and nonsense is refused", () => {
  const { disk, asked } = device(24, 1);
  expect(disk.read(new Uint8Array(9), 24 * 512, 9)).toBe(0);
  expect(disk.write(new Uint8Array(9), 1e9, 9)).toBe(0);
  for (const [offset, length] of [[-1, 1], [0.5, 1], [0, -1], [0, 10], [NaN, 1], [0, 1.5]]) {
    expect(() => disk.read(new Uint8Array(9), offset!, length!)).toThrow(RangeError);
    expect(() => disk.write(new Uint8Array(9), offset!, length!)).toThrow(RangeError);
  }
  expect(asked).toEqual([]);
});

test("what the device refuses is thrown, never read as zeroes", () => {
  const memory = createMemoryDevice({ sectorCount: 4, readOnly: true });
  const disk = asByteDisk(memory);
  expect(() => disk.write(new Uint8Array(3), 0, 3)).toThrow(
    expect.objectContaining({ code: "EROFS" }),
  );
  memory.closeSync();
  expect(() => disk.read(new Uint8Array(3), 0, 3)).toThrow(
    expect.objectContaining({ code: "ESHUTDOWN" }),
  );
});
