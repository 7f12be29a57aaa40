import { describe, expect, test } from "vitest";
import { createMemoryDevice } from "../../../src/devices/mod.ts";
import type { DiskEvent } from "../../../src/disk/disk_options.ts";
import { createMemoryStorage } from "../../../src/disk/storage/memory_storage.ts";
import { patternOf } from "../../../src/testing/mod.ts";
import { changesBetween, contentsOf, SECTOR_COUNT } from "./disk_model.ts";
import { memoryOrigin, openDisk, ORIGIN, withWrite } from "./patterned_disk.ts";

describe("another version of the origin", () => {
  const NEW = withWrite(ORIGIN, 8, 40, 20);

  test("keeps what was changed, in every snapshot and branch, and tells the conflicts", async () => {
    await using disk = await openDisk();
    await disk.device.write(patternOf(2, 0, 9), 0); // Chunks 0 and 1.
    await disk.snapshot("a");
    await disk.device.write(patternOf(3, 42, 1), 42); // Chunk 5: a conflict.
    await using fork = await disk.fork("a", "other");
    const conflicts = await disk.rebase(memoryOrigin(NEW));
    expect(conflicts).toEqual([{ sector: 40, sectorCount: 8 }]);
    const rebased = NEW.slice();
    rebased.set(withWrite(ORIGIN, 2, 0, 9).subarray(0, 16 * 512));
    expect(await contentsOf(fork)).toEqual(rebased);
    rebased.set(withWrite(ORIGIN, 3, 42, 1).subarray(40 * 512, 48 * 512), 40 * 512);
    expect(await contentsOf(disk)).toEqual(rebased);
    await disk.rollback(null);
    expect(await contentsOf(disk)).toEqual(NEW);
    disk.check();
  });

  test("is the disk's own from then on", async () => {
    await using storage = createMemoryStorage();
    const disk = await openDisk({ storage });
    expect(await disk.rebase(memoryOrigin(NEW))).toEqual([]);
    await disk.close();
    await expect(openDisk({ storage })).rejects.toThrow(/has changed/);
    await using again = await openDisk({ storage, origin: memoryOrigin(NEW) });
    expect(await contentsOf(again)).toEqual(NEW);
  });

  test("of another size is refused, and the disk stays on the old one", async () => {
    await using disk = await openDisk();
    const larger = createMemoryDevice({ name: "larger", sectorCount: SECTOR_COUNT + 1 });
    await expect(disk.rebase(larger)).rejects.toThrow(
      /origin of the disk "test": "larger" has 101 sectors, want 100/,
    );
    expect(await contentsOf(disk)).toEqual(ORIGIN);
  });

  test("can be accepted when a disk is opened, which is told", async () => {
    await using storage = createMemoryStorage();
    const disk = await openDisk({ storage });
    await disk.device.write(patternOf(2, 0, 8), 0);
    await disk.close();
    const events: DiskEvent[] = [];
    await using again = await openDisk({
      storage,
      origin: memoryOrigin(NEW),
      changedOrigin: "accept",
      onEvent: (event) => events.push(event),
    });
    expect(await contentsOf(again)).toEqual(withWrite(NEW, 2, 0, 8));
    expect(events.map(({ kind }) => kind)).toEqual(["origin changed"]);
  });

  test("a disk of nothing is put on something", async () => {
    await using disk = await openDisk({ origin: SECTOR_COUNT });
    await disk.device.write(patternOf(2, 0, 8), 0);
    await disk.rebase(memoryOrigin());
    const pieces = await Array.fromAsync(disk.pieces());
    expect(pieces.map(({ sector, bytes }) => [sector, bytes.length / 512])).toEqual([[0, 100]]);
    expect(await contentsOf(disk)).toEqual(withWrite(ORIGIN, 2, 0, 8));
  });
});

