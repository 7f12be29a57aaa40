/// <reference lib="dom" />
import "fake-indexeddb/auto";
import { describe, expect, test } from "vitest";
import { openIdbDevice, removeIdbDevice } from "../../../src/devices/idb.ts";
import { patternOf, verifySectors } from "../../../src/testing/mod.ts";
import { contentOf, newName, openDatabase, tamper } from "./idb/fixture.ts";

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

async function made(sectorCount = 100): Promise<string> {
  const name = newName();
  await (await openIdbDevice(name, { create: { sectorCount } })).close();
  return name;
}

test("a disk of a tebibyte opens, and holds what was written at both of its ends", async () => {
  const name = newName();
  const sectorCount = 2 ** 31;
  const device = await openIdbDevice(name, { create: { sectorCount } });
  await device.write(patternOf(1, 0, 1), 0);
  await device.write(patternOf(1, sectorCount - 1, 1), sectorCount - 1);
  await device.discard(1, sectorCount - 2);
  await device.close();
  expect((await contentOf(name)).size).toBe(3);

  const again = await openIdbDevice(name);
  const sector = new Uint8Array(512);
  await again.read(sector, sectorCount - 1);
  verifySectors(sector, patternOf(1, sectorCount - 1, 1), sectorCount - 1, "the last sector");
  await again.close();
});

test("closing flushes", async () => {
  const name = await made();
  const device = await openIdbDevice(name);
  await device.write(patternOf(1, 0, 100), 0);
  await device.close();
  const again = await openIdbDevice(name, { readOnly: true });
  const found = new Uint8Array(100 * 512);
  await again.read(found, 0);
  verifySectors(found, patternOf(1, 0, 100), 0, "after closing");
  await again.close();
});

test("a device says whether it is flushed", async () => {
  const device = await openIdbDevice(await made());
  const said = [device.isFlushed];
  await device.write(patternOf(1, 0, 1), 0);
  said.push(device.isFlushed);
  await device.flush();
  said.push(device.isFlushed);
  device.grow(101);
  said.push(device.isFlushed);
  await device.close();
  expect(said).toEqual([true, false, true, false]);
});

test("a size that was grown is there after the next flush, and not before", async () => {
  const name = await made();
  const device = await openIdbDevice(name);
  device.grow(300);
  const before = await openIdbDevice(name, { readOnly: true });
  await device.flush();
  const after = await openIdbDevice(name, { readOnly: true });
  expect([before.sectorCount, after.sectorCount]).toEqual([100, 300]);
  for (const each of [before, after, device]) await each.close();
  expect(() => device.grow(400)).toThrow(refusal("ESHUTDOWN"));
});

describe("a disk that is open for writing", () => {
  test("is refused to a second writer, and can be waited for", async () => {
    const name = await made();
    const first = await openIdbDevice(name);
    await expect(openIdbDevice(name)).rejects.toThrow(refusal("EBUSY"));
    const second = openIdbDevice(name, { whenBusy: "wait" });
    await first.write(patternOf(1, 0, 1), 0);
    await first.close();
    const sector = new Uint8Array(512);
    await (await second).read(sector, 0);
    verifySectors(sector, patternOf(1, 0, 1), 0, "seen by who waited");
    await (await second).close();
  });

  test("can be read beside, as it was at its last flush", async () => {
    const name = await made();
    const writer = await openIdbDevice(name);
    const reader = await openIdbDevice(name, { readOnly: true });
    const sector = new Uint8Array(512);
    await writer.write(patternOf(1, 0, 1), 0);
    await reader.read(sector, 0);
    verifySectors(sector, new Uint8Array(512), 0, "before the flush");
    await writer.flush();
    await reader.read(sector, 0);
    verifySectors(sector, patternOf(1, 0, 1), 0, "after the flush");
    await expect(reader.write(sector, 0)).rejects.toThrow(refusal("EROFS"));
    await reader.close();
    await writer.close();
  });

  test("cannot be removed, and is whole afterwards", async () => {
    const name = await made();
    const device = await openIdbDevice(name);
    await expect(removeIdbDevice(name)).rejects.toThrow(refusal("EBUSY"));
    await device.write(patternOf(1, 0, 1), 0);
    await device.close();
    await removeIdbDevice(name);
    await expect(openIdbDevice(name)).rejects.toThrow(refusal("ENOENT"));
  });

  test("fails every request with EBUSY once its lock was taken from it", async () => {
    const name = await made();
    const device = await openIdbDevice(name);
    await navigator.locks.request(`cowdisk/idb/${name}`, { steal: true }, () => {});
    // The browser tells the holder when it likes.
    let refused: unknown;
    for (let turn = 0; turn < 1000 && refused === undefined; turn++) {
      await device.write(patternOf(turn, 0, 1), 0);
      await device.flush().catch((error) => refused = error);
    }
    expect(refused).toEqual(refusal("EBUSY"));
    await expect(device.close()).rejects.toThrow(refusal("EBUSY"));
  });
});

describe("an opening that fails leaves nothing behind", () => {
  test("no lock, when there is no such disk", async () => {
    const name = newName();
    await expect(openIdbDevice(name)).rejects.toThrow(refusal("ENOENT"));
    await (await openIdbDevice(name, { create: { sectorCount: 1 } })).close();
  });

  test("nothing, when the description of the disk is not one", async () => {
    for (
      const wrong of [
        undefined,
        "disk",
        { format: "cowdisk", sectorCount: -1, recordSectors: 64 },
        { format: "cowdisk", sectorCount: 2 ** 53, recordSectors: 64 },
        { format: "cowdisk", sectorCount: 8, recordSectors: 3 },
        { format: "cowdisk", sectorCount: 8, recordSectors: 2 ** 40 },
        { format: "other", sectorCount: 8, recordSectors: 64 },
      ]
    ) {
      const name = await made();
      const database = await openDatabase(name);
      await tamper(database, (store) => void store.put(wrong, "disk"));
      database.close();
      for (const _ of [1, 2]) await expect(openIdbDevice(name)).rejects.toThrow(refusal("EINVAL"));
    }
  });

  test("what cannot be a size is a RangeError, before anything happens", async () => {
    const create = (sectorCount: number, recordSectors?: number) =>
      openIdbDevice(newName(), {
        create: { sectorCount, ...recordSectors === undefined ? {} : { recordSectors } },
      });
    const before = (await indexedDB.databases()).length;
    for (const size of [-1, 0.5, NaN, 2 ** 53]) {
      await expect(create(size)).rejects.toThrow(RangeError);
    }
    for (const size of [0, 3, 4096, NaN]) await expect(create(8, size)).rejects.toThrow(RangeError);
    await expect(openIdbDevice(newName(), { cacheBytes: -1 })).rejects.toThrow(RangeError);
    await expect(openIdbDevice(newName(), { readOnly: true, create: { sectorCount: 1 } })).rejects
      .toThrow(TypeError);
    expect((await indexedDB.databases()).length).toBe(before);
  });
});
