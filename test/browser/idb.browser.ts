/// <reference lib="dom" />
/** The IndexedDB device in a real IndexedDB. */
import { describe, expect, test } from "vitest";
import { type IdbDevice, openIdbDevice, removeIdbDevice } from "../../src/devices/idb.ts";
import { createMemoryDevice, openOrigin, openSnapshot } from "../../src/mod.ts";
import { deviceSuite, fillPattern, patternOf, verifySectors } from "../../src/testing/mod.ts";
import { idbFixture, newName } from "../unit/devices/idb/fixture.ts";
import { writeInReloadedPage } from "./reloaded_page.ts";

const SECTOR_COUNT = 1000;

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

async function readAll(device: IdbDevice): Promise<Uint8Array<ArrayBuffer>> {
  const found = new Uint8Array(device.sectorCount * 512).fill(0xa5);
  await device.read(found, 0);
  return found;
}

describe("a disk in IndexedDB", async () => {
  await deviceSuite({ test, create: (sectorCount) => idbFixture(sectorCount) });
});

describe("a disk in IndexedDB with small records and a cache for three of them", async () => {
  await deviceSuite({
    test,
    create: (sectorCount) => idbFixture(sectorCount, { recordSectors: 8, cacheBytes: 3 * 4096 }),
    sectorCounts: [7, 129],
  });
});

/** Starts a worker that writes, and waits for its first rounds. */
async function startWriter(name: string, rounds: number) {
  const worker = new Worker(new URL("./idb_writer.worker.ts", import.meta.url), { type: "module" });
  const state = { worker, acknowledged: 0 };
  await new Promise<void>((resolve, reject) => {
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = ({ data: round }: MessageEvent<number>) => {
      state.acknowledged = round;
      if (round === rounds) resolve();
    };
    worker.postMessage(name);
  });
  return state;
}

/** Rounds that were flushed and whose message did not arrive any more, on the busiest of machines. */
const UNHEARD_ROUNDS = 60;

/** Demands what some round wrote, whole: the last one that was acknowledged, or a later one. */
function expectRoundFrom(acknowledged: number, found: Uint8Array): void {
  const want = new Uint8Array(found.length);
  for (let round = acknowledged; round <= acknowledged + UNHEARD_ROUNDS; round++) {
    fillPattern(want, round, 0);
    if (found.every((byte, index) => byte === want[index])) return;
  }
  verifySectors(
    found,
    patternOf(acknowledged, 0, SECTOR_COUNT),
    0,
    `not as in round ${acknowledged}`,
  );
}

test("a worker killed while it writes leaves the disk as it was at a flush, the last or the one under way", async () => {
  const name = newName();
  await (await openIdbDevice(name, { create: { sectorCount: SECTOR_COUNT } })).close();
  for (const rounds of [1, 3, 6]) {
    const state = await startWriter(name, rounds);
    state.worker.terminate();
    const device = await openIdbDevice(name, { whenBusy: "wait" });
    const found = await readAll(device);
    await device.close();
    expectRoundFrom(state.acknowledged, found);
  }
  await removeIdbDevice(name);
});

test("a page that is reloaded while it writes goes on with the disk as it was at a flush", async () => {
  const name = newName();
  await (await openIdbDevice(name, { create: { sectorCount: SECTOR_COUNT } })).close();
  sessionStorage.removeItem("round");
  const page = `${new URL("./idb_page.html", import.meta.url).pathname}#${name}`;
  const acknowledged = await writeInReloadedPage(page);
  const device = await openIdbDevice(name, { whenBusy: "wait" });
  const found = await readAll(device);
  await device.close();
  expectRoundFrom(acknowledged, found);
  await removeIdbDevice(name);
});

test("beside a writing worker a second writer is refused, and a reader sees flushes whole", async () => {
  const name = newName();
  await (await openIdbDevice(name, { create: { sectorCount: SECTOR_COUNT } })).close();
  const { worker } = await startWriter(name, 1);
  await expect(openIdbDevice(name)).rejects.toThrow(refusal("EBUSY"));
  await expect(removeIdbDevice(name)).rejects.toThrow(refusal("EBUSY"));
  const reader = await openIdbDevice(name, { readOnly: true });
  const want = new Uint8Array(SECTOR_COUNT * 512);
  let round = 1;
  for (let reading = 0; reading < 10; reading++) {
    const found = await readAll(reader);
    const isRound = () => {
      fillPattern(want, round, 0);
      return found.every((byte, index) => byte === want[index]);
    };
    while (!isRound()) expect(++round).toBeLessThan(1000);
  }
  await reader.close();
  worker.terminate();
  const next = await openIdbDevice(name, { whenBusy: "wait" });
  await next.close();
  await removeIdbDevice(name);
});

