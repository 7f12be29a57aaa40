import { assert } from "@std/assert";
import { expect, test } from "vitest";
import { Disk } from "../../../src/disk/disk.ts";
import type { DiskEvent } from "../../../src/disk/disk_options.ts";
import { createMemoryStorage } from "../../../src/disk/storage/memory_storage.ts";
import type { SyncDiskStorage } from "../../../src/disk/storage/storage.ts";
import { patternOf } from "../../../src/testing/mod.ts";
import { contentsOf } from "./disk_model.ts";
import { failFrom, SimulatedStorage } from "./simulated_storage.ts";

/** Large enough that what is moved goes in several pieces. */
const SECTOR_COUNT = 30_000;

/** A disk with a snapshot "lower" of 14 MiB under "upper", and a branch "beside" on "lower". */
async function layeredDisk(
  storage: SyncDiskStorage,
  onEvent: (event: DiskEvent) => void = () => {},
): Promise<{ disk: Disk; beside: Disk }> {
  const disk = await Disk.open("test", { origin: SECTOR_COUNT, storage, onEvent });
  await disk.device.write(patternOf(1, 0, SECTOR_COUNT - 7), 0);
  await disk.snapshot("lower");
  await disk.device.write(patternOf(2, 100, 300), 100);
  await disk.snapshot("upper");
  return { disk, beside: await disk.fork("lower", "beside") };
}

async function reopened(storage: SyncDiskStorage): Promise<Disk> {
  return await Disk.open("test", { origin: SECTOR_COUNT, storage });
}

test("nothing that is shown changes, and the layer is gone from the storage", async () => {
  await using storage = createMemoryStorage();
  const { disk, beside } = await layeredDisk(storage);
  const before = [await contentsOf(disk), await contentsOf(beside)];
  const progress: number[] = [];
  await disk.delete("lower", {
    onProgress({ doneCount, totalCount }) {
      expect(doneCount).toBeLessThanOrEqual(totalCount);
      progress.push(doneCount / totalCount);
    },
  });
  expect(progress.length).toBeGreaterThan(6);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(progress.at(-1)).toBe(1);
  expect(await storage.list()).not.toContain("layer-1");
  const after = [await contentsOf(disk), await contentsOf(beside)];
  assert(after.every((bytes, at) => Buffer.compare(bytes, before[at]!) === 0));
  expect(disk.snapshots).toEqual([{ name: "upper", parent: null }]);
  await disk.close();
  await beside.close();
});

test("the disk is used and changed meanwhile", async () => {
  await using storage = createMemoryStorage();
  const { disk, beside } = await layeredDisk(storage);
  let isDone = false;
  const deletion = disk.delete("lower").then(() => void (isDone = true));
  await disk.snapshot("during");
  await disk.device.write(patternOf(3, 0, 50), 0);
  await beside.rollback(null);
  await disk.rollback("during");
  expect(isDone).toBe(false);
  await deletion;
  const wanted = new Uint8Array(SECTOR_COUNT * 512);
  wanted.set(patternOf(1, 0, SECTOR_COUNT - 7));
  wanted.set(patternOf(2, 100, 300), 100 * 512);
  expect(Buffer.compare(await contentsOf(disk), wanted)).toBe(0);
  expect((await contentsOf(beside)).some((byte) => byte !== 0)).toBe(false);
  disk.check();
  await disk.close();
  await beside.close();
});

test("a signal stops it, the name is gone, and it goes on later", async () => {
  await using storage = createMemoryStorage();
  const events: DiskEvent[] = [];
  const { disk, beside } = await layeredDisk(storage, (event) => events.push(event));
  const abort = new AbortController();
  const deletion = disk.delete("lower", {
    signal: abort.signal,
    onProgress: () => abort.abort("enough"),
  });
  await expect(deletion).rejects.toBe("enough");
  expect(disk.snapshots).toEqual([{ name: "upper", parent: null }]);
  expect(await storage.list()).toContain("layer-1");
  await disk.settleDeletions();
  expect(await storage.list()).not.toContain("layer-1");
  expect(events.filter(({ kind }) => kind !== "usage")).toEqual([]);
  await disk.close();
  await beside.close();
});

test("a disk that is closed meanwhile goes on with it when it is opened again", async () => {
  await using storage = createMemoryStorage();
  const { disk, beside } = await layeredDisk(storage);
  const before = await contentsOf(disk);
  const deletion = disk.delete("lower");
  await disk.snapshot("after the name was taken away");
  await Promise.all([
    expect(deletion).rejects.toMatchObject({ code: "ESHUTDOWN" }),
    beside.close(),
    disk.close(),
  ]);
  expect(await storage.list()).toContain("layer-1");
  await using again = await reopened(storage);
  await again.settleDeletions();
  expect(await storage.list()).not.toContain("layer-1");
  expect(Buffer.compare(await contentsOf(again), before)).toBe(0);
});

test("a failure in the background is an event, and the disk goes on", async () => {
  await using storage = new SimulatedStorage();
  const { disk, beside } = await layeredDisk(storage);
  const abort = new AbortController();
  const deletion = disk.delete("lower", {
    signal: abort.signal,
    onProgress: () => abort.abort("enough"),
  });
  await expect(deletion).rejects.toBe("enough");
  await beside.close();
  await disk.close();
  const events: string[] = [];
  let tell = () => {};
  const told = new Promise<void>((resolve) => tell = resolve);
  const opening = Disk.open("test", {
    origin: SECTOR_COUNT,
    storage,
    onEvent({ kind }) {
      events.push(kind);
      if (kind === "deletion failed") tell();
    },
  });
  const again = await opening;
  failFrom(storage, 0, 1000);
  await told;
  storage.onStep = () => {};
  expect(events).toContain("deletion failed");
  expect((await contentsOf(again)).length).toBe(SECTOR_COUNT * 512);
  await again.settleDeletions();
  expect(await storage.list()).not.toContain("layer-1");
  await again.close();
});

test("neighbours that are deleted side by side hand on what they have from each other", async () => {
  await using storage = createMemoryStorage();
  const disk = await Disk.open("test", { origin: SECTOR_COUNT, storage });
  for (let count = 0; count < 5; count++) {
    await disk.device.write(patternOf(count, count * 5000, 9000), count * 5000);
    await disk.snapshot(`${count}`);
  }
  const before = await contentsOf(disk);
  await Promise.all(["3", "0", "1", "4", "2"].map((name) => disk.delete(name)));
  expect(Buffer.compare(await contentsOf(disk), before)).toBe(0);
  expect((await storage.list()).length).toBe(2);
  await disk.close();
});