describe("contents", () => {
  test("a diff tells the chunks that differ, between any two states", async () => {
    await using disk = await openDisk();
    const states = new Map<string | null, Uint8Array>([[null, ORIGIN]]);
    for (
      const [name, base, sector, count] of [
        ["a", null, 0, 20],
        ["b", "a", 90, 10],
        ["c", "a", 15, 3],
        ["d", null, 0, 20],
      ] as const
    ) {
      await disk.rollback(base);
      await disk.device.write(patternOf(count, sector, count), sector);
      states.set(name, await contentsOf(disk));
      await disk.snapshot(name);
    }
    for (const [one, bytes] of states) {
      for (const [other, otherBytes] of states) {
        expect(await disk.diff(one, other)).toEqual(changesBetween(bytes, otherBytes));
      }
      expect(await disk.diff(one)).toEqual(changesBetween(bytes, states.get("d")!));
    }
  });

  test("an export imported elsewhere is the same disk", async () => {
    await using disk = await openDisk();
    await disk.device.write(patternOf(2, 30, 9), 30);
    await using copy = await openDisk({ origin: SECTOR_COUNT });
    await copy.device.write(patternOf(3, 0, 100), 0);
    const done: number[] = [];
    await copy.import(disk.export(), { onProgress: ({ doneSectors }) => done.push(doneSectors) });
    expect(await contentsOf(copy)).toEqual(await contentsOf(disk));
    expect(done.at(-1)).toBe(SECTOR_COUNT);
  });

  test("a terabyte costs what it holds, out and in again", async () => {
    const sectorCount = 2 ** 31;
    await using disk = await openDisk({ origin: sectorCount });
    const places = [0, 2 ** 20 + 3, 2 ** 31 - 5];
    for (const sector of places) await disk.device.write(patternOf(2, sector, 5), sector);
    await disk.snapshot("a");
    await using copy = await openDisk({ origin: sectorCount });
    await copy.device.write(patternOf(3, 999, 1), 999);
    await copy.importPieces(disk.pieces());
    // The chunk that was overwritten by zeroes is held as well.
    expect(copy.usageSync().changedChunks).toBe(4);
    for (const sector of [...places, 997]) {
      const [one, other] = [new Uint8Array(5 * 512), new Uint8Array(5 * 512)];
      await disk.device.read(one, sector);
      await copy.device.read(other, sector);
      expect(other).toEqual(one);
    }
    expect(await disk.diff(null)).toEqual(
      (await copy.diff(null)).filter(({ sector }) => sector !== 992),
    );
  });

  test("an image that is larger is refused", async () => {
    await using disk = await openDisk({ origin: SECTOR_COUNT });
    const image = new Blob([new Uint8Array(SECTOR_COUNT * 512 + 1)]).stream();
    await expect(disk.import(image)).rejects.toMatchObject({ code: "ENOSPC" });
  });

  test("extents are what may hold anything: chunks on zeroes, all of it on a device", async () => {
    await using disk = await openDisk({ origin: SECTOR_COUNT });
    expect(await disk.extents()).toEqual([]);
    await disk.device.write(patternOf(2, 13, 1), 13);
    await disk.snapshot("a");
    await disk.device.write(patternOf(2, 16, 1), 16);
    expect(await disk.extents()).toEqual([{ sector: 8, sectorCount: 16 }]);
    await using other = await openDisk();
    expect(await other.extents()).toEqual([{ sector: 0, sectorCount: SECTOR_COUNT }]);
  });

  test("usage counts chunks that are held, and what they occupy", async () => {
    await using disk = await openDisk();
    const empty = await disk.usage();
    expect(empty).toMatchObject({ changedChunks: 0, chunkSectors: 8, sectorCount: SECTOR_COUNT });
    await disk.device.write(patternOf(2, 7, 2), 7);
    await disk.snapshot("a");
    await disk.device.write(patternOf(3, 7, 1), 7);
    expect(disk.usageSync().changedChunks).toBe(2);
    // A header and an area for the new layer, and three chunks of data.
    expect(disk.usageSync().occupiedSectors - empty.occupiedSectors).toBe((2 + 3) * 8);
  });

  test("events tell which layer fills up", async () => {
    const events: DiskEvent[] = [];
    await using disk = await openDisk({ onEvent: (event) => events.push(event) });
    await disk.device.write(patternOf(2, 0, SECTOR_COUNT), 0);
    expect(events[0]).toMatchObject({ kind: "usage", layer: 1 });
  });
});