interface StorageBuckets {
  open(name: string, options: { quota: number }): Promise<{ indexedDB: IDBFactory }>;
  delete(name: string): Promise<void>;
}

test("over the browser's quota a flush is ENOSPC, and neither medium nor cache loses a byte", async () => {
  const { storageBuckets } = navigator as Navigator & { storageBuckets: StorageBuckets };
  const ordinary = indexedDB;
  const name = newName();
  // The quota of a whole origin is looked at only now and then; that of a new bucket at once.
  const bucket = await storageBuckets.open(name, { quota: 2_000_000 });
  Object.defineProperty(globalThis, "indexedDB", { value: bucket.indexedDB, configurable: true });
  try {
    const device = await openIdbDevice(name, { create: { sectorCount: 20_000 } });
    await device.write(patternOf(1, 0, 100), 0);
    await device.flush();
    await device.write(patternOf(2, 50, 19_000), 50);
    await expect(device.flush()).rejects.toThrow(refusal("ENOSPC"));
    expect(device.isFlushed).toBe(false);

    const want = new Uint8Array(20_000 * 512);
    want.set(patternOf(1, 0, 100));
    const reader = await openIdbDevice(name, { readOnly: true });
    verifySectors(await readAll(reader), want, 0, "in the database");
    await reader.close();
    want.set(patternOf(2, 50, 19_000), 50 * 512);
    verifySectors(await readAll(device), want, 0, "in the cache");
    await expect(device.close()).rejects.toThrow(refusal("ENOSPC"));
  } finally {
    Object.defineProperty(globalThis, "indexedDB", { value: ordinary, configurable: true });
    await storageBuckets.delete(name);
  }
});

test("a database deleted under us is ENODEV, for good", async () => {
  const name = newName();
  const device = await openIdbDevice(name, { create: { sectorCount: 8 } });
  await device.write(patternOf(1, 0, 8), 0);
  await new Promise((resolve) => indexedDB.deleteDatabase(name).onsuccess = resolve);
  await expect(device.flush()).rejects.toThrow(refusal("ENODEV"));
  await expect(device.close()).rejects.toThrow(refusal("ENODEV"));
  expect((await indexedDB.databases()).map((each) => each.name)).not.toContain(name);
});

test("bytes in a large buffer, shared or not, are stored without the buffer around them", async () => {
  const name = newName();
  const device = await openIdbDevice(name, { create: { sectorCount: 64 } });
  // Without isolation shared memory has no name of its own, and is there all the same.
  const shared = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true }).buffer;
  for (const buffer of [new ArrayBuffer(1 << 20), shared]) {
    await device.write(new Uint8Array(buffer, 4096, 512).fill(7), 3);
    await device.flush();
  }
  const stored = await new Promise<Uint8Array>((resolve) => {
    indexedDB.open(name).onsuccess = ({ target }) => {
      const { result: database } = target as IDBOpenDBRequest;
      const request = database.transaction("records").objectStore("records").get(0);
      request.onsuccess = () => {
        database.close();
        resolve(request.result);
      };
    };
  });
  expect(stored.buffer.byteLength).toBe(64 * 512);
  await device.close();
  await removeIdbDevice(name);
});

test("a snapshot keeps its COW image in IndexedDB", async () => {
  const name = newName();
  const create = { sectorCount: 4096 };
  const disk = createMemoryDevice({ sectorCount: 2048, content: patternOf(1, 0, 2048) });
  const origin = openOrigin(disk);
  const cow = await openIdbDevice(name, { create });
  const snapshot = await openSnapshot({ origin, cow, chunkSectors: 8 });
  await origin.write(patternOf(2, 100, 50), 100);
  const found = new Uint8Array(2048 * 512);
  await snapshot.read(found, 0);
  verifySectors(found, patternOf(1, 0, 2048), 0, "the snapshot");
  await snapshot.close();
  await cow.close();
  await removeIdbDevice(name);
});
