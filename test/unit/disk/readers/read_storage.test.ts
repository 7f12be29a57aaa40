import { expect, test } from "vitest";
import { Disk } from "../../../../src/disk/disk.ts";
import { ReadStorage } from "../../../../src/disk/readers/read_storage.ts";
import { createMemoryStorage } from "../../../../src/disk/storage/memory_storage.ts";

/** A storage that holds a disk with one snapshot. */
async function storageOfDisk() {
  const storage = createMemoryStorage();
  const disk = await Disk.open("disk", { origin: 8, storage });
  await disk.snapshot("one");
  await disk.close();
  return storage;
}

test("the manifest is a copy; layers that it names cannot be written, others are empty", async () => {
  await using storage = await storageOfDisk();
  const reading = await ReadStorage.open(storage, false);
  expect(await reading.list()).toEqual(["manifest"]);
  const manifest = await reading.open("manifest", 4096);
  await manifest.writeZeroes(0, 4096);
  const layer = await reading.open("layer-1", 8);
  expect(layer.supports.write).toBe(false);
  const other = await reading.open("layer-99", 64);
  expect([other.supports.write, other.sectorCount]).toEqual([false, 64]);
  await expect(reading.remove("layer-1")).rejects.toMatchObject({ code: "EROFS" });
  await reading.shut("layer-1");
  await reading.close();
  expect(await storage.list()).toEqual(["manifest", "layer-1", "layer-2"]);
  const disk = await Disk.open("disk", { origin: 8, storage });
  expect(disk.snapshots).toHaveLength(1);
  await disk.close();
});

test("a layer that is not there or holds nothing is ENODEV, but for a new disk's first", async () => {
  await using storage = await storageOfDisk();
  storage.removeSync("layer-1");
  storage.removeSync("layer-2");
  storage.openSync("layer-2", 4096);
  storage.shutSync("layer-2");
  const reading = await ReadStorage.open(storage, false);
  for (const layer of ["layer-1", "layer-2"]) {
    await expect(reading.open(layer, 4096)).rejects.toMatchObject({ code: "ENODEV" });
  }
  await reading.close();
});

test("what is no manifest is refused, and the storage is free again", async () => {
  await using storage = createMemoryStorage();
  const device = storage.openSync("manifest", 4096);
  device.writeSync(new Uint8Array(512).fill(7), 0);
  storage.shutSync("manifest");
  await expect(ReadStorage.open(storage, false)).rejects.toMatchObject({ code: "EINVAL" });
  storage.openSync("manifest", 4096);
});

test("where nothing was made there is nothing, and nothing is made", async () => {
  await using storage = createMemoryStorage();
  const reading = await ReadStorage.open(storage, false);
  expect(await reading.list()).toEqual([]);
  await reading.close();
  expect(await storage.list()).toEqual([]);
});
