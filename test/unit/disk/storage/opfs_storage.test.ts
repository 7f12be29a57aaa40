import { describe, expect, test } from "vitest";
import type { Clock } from "../../../../src/block/clock.ts";
import { openOpfsDevice, serveOpfs } from "../../../../src/devices/opfs.ts";
import { openOpfsStorage } from "../../../../src/disk/storage/opfs_storage.ts";
import { patternOf } from "../../../../src/testing/mod.ts";
import { installFakeStorage } from "../../devices/opfs/fake_storage.ts";
import { awaitedStorageLaws } from "./awaited_laws.ts";

const root = installFakeStorage();

let placeCount = 0;
const newPlace = () => `disks/disk-${placeCount++}`;

/** A clock whose time is over as soon as it is slept through; something may happen meanwhile. */
function hasty(meanwhile: (sleeps: number) => Promise<void> | void = () => {}) {
  let sleeps = 0;
  return {
    nowMs: () => 0,
    sleep: async () => void await meanwhile(++sleeps),
    get sleeps() {
      return sleeps;
    },
  } satisfies Clock & { sleeps: number };
}

/** A worker that is in this thread. */
function workerHere(): Worker {
  const worker = new EventTarget();
  serveOpfs(worker);
  return Object.assign(worker, {
    postMessage: (said: unknown) =>
      worker.dispatchEvent(new MessageEvent("message", { data: said })),
  }) as unknown as Worker;
}

describe("a storage in the origin private file system", () => {
  awaitedStorageLaws(newPlace, (path) => openOpfsStorage(path));
});

describe("a storage in the origin private file system, through a worker", () => {
  const worker = workerHere();
  awaitedStorageLaws(newPlace, (path) => openOpfsStorage(path, { worker }));
});

test("a device is a file named after the device, in the disk's folder", async () => {
  await using storage = openOpfsStorage("my/disk");
  await storage.open("layer-1", 8);
  const folder = await (await root.getDirectoryHandle("my")).getDirectoryHandle("disk");
  await folder.getFileHandle("layer-1");
});

test("a file whose making was cut off is made whole", async () => {
  const folder = await root.getDirectoryHandle("cut", { create: true });
  await folder.getFileHandle("layer-1", { create: true });
  await using storage = openOpfsStorage("cut");
  expect((await storage.open("layer-1", 100)).sectorCount).toBe(100);
});

test("so is one that had its length and no header yet; one that holds anything is left alone", async () => {
  const folder = await root.getDirectoryHandle("zeroes", { create: true });
  for (const [name, byte] of [["manifest", 0], ["layer-1", 1]] as const) {
    const handle = await folder.getFileHandle(name, { create: true });
    const file = await handle.createSyncAccessHandle();
    file.truncate(65536);
    file.write(new Uint8Array(512).fill(byte), { at: 512 });
    file.close();
  }
  await using storage = openOpfsStorage("zeroes");
  expect((await storage.open("manifest", 100)).sectorCount).toBe(100);
  await expect(storage.open("layer-1", 100)).rejects.toMatchObject({ code: "EINVAL" });
  const left = await (await folder.getFileHandle("layer-1")).createSyncAccessHandle();
  const bytes = new Uint8Array(512);
  left.read(bytes, { at: 512 });
  expect(bytes[0]).toBe(1);
  left.close();
});

test("the files of a worker that ended are waited for once the manifest is had", async () => {
  const place = newPlace();
  const left = await openOpfsDevice(`${place}/layer-1`, { create: { sectorCount: 8 } });
  await left.write(patternOf(1, 0, 8), 0);
  const clock = hasty(async (sleeps) => void (sleeps === 3 && await left.close()));
  await using storage = openOpfsStorage(place, { clock });
  await storage.open("manifest", 8);
  const found = new Uint8Array(8 * 512);
  await (await storage.open("layer-1", 8)).read(found, 0);
  expect(found).toEqual(patternOf(1, 0, 8));
  expect(clock.sleeps).toBe(3);
});

test("a file that somebody keeps open is EBUSY in the end, to be opened or removed", async () => {
  const place = newPlace();
  const kept = await openOpfsDevice(`${place}/layer-1`, { create: { sectorCount: 8 } });
  const clock = hasty();
  await using storage = openOpfsStorage(place, { clock });
  await expect(storage.open("layer-1", 8)).rejects.toMatchObject({ code: "EBUSY" });
  await expect(storage.remove("layer-1")).rejects.toMatchObject({ code: "EBUSY" });
  expect(clock.sleeps).toBe(2 * 249);
  await kept.close();
});

test("who waits for the manifest gets it when it is free, or the signal's reason", async () => {
  const place = newPlace();
  await using one = openOpfsStorage(place);
  await one.open("manifest", 8);
  const impatience = new AbortController();
  const hurried = openOpfsStorage(place, {
    whenBusy: "wait",
    signal: impatience.signal,
    clock: hasty(() => impatience.abort(new Error("enough"))),
  });
  await expect(hurried.open("manifest", 8)).rejects.toThrow("enough");
  const clock = hasty(async (sleeps) => void (sleeps === 999 && await one.close()));
  await using patient = openOpfsStorage(place, { whenBusy: "wait", clock });
  expect((await patient.open("manifest", 8)).sectorCount).toBe(8);
  expect(clock.sleeps).toBe(999);
});
