/** What a disk expects of storages that are waited for. */
import { expect, test } from "vitest";
import type { DiskStorage } from "../../../../src/disk/storage/storage.ts";
import { patternOf } from "../../../../src/testing/mod.ts";

type Open = (place: string) => DiskStorage;

type Law = (
  name: string,
  body: (storage: DiskStorage, place: string) => Promise<void>,
) => void;

/**
 * Tries a storage against the laws of `DiskStorage`, with its asynchronous half alone.
 *
 * @param newPlace Names a place where nothing is yet.
 * @param open Opens a storage there.
 */
export function awaitedStorageLaws(newPlace: () => string, open: Open): void {
  const law: Law = (name, body) =>
    test(name, async () => {
      const place = newPlace();
      const storage = open(place);
      try {
        await body(storage, place);
      } finally {
        await storage.close();
      }
    });
  lawsOfOpening(law, open);
  lawsOfEnding(law, open);
}

function lawsOfOpening(law: Law, open: Open): void {
  law("a device that is not there is made, all zeroes", async (storage) => {
    expect(await storage.list()).toEqual([]);
    const device = await storage.open("layer-1", 100);
    const bytes = new Uint8Array(100 * 512).fill(1);
    await device.read(bytes, 0);
    expect(bytes).toEqual(new Uint8Array(100 * 512));
    expect(device.sectorCount).toBe(100);
    expect(await storage.list()).toEqual(["layer-1"]);
  });

  law("what a device holds is there for another storage, with its size", async (storage, place) => {
    const bytes = patternOf(1, 0, 100);
    await (await storage.open("layer-1", 100)).write(bytes, 0);
    await storage.close();
    await using other = open(place);
    const device = await other.open("layer-1", 200);
    const found = new Uint8Array(100 * 512);
    await device.read(found, 0);
    expect(found).toEqual(bytes);
    expect(device.sectorCount).toBe(100);
  });

  law("a device is open once, also while it is being opened", async (storage) => {
    const first = storage.open("manifest", 8);
    await expect(storage.open("manifest", 8)).rejects.toMatchObject({ code: "EBUSY" });
    await first;
    await expect(storage.open("manifest", 8)).rejects.toMatchObject({ code: "EBUSY" });
    await storage.shut("manifest");
    await storage.shut("manifest");
    await storage.open("manifest", 8);
  });

  law("the manifest is open once, whichever storage asks", async (storage, place) => {
    await storage.open("manifest", 8);
    await using other = open(place);
    await expect(other.open("manifest", 8)).rejects.toMatchObject({ code: "EBUSY" });
    await storage.shut("manifest");
    await other.open("manifest", 8);
  });
}

function lawsOfEnding(law: Law, open: Open): void {
  law("a device is removed when it is shut, and made anew after", async (storage) => {
    const device = await storage.open("layer-1", 8);
    await device.write(patternOf(1, 0, 8), 0);
    await expect(storage.remove("layer-1")).rejects.toMatchObject({ code: "EBUSY" });
    await storage.shut("layer-1");
    await storage.remove("layer-1");
    await storage.remove("layer-1");
    expect(await storage.list()).toEqual([]);
    const sector = new Uint8Array(512).fill(1);
    await (await storage.open("layer-1", 8)).read(sector, 0);
    expect(sector).toEqual(new Uint8Array(512));
  });

  law("two places share nothing, also if one's name begins like the other's", async (_, place) => {
    await using one = open(place);
    await using other = open(`${place}/deeper`);
    await using third = open(`${place}2`);
    await one.open("layer-1", 8);
    await other.open("layer-2", 8);
    expect([await one.list(), await other.list(), await third.list()])
      .toEqual([["layer-1"], ["layer-2"], []]);
  });

  law("a name that is no device's is refused, and nothing is made", async (storage) => {
    for (const name of ["", "../layer", "a/b", "A", ".", "a\0", "x".repeat(65)]) {
      await expect(storage.open(name, 8)).rejects.toMatchObject({ code: "EINVAL" });
      await expect(storage.remove(name)).rejects.toMatchObject({ code: "EINVAL" });
    }
    expect(await storage.list()).toEqual([]);
  });

  law("after its end nothing is opened; ending twice is no mistake", async (storage, place) => {
    const opening = storage.open("layer-1", 8);
    await storage.close();
    await storage.close();
    const device = await opening;
    await expect(device.flush()).rejects.toMatchObject({ code: "ESHUTDOWN" });
    await expect(storage.open("layer-1", 8)).rejects.toMatchObject({ code: "ESHUTDOWN" });
    await expect(storage.remove("layer-1")).rejects.toMatchObject({ code: "ESHUTDOWN" });
    await using other = open(place);
    expect(await other.list()).toEqual(["layer-1"]);
  });
}
