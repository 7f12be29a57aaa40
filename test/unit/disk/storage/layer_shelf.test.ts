import { expect, test } from "vitest";
import { LayerShelf } from "../../../../src/disk/storage/layer_shelf.ts";
import { createMemoryStorage } from "../../../../src/disk/storage/memory_storage.ts";
import { layerSectors } from "../../../../src/disk/manifest/layer_size.ts";
import { takeSnapshot } from "../../../../src/disk/manifest/layer_tree.ts";
import { onlyAsync } from "../async_storage.ts";
import { EMPTY } from "../manifest/random_manifest.ts";

const { manifest: MANIFEST } = takeSnapshot(EMPTY, "main", "one"); // Layers 1 and 2.

test("a layer's device has room for the whole disk", async () => {
  await using storage = createMemoryStorage();
  const shelf = new LayerShelf(storage, false);
  const devices = await shelf.open(MANIFEST, [1, 2]);
  expect([...devices.keys()]).toEqual([1, 2]);
  expect(devices.get(1)?.sectorCount).toBe(layerSectors(64, 8));
  expect(await storage.list()).toEqual(["layer-1", "layer-2"]);
});

test("what is not in use is shut, what nobody names is removed", async () => {
  await using storage = createMemoryStorage();
  const shelf = new LayerShelf(storage, false);
  shelf.openSync(MANIFEST, [1, 2, 3]);
  await shelf.tidy((id) => id === 1, [3]);
  expect(shelf.openIds).toEqual([1]);
  expect(await storage.list()).toEqual(["layer-1", "layer-2"]);
  shelf.openSync(MANIFEST, [2]);
  shelf.tidySync(() => false, [2]);
  expect(await storage.list()).toEqual(["layer-1"]);
});

test("a failure while tidying is told of when the rest was done", async () => {
  await using storage = createMemoryStorage();
  const failing = onlyAsync(storage);
  failing.remove = (device) =>
    device === "layer-1" ? Promise.reject(new Error("it fails")) : storage.remove(device);
  const shelf = new LayerShelf(failing, false);
  await shelf.open(MANIFEST, [1, 2]);
  await expect(shelf.tidy(() => false, [1, 2])).rejects.toThrow("it fails");
  expect(await storage.list()).toEqual(["layer-1"]);
});

test("at the opening of a disk, layers that its manifest does not name are removed", async () => {
  await using storage = createMemoryStorage();
  for (const id of [1, 2, 3, 17]) {
    storage.openSync(`layer-${id}`, 8);
    storage.shutSync(`layer-${id}`);
  }
  await new LayerShelf(storage, false).removeUnnamed(MANIFEST);
  expect(await storage.list()).toEqual(["layer-1", "layer-2"]);
});

test.each(["photos", "layer-x", "layer-01", "layer-1-2", "manifest-2"])(
  "a storage with a device %s is refused, and stays as it is",
  async (name) => {
    await using storage = createMemoryStorage();
    for (const device of [name, "layer-9"]) {
      storage.openSync(device, 8);
      storage.shutSync(device);
    }
    const shelf = new LayerShelf(storage, false);
    await expect(shelf.openManifest()).rejects.toThrow(`a device "${name}", no disk's`);
    await expect(shelf.removeUnnamed(MANIFEST)).rejects.toMatchObject({ code: "EINVAL" });
    expect(await storage.list()).toEqual([name, "layer-9"]);
  },
);

test("layers without a manifest are refused, and stay", async () => {
  await using storage = createMemoryStorage();
  storage.openSync("layer-4", 8);
  storage.shutSync("layer-4");
  const shelf = new LayerShelf(storage, false);
  await expect(shelf.openManifest()).rejects.toThrow("layers (4) and no manifest");
  await expect(shelf.removeUnnamed(null)).rejects.toThrow("layers (4) and no manifest");
  expect(await storage.list()).toEqual(["layer-4"]);
});

test("its end shuts everything; the storage ends with it only if it is its own", async () => {
  const storage = createMemoryStorage();
  for (const isOwned of [false, true]) {
    const shelf = new LayerShelf(storage, isOwned);
    await shelf.openManifest();
    await shelf.open(MANIFEST, [1]);
    await shelf.close();
  }
  await expect(storage.open("manifest", 8)).rejects.toMatchObject({ code: "ESHUTDOWN" });
});

test("a shelf that could not have the manifest does not take it from who has it", async () => {
  await using storage = createMemoryStorage();
  const first = new LayerShelf(storage, false);
  await first.openManifest();
  const second = new LayerShelf(storage, false);
  await expect(second.openManifest()).rejects.toMatchObject({ code: "EBUSY" });
  await second.close();
  await expect(new LayerShelf(storage, false).openManifest()).rejects.toMatchObject({
    code: "EBUSY",
  });
});

test("a storage that is waited for cannot be used at once", async () => {
  await using storage = createMemoryStorage();
  const shelf = new LayerShelf(onlyAsync(storage), false);
  expect(() => shelf.openSync(MANIFEST, [1])).toThrow(expect.objectContaining({ code: "EAGAIN" }));
});

test("a storage that was opened by a word ends with its shelf, another does not", async () => {
  const owned = await LayerShelf.open("disk", { storage: "memory" });
  owned.openSync(MANIFEST, [1]);
  await owned.close();
  expect(() => owned.openSync(MANIFEST, [1])).toThrow(
    expect.objectContaining({ code: "ESHUTDOWN" }),
  );
  await using storage = createMemoryStorage();
  const lent = await LayerShelf.open("disk", { storage });
  await lent.close();
  lent.openSync(MANIFEST, [1]);
  await lent.close();
});
