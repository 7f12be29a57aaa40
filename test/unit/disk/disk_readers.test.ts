/**
 * Disks that are only looked at, alone and beside a writer.
 *
 * Longer than most files: each of a writer's deeds is tried beside each kind of reader.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Disk } from "../../../src/disk/disk.ts";
import type { DiskOptions } from "../../../src/disk/disk_options.ts";
import { openDirectoryStorage } from "../../../src/disk/storage/directory_storage.ts";
import { createMemoryStorage } from "../../../src/disk/storage/memory_storage.ts";
import { patternOf, Prng } from "../../../src/testing/mod.ts";
import { areEqual, contentsOf, SECTOR_COUNT } from "./disk_model.ts";
import { SharedPlace, type Tab } from "./readers/shared_place.ts";

const write = (tab: Tab, more: Partial<DiskOptions> = {}) =>
  Disk.open("disk", { origin: SECTOR_COUNT, storage: tab.storage, ...more });
const look = (tab: Tab, more: Partial<DiskOptions> = {}) =>
  Disk.open("disk", { origin: SECTOR_COUNT, storage: tab.storage, readOnly: true, ...more });

async function fill(disk: Disk, seed: number): Promise<Uint8Array> {
  const bytes = patternOf(seed, 0, SECTOR_COUNT);
  await disk.device.write(bytes, 0);
  return bytes;
}

/** Everything a writer may do. */
async function work(disk: Disk, seed: number): Promise<void> {
  await fill(disk, seed);
  await disk.snapshot(`first ${seed}`);
  await fill(disk, seed + 1);
  await disk.snapshot(`second ${seed}`);
  await disk.device.write(patternOf(seed + 2, 3, 40), 3);
  await disk.rollback(`first ${seed}`);
  await disk.device.write(patternOf(seed + 3, 9, 40), 9);
  await disk.device.flush();
}

async function expectShown(disk: Disk, want: Uint8Array): Promise<void> {
  expect(areEqual(await contentsOf(disk), want)).toBe(true);
  disk.check();
}

