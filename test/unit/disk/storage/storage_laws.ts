/** What a disk expects of every storage. */
import { expect, test } from "vitest";
import type { DiskStorage, SyncDiskStorage } from "../../../../src/disk/storage/storage.ts";
import { patternOf } from "../../../../src/testing/mod.ts";

const LAWS: Readonly<Record<string, (storage: SyncDiskStorage) => Promise<void>>> = {
  "a device that is not there is made, all zeroes": async (storage) => {
    expect(await storage.list()).toEqual([]);
    const device = await storage.open("layer-1", 100);
    const bytes = new Uint8Array(100 * 512).fill(1);
    await device.read(bytes, 0);
    expect(bytes).toEqual(new Uint8Array(100 * 512));
    expect(device.sectorCount).toBe(100);
    expect(await storage.list()).toEqual(["layer-1"]);
  },

  "what a device holds is there when it is opened again, with the size it had": async (storage) => {
    const bytes = patternOf(1, 0, 100);
    await (await storage.open("layer-1", 100)).write(bytes, 0);
    await storage.shut("layer-1");
    const device = await storage.open("layer-1", 200);
    const found = new Uint8Array(100 * 512);
    await device.read(found, 0);
    expect(found).toEqual(bytes);
    expect(device.sectorCount).toBe(100);
  },

  "a device is open once": async (storage) => {
    storage.openSync("manifest", 8);
    await expect(storage.open("manifest", 8)).rejects.toMatchObject({ code: "EBUSY" });
    storage.shutSync("manifest");
    storage.openSync("manifest", 8);
  },

  "a device is removed when it is shut, and made anew after": async (storage) => {
    const device = storage.openSync("layer-1", 8);
    device.writeSync(patternOf(1, 0, 8), 0);
    await expect(storage.remove("layer-1")).rejects.toMatchObject({ code: "EBUSY" });
    await storage.shut("layer-1");
    await storage.remove("layer-1");
    await storage.remove("layer-1");
    expect(await storage.list()).toEqual([]);
    const bytes = new Uint8Array(512);
    storage.openSync("layer-1", 8).readSync(bytes, 0);
    expect(bytes).toEqual(new Uint8Array(512));
  },

  "a large device costs what it holds": async (storage) => {
    const device = await storage.open("layer-1", 2 ** 31);
    await device.write(patternOf(1, 2 ** 30, 1), 2 ** 30);
    const sector = new Uint8Array(512);
    await device.read(sector, 2 ** 30);
    expect(sector).toEqual(patternOf(1, 2 ** 30, 1));
  },

  "after its end nothing is opened; ending twice is no mistake": async (storage) => {
    const ended: DiskStorage = storage;
    await ended.close();
    await ended.close();
    await expect(ended.open("layer-1", 8)).rejects.toMatchObject({ code: "ESHUTDOWN" });
  },
};

/**
 * Tries a storage against the laws of `DiskStorage`.
 *
 * @param create Makes an empty one, and what removes all traces of it.
 */
export function storageLaws(create: () => SyncDiskStorage): void {
  for (const [law, prove] of Object.entries(LAWS)) {
    test(law, async () => {
      await using storage = create();
      await prove(storage);
    });
  }
}
