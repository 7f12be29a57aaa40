/// <reference lib="dom" />
/** The OPFS device in a real origin private file system. */
import { afterAll, describe, expect, test } from "vitest";
import { cdp } from "vitest/browser";
import { type BlockDevice, openOrigin, openSnapshot } from "../../src/mod.ts";
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { openOpfsDevice, openOpfsDeviceIn, removeOpfsDevice } from "../../src/devices/opfs.ts";
import { Arena } from "../../src/kernel/mod.ts";
import { deviceSuite, patternOf, verifySectors } from "../../src/testing/mod.ts";

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

const newPath = () => `disk-${crypto.randomUUID()}`;

const workers: Worker[] = [];

/** Each is written out where it is made, because that is how Vite finds what to serve. */
function started(worker: Worker): Worker {
  workers.push(worker);
  return worker;
}

const serve = () =>
  started(new Worker(new URL("./opfs.worker.ts", import.meta.url), { type: "module" }));

const server = serve();

afterAll(() => workers.forEach((worker) => worker.terminate()));

async function readAll(device: BlockDevice): Promise<Uint8Array<ArrayBuffer>> {
  const found = new Uint8Array(device.sectorCount * 512).fill(0xa5);
  await device.read(found, 0);
  return found;
}

describe("a disk in the origin private file system, in its worker", async () => {
  const worker = started(
    new Worker(new URL("./opfs_suite.worker.ts", import.meta.url), { type: "module" }),
  );
  const heard = () =>
    new Promise<{ laws?: string[]; failure?: string }>((resolve, reject) => {
      worker.onmessage = ({ data: said }) => resolve(said);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
  const { laws } = await heard();
  test.each(laws!)("%s", async (law) => {
    const answer = heard();
    worker.postMessage(law);
    expect((await answer).failure).toBeUndefined();
  });
});

describe("a disk in the origin private file system, used from the page", async () => {
  await deviceSuite({
    test,
    async create(sectorCount) {
      const path = newPath();
      const device = await openOpfsDeviceIn(server, path, { create: { sectorCount } });
      return {
        device,
        reopen: () => openOpfsDeviceIn(server, path),
        cleanup: () => removeOpfsDevice(path),
      };
    },
    sectorCounts: [7, 129],
  });
});

test("a page is told to use a worker", async () => {
  const opening = openOpfsDevice(newPath(), { create: { sectorCount: 8 } });
  await expect(opening).rejects.toThrow(refusal("ENOTSUP"));
});

test("a disk that is not there is ENOENT, and one that is there is not made again", async () => {
  const path = `folder-${newPath()}/disk`;
  await expect(openOpfsDeviceIn(server, path)).rejects.toThrow(refusal("ENOENT"));
  const create = { sectorCount: 8 };
  await (await openOpfsDeviceIn(server, path, { create })).close();
  await expect(openOpfsDeviceIn(server, path, { create })).rejects.toThrow(refusal("EEXIST"));
  await removeOpfsDevice(path);
  await removeOpfsDevice(path);
});

test("a disk of a tebibyte takes what was written to it, and charges the quota no more", async () => {
  const path = newPath();
  const sectorCount = 2 ** 31;
  const before = (await navigator.storage.estimate()).usage!;
  const device = await openOpfsDeviceIn(server, path, { create: { sectorCount } });
  for (const sector of [0, 2 ** 30 + 5, sectorCount - 1]) {
    await device.write(patternOf(1, sector, 1), sector, { fua: true });
  }
  await device.close();
  expect((await navigator.storage.estimate()).usage! - before).toBeLessThan(1 << 20);
  const again = await openOpfsDeviceIn(server, path);
  const sector = new Uint8Array(512);
  await again.read(sector, 2 ** 30 + 5);
  verifySectors(sector, patternOf(1, 2 ** 30 + 5, 1), 2 ** 30 + 5, "in the middle");
  await again.close();
  await removeOpfsDevice(path);
});

test("a disk that one worker has open is EBUSY to another, who may wait for it", async () => {
  const path = newPath();
  const other = serve();
  const device = await openOpfsDeviceIn(server, path, { create: { sectorCount: 8 } });
  await expect(openOpfsDeviceIn(other, path)).rejects.toThrow(refusal("EBUSY"));
  await expect(removeOpfsDevice(path)).rejects.toThrow(refusal("EBUSY"));
  const waiting = openOpfsDeviceIn(other, path, { whenBusy: "wait" });
  await device.write(patternOf(1, 0, 8), 0);
  await device.close();
  const next = await waiting;
  verifySectors(await readAll(next), patternOf(1, 0, 8), 0, "what the first has written");
  await next.close();
  await removeOpfsDevice(path);
});

test("over the quota a write is ENOSPC and changes nothing, and there can be room again", async () => {
  const { origin } = location;
  const path = newPath();
  const device = await openOpfsDeviceIn(server, path, { create: { sectorCount: 40_000 } });
  await device.write(patternOf(1, 0, 100), 0);
  const { usage } = await navigator.storage.estimate();
  const quotaSize = usage! + 4_000_000;
  await cdp().send("Storage.overrideQuotaForOrigin", { origin, quotaSize });
  const want = new Uint8Array(40_000 * 512);
  want.set(patternOf(1, 0, 100));
  try {
    await expect(device.write(patternOf(2, 50, 20_000), 50)).rejects.toThrow(refusal("ENOSPC"));
    verifySectors(await readAll(device), want, 0, "as before");
    await device.write(patternOf(3, 0, 128), 0, { fua: true });
    want.set(patternOf(3, 0, 128));
    verifySectors(await readAll(device), want, 0, "written where it has its place");
  } finally {
    await cdp().send("Storage.overrideQuotaForOrigin", { origin });
  }
  await device.write(patternOf(2, 50, 20_000), 50, { fua: true });
  want.set(patternOf(2, 50, 20_000), 50 * 512);
  verifySectors(await readAll(device), want, 0, "after there was room");
  await device.close();
  await removeOpfsDevice(path);
});

test("a worker killed while it writes leaves every sector as it was flushed, or newer", async () => {
  const path = newPath();
  const sectorCount = 1000;
  await (await openOpfsDeviceIn(server, path, { create: { sectorCount } })).close();
  for (const rounds of [1, 4, 9]) {
    const worker = started(
      new Worker(new URL("./opfs_writer.worker.ts", import.meta.url), { type: "module" }),
    );
    let acknowledged = 0;
    await new Promise<void>((resolve, reject) => {
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.onmessage = ({ data: round }: MessageEvent<number>) => {
        acknowledged = round;
        if (round === rounds) resolve();
      };
      worker.postMessage(path);
    });
    worker.terminate();
    const device = await openOpfsDeviceIn(server, path, { whenBusy: "wait" });
    const found = await readAll(device);
    await device.close();
    // Rounds whose message did not arrive any more count; and it discards now and then.
    const allowed = [new Uint8Array(sectorCount * 512)];
    for (let later = 0; later <= 60; later++) {
      allowed.push(patternOf(acknowledged + later, 0, sectorCount));
    }
    for (let sector = 0; sector < sectorCount; sector++) {
      const part = (bytes: Uint8Array) => bytes.subarray(sector * 512, (sector + 1) * 512);
      const got = part(found);
      const isAllowed = allowed.some((bytes) => part(bytes).every((byte, at) => byte === got[at]));
      if (!isAllowed) verifySectors(got, part(allowed[1]!), sector, "after the kill");
    }
  }
  await removeOpfsDevice(path);
});

test("bytes go into shared memory and come from it, posted or not", async () => {
  const path = newPath();
  const device = await openOpfsDeviceIn(server, path, { create: { sectorCount: 100 } });
  const arena = Arena.create({ bytesMax: 1 << 20 });
  const page = arena.allocatePages(1);
  const shared = () => arena.bytes.subarray(page, page + 100 * 512);
  shared().set(patternOf(1, 0, 100));
  await device.write(shared(), 0);
  shared().fill(0);
  await device.read(shared(), 0);
  verifySectors(shared(), patternOf(1, 0, 100), 0, "read into shared memory");
  await device.close();
  await removeOpfsDevice(path);
});

test("a snapshot keeps its COW image there, and has it after its worker was killed", async () => {
  const path = newPath();
  const content = patternOf(1, 0, 2048);
  const origin = openOrigin(createMemoryDevice({ sectorCount: 2048, content }));
  const worker = serve();
  const cow = await openOpfsDeviceIn(worker, path, { create: { sectorCount: 4096 } });
  const snapshot = await openSnapshot({ origin, cow, chunkSectors: 8 });
  await origin.write(patternOf(2, 100, 50), 100);
  verifySectors(await readAll(snapshot), patternOf(1, 0, 2048), 0, "the snapshot");
  worker.terminate();

  const changed = new Uint8Array(2048 * 512);
  await origin.read(changed, 0);
  const again = openOrigin(createMemoryDevice({ sectorCount: 2048, content: changed }));
  const found = await openOpfsDeviceIn(server, path, { whenBusy: "wait" });
  const reopened = await openSnapshot({ origin: again, cow: found, chunkSectors: 8 });
  verifySectors(await readAll(reopened), patternOf(1, 0, 2048), 0, "the snapshot, reopened");
  await reopened.close();
  await found.close();
  await removeOpfsDevice(path);
});