describe("a disk that is looked at", () => {
  test("shows its branch, its snapshots and what they differ in, and is not changed", async () => {
    const place = new SharedPlace();
    const first = await write(place.newTab());
    const one = await fill(first, 1);
    await first.snapshot("one");
    await first.device.write(patternOf(2, 16, 8), 16);
    await first.fork("one", "aside").then((aside) => aside.close());
    await first.close();

    const tab = place.newTab();
    await using reader = await look(tab);
    const now = one.slice();
    now.set(patternOf(2, 16, 8), 16 * 512);
    await expectShown(reader, now);
    expect(reader.snapshots).toEqual([{ name: "one", parent: null }]);
    expect(reader.branches).toEqual(["main", "aside"]);
    expect(await reader.diff("one")).toEqual([{ sector: 16, sectorCount: 8 }]);
    expect((await reader.usage()).changedChunks).toBe(13);
    await using aside = await reader.openBranch("aside");
    await expectShown(aside, one);
    await using copy = await Disk.open("copy", { origin: SECTOR_COUNT, storage: "memory" });
    await copy.import(reader.export());
    await expectShown(copy, now);
    expect([...tab.changed]).toEqual([]);
  });

  test("shows a snapshot, if that is wanted", async () => {
    const place = new SharedPlace();
    const writer = await write(place.newTab());
    const one = await fill(writer, 1);
    await writer.snapshot("one");
    await fill(writer, 2);
    for (const isAlone of [false, true]) {
      if (isAlone) await writer.close();
      await using reader = await look(place.newTab(), { snapshot: "one" });
      await expectShown(reader, one);
    }
    await expect(look(place.newTab(), { snapshot: "two" })).rejects.toMatchObject({
      code: "ENOENT",
      message: 'Cannot find a snapshot "two": there are "one"',
    });
    await expect(write(place.newTab(), { snapshot: "one" })).rejects.toThrow(TypeError);
  });

  test("refuses every change with EROFS, before anything", async () => {
    const place = new SharedPlace();
    const writer = await write(place.newTab());
    await writer.snapshot("one");
    await writer.close();
    const tab = place.newTab();
    await using reader = await look(tab);
    const refused = expect.objectContaining({
      code: "EROFS",
      message: 'Cannot change the disk "disk": it was opened with readOnly',
    });
    const image = () => new Blob([new Uint8Array(512)]).stream();
    await expect(reader.snapshot("two")).rejects.toThrow(refused);
    await expect(reader.rollback("one")).rejects.toThrow(refused);
    await expect(reader.fork("one", "two")).rejects.toThrow(refused);
    await expect(reader.removeBranch("main")).rejects.toThrow(refused);
    await expect(reader.delete("one")).rejects.toThrow(refused);
    await expect(reader.settleDeletions()).rejects.toThrow(refused);
    await expect(reader.import(image())).rejects.toThrow(refused);
    await expect(reader.importPieces([])).rejects.toThrow(refused);
    await expect(reader.rebase(reader.device)).rejects.toThrow(refused);
    expect(() => reader.snapshotSync("two")).toThrow(refused);
    expect(() => reader.rollbackSync("one")).toThrow(refused);
    const sector = new Uint8Array(512);
    const device = reader.device;
    for (
      const change of [
        () => device.write(sector, 0),
        () => device.writeZeroes(0, 1),
        () => device.discard(0, 1),
      ]
    ) await expect(change()).rejects.toMatchObject({ code: "EROFS" });
    await device.flush();
    expect([...tab.changed]).toEqual([]);
  });

  test("that nobody has made is ENOENT, and is not made", async () => {
    const place = new SharedPlace();
    await expect(look(place.newTab())).rejects.toMatchObject({
      code: "ENOENT",
      message: 'Cannot look at the disk "disk": nobody has made it yet',
    });
    expect(place.names).toEqual([]);
    const memory = { origin: SECTOR_COUNT, storage: "memory", readOnly: true } as const;
    await expect(Disk.open("disk", memory)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("whose first layer was not made yet shows its origin", async () => {
    const place = new SharedPlace();
    await (await write(place.newTab())).close();
    place.wipe("layer-1");
    await using reader = await look(place.newTab());
    await expectShown(reader, new Uint8Array(SECTOR_COUNT * 512));
  });

  test("a layer that was removed all the same is ENODEV, whenever it is found out", async () => {
    const place = new SharedPlace();
    const writer = await write(place.newTab());
    await fill(writer, 1);
    await writer.snapshot("one");
    await writer.close();
    await using reader = await look(place.newTab());
    place.wipe("layer-1");
    await expect(contentsOf(reader)).rejects.toMatchObject({ code: "ENODEV" });
    await expect(look(place.newTab())).rejects.toMatchObject({ code: "ENODEV" });
  });
});

describe("beside a writer", () => {
  test("a reader shows what was written when it came, flushed or not, until it closes", async () => {
    const place = new SharedPlace();
    await using writer = await write(place.newTab());
    const one = await fill(writer, 1);
    const reader = await look(place.newTab());
    await expectShown(reader, one);
    await work(writer, 10);
    await expectShown(reader, one);
    const now = await contentsOf(writer);
    const later = await look(place.newTab());
    await work(writer, 20);
    await expectShown(later, now);
    await expectShown(reader, one);
    expect(reader.snapshots).toEqual([]);
    await reader.close();
    await expectShown(later, now);
    await later.close();
  });

  test("its layers go away with it", async () => {
    const place = new SharedPlace();
    await using writer = await write(place.newTab());
    await fill(writer, 1);
    const before = place.layerCount;
    for (const count of [1, 3]) {
      const readers = [];
      for (let at = 0; at < count; at++) readers.push(await look(place.newTab()));
      expect(place.layerCount).toBe(before + count);
      await fill(writer, 2);
      for (const reader of readers) await reader.close();
      await place.untilLayers(before);
      await expectShown(writer, patternOf(2, 0, SECTOR_COUNT));
    }
  });

  test("a reader that crashes is as one that closes", async () => {
    const place = new SharedPlace();
    await using writer = await write(place.newTab());
    await fill(writer, 1);
    const tab = place.newTab();
    await look(tab);
    tab.crash();
    await place.untilLayers(1);
    await expectShown(writer, patternOf(1, 0, SECTOR_COUNT));
  });

  test("a snapshot that a reader may look at is deleted when it has gone", async () => {
    const place = new SharedPlace();
    await using writer = await write(place.newTab());
    const one = await fill(writer, 1);
    await writer.snapshot("one");
    await writer.device.write(patternOf(2, 8, 8), 8);
    const reader = await look(place.newTab());
    const deletion = writer.delete("one");
    await writer.snapshot("two");
    expect(writer.snapshots.map(({ name }) => name)).toEqual(["two"]);
    expect(await reader.diff("one")).toEqual([{ sector: 8, sectorCount: 8 }]);
    await using snapshot = await look(place.newTab(), { snapshot: "two" });
    const two = one.slice();
    two.set(patternOf(2, 8, 8), 8 * 512);
    await expectShown(snapshot, two);
    await reader.close();
    await snapshot.close();
    await deletion;
    await place.untilLayers(2);
    await expectShown(writer, two);
  });

  test("a deletion that waits for a reader ends with its signal, or with the disk", async () => {
    const place = new SharedPlace();
    const writer = await write(place.newTab());
    await fill(writer, 1);
    await writer.snapshot("one");
    await using reader = await look(place.newTab());
    const enough = new AbortController();
    const stopped = expect(writer.delete("one", { signal: enough.signal })).rejects.toThrow(
      "enough",
    );
    await writer.diff(null, null);
    enough.abort(new Error("enough"));
    await stopped;
    await writer.snapshot("two");
    await using another = await look(place.newTab());
    const ended = expect(writer.delete("two")).rejects.toMatchObject({ code: "ESHUTDOWN" });
    await writer.diff(null, null);
    await writer.close();
    await ended;
    await expectShown(another, patternOf(1, 0, SECTOR_COUNT));
    await expectShown(reader, patternOf(1, 0, SECTOR_COUNT));
  });

  test("a writer that comes later changes nothing that a reader shows, and leaves nothing", async () => {
    const place = new SharedPlace();
    const first = await write(place.newTab());
    const one = await fill(first, 1);
    await first.close();
    const reader = await look(place.newTab());
    const second = await write(place.newTab());
    await work(second, 10);
    await expectShown(reader, one);
    await second.close();
    const third = await write(place.newTab());
    await work(third, 20);
    await expectShown(reader, one);
    await third.close();
    await reader.close();
    await using last = await write(place.newTab());
    await place.untilLayers(last.snapshots.length + 1);
  });

  test("a second writer is EBUSY with what can be done, or waits", async () => {
    const place = new SharedPlace();
    const first = await write(place.newTab());
    await using reader = await look(place.newTab());
    await expect(write(place.newTab())).rejects.toMatchObject({
      code: "EBUSY",
      message: 'Cannot open the disk "disk" for writing: it is open elsewhere; ' +
        'wait for it with whenBusy: "wait", or look at it with readOnly: true',
    });
    const enough = new AbortController();
    const given = expect(write(place.newTab({ whenBusy: "wait", signal: enough.signal })))
      .rejects.toThrow("enough");
    enough.abort(new Error("enough"));
    await given;
    const waiting = write(place.newTab({ whenBusy: "wait" }));
    await first.close();
    await (await waiting).close();
    await expectShown(reader, new Uint8Array(SECTOR_COUNT * 512));
  });

  test("a writer that crashes before it answers is not waited for", async () => {
    for (let step = 0;; step++) {
      const place = new SharedPlace();
      const tab = place.newTab();
      const writer = await write(tab);
      const flushed = await fill(writer, 1);
      await writer.device.flush();
      let left = step;
      place.onStep = (by) => {
        if (by === tab && left-- === 0) tab.crash(Prng.fromSeed(`crash/${step}`));
      };
      const reader = await look(place.newTab());
      place.onStep = () => {};
      await expectShown(reader, flushed);
      const isOver = left >= 0;
      if (isOver) await writer.close();
      await using second = await write(place.newTab());
      await expectShown(second, flushed);
      await fill(second, 2);
      await expectShown(reader, flushed);
      await reader.close();
      await place.untilLayers(1);
      await expectShown(second, patternOf(2, 0, SECTOR_COUNT));
      if (isOver) return expect(step).toBeGreaterThan(5);
    }
  });

  test("what the writer could not do is told to the reader, and the writer goes on", async () => {
    const place = new SharedPlace();
    await using writer = await write(place.newTab());
    for (let count = 0; count < 255; count++) await writer.snapshot(`snapshot ${count}`);
    await expect(look(place.newTab())).rejects.toMatchObject({ code: "ENOSPC" });
    const one = await fill(writer, 1);
    await writer.rollback(null);
    await writer.rollback("snapshot 254");
    expect(areEqual(await contentsOf(writer), one)).toBe(false);
  });
});

test("where there is no desk readers and a writer keep each other out", async () => {
  await using storage = createMemoryStorage();
  const options = { origin: SECTOR_COUNT, storage };
  const writer = await Disk.open("disk", options);
  const one = await fill(writer, 1);
  await expect(Disk.open("disk", { ...options, readOnly: true })).rejects.toMatchObject({
    code: "EBUSY",
  });
  await writer.close();
  const reader = await Disk.open("disk", { ...options, readOnly: true });
  await expectShown(reader, one);
  const sector = new Uint8Array(512);
  reader.device.readSync(sector, 3);
  expect(() => reader.device.writeSync(sector, 3)).toThrow(
    expect.objectContaining({ code: "EROFS" }),
  );
  await expect(Disk.open("disk", options)).rejects.toMatchObject({ code: "EBUSY" });
  await reader.close();
  await (await Disk.open("disk", options)).close();
});

test("in a directory readers are open together, and none beside a writer", async () => {
  const directory = mkdtempSync(join(tmpdir(), "cowdisk-"));
  try {
    const storages = [0, 1, 2].map(() => openDirectoryStorage(directory));
    const [one, two, three] = storages.map((storage) => ({ origin: SECTOR_COUNT, storage }));
    if (one === undefined || two === undefined || three === undefined) throw new Error("three");
    const writer = await Disk.open("disk", one);
    const bytes = await fill(writer, 1);
    await expect(Disk.open("disk", { ...two, readOnly: true })).rejects.toMatchObject({
      code: "EBUSY",
    });
    await writer.close();
    const before = statSync(join(directory, "manifest.cow")).mtimeMs;
    const readers = [
      await Disk.open("disk", { ...two, readOnly: true }),
      await Disk.open("disk", { ...three, readOnly: true }),
    ];
    for (const reader of readers) await expectShown(reader, bytes);
    await expect(Disk.open("disk", one)).rejects.toMatchObject({ code: "EBUSY" });
    for (const reader of readers) await reader.close();
    expect(statSync(join(directory, "manifest.cow")).mtimeMs).toBe(before);
    await (await Disk.open("disk", one)).close();
    for (const storage of storages) await storage.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});
