/// <reference lib="dom" />
import "fake-indexeddb/auto";
import { describe, expect, test } from "vitest";
import { IdbConnection } from "../../../../src/devices/idb/idb_connection.ts";
import { DISK_KEY, type DiskRecord, IdbStorage } from "../../../../src/devices/idb/idb_storage.ts";
import { patternOf, Prng, verifySectors } from "../../../../src/testing/mod.ts";
import { contentOf, newName, openDatabase, tamper } from "./fixture.ts";

const SECTOR_COUNT = 64;
const RECORD_SECTORS = 8;

/** A storage whose transactions can be made to fail. */
async function makeStorage({ framesMax = 100, write = true } = {}) {
  const name = newName();
  const disk: DiskRecord = {
    format: "cowdisk",
    sectorCount: SECTOR_COUNT,
    recordSectors: RECORD_SECTORS,
  };
  const connection = await IdbConnection.open({
    name,
    create: (store) => void store.put(disk, DISK_KEY),
  });
  const faults = { quota: false, commits: 0 };
  const use: typeof connection.use = (mode, callback) =>
    connection.use(mode, async (store) => {
      const result = await callback(store);
      if (mode === "readwrite") {
        if (faults.quota) throw new DOMException("the disk is full", "QuotaExceededError");
        faults.commits++;
      }
      return result;
    });
  const parts = {
    name,
    disk,
    lock: undefined,
    connection: { use, close: () => connection.close() },
    cacheBytes: framesMax * RECORD_SECTORS * 512,
  };
  const storage = new IdbStorage({ ...parts, write });
  /** What somebody else finds in the database now. */
  const again = () => new IdbStorage({ ...parts, write: false });
  return { name, storage, again, faults };
}

async function readAll(storage: IdbStorage): Promise<Uint8Array> {
  const target = new Uint8Array(SECTOR_COUNT * 512).fill(0xa5);
  await storage.read(target, 0);
  return target;
}

test("only records that hold something are stored, each of the size that was asked for", async () => {
  const { name, storage } = await makeStorage();
  await storage.write(patternOf(1, 10, 1), 10, false);
  await storage.write(new Uint8Array(8 * 512), 16, false);
  await storage.write(patternOf(1, 24, 8), 24, false);
  await storage.flush();
  await storage.writeZeroes(24, 8, false);
  await storage.flush();
  const content = await contentOf(name);
  expect([...content.keys()]).toEqual([1, DISK_KEY]);
  expect((content.get(1) as Uint8Array).buffer.byteLength).toBe(RECORD_SECTORS * 512);
  await storage.close();
});

test("what is zeroes when the last write is over is not stored, however it became so", async () => {
  const { name, storage } = await makeStorage();
  await storage.write(patternOf(1, 0, 8), 0, true);
  for (let sector = 0; sector < 8; sector++) {
    await storage.write(new Uint8Array(512), sector, false);
  }
  await storage.flush();
  expect([...(await contentOf(name)).keys()]).toEqual([DISK_KEY]);
  await storage.close();
});

test("a flush is one transaction, and one that has nothing to store is none", async () => {
  const { storage, faults } = await makeStorage();
  for (let sector = 0; sector < SECTOR_COUNT; sector += 3) {
    await storage.write(patternOf(1, sector, 1), sector, false);
  }
  await storage.discard(32, 16);
  storage.grow(SECTOR_COUNT * 2);
  await storage.flush();
  await storage.flush();
  expect(faults.commits).toBe(1);
  await storage.close();
});

test("flushes asked for during a flush share the next one", async () => {
  const { storage, faults } = await makeStorage();
  await storage.write(patternOf(1, 0, 1), 0, false);
  const first = storage.flush();
  const writes = [1, 2, 3, 4].map((sector) => storage.write(patternOf(1, sector, 1), sector, true));
  await Promise.all([first, ...writes]);
  expect(faults.commits).toBe(2);
  await storage.close();
});

test("a write during a flush is not in it, and is in the next", async () => {
  const { storage, again } = await makeStorage();
  await storage.write(patternOf(1, 0, SECTOR_COUNT), 0, false);
  const flush = storage.flush();
  await storage.write(patternOf(2, 5, 30), 5, false);
  await flush;
  verifySectors(await readAll(again()), patternOf(1, 0, SECTOR_COUNT), 0, "the first flush");
  await storage.flush();
  const want = patternOf(1, 0, SECTOR_COUNT);
  want.set(patternOf(2, 5, 30), 5 * 512);
  verifySectors(await readAll(again()), want, 0, "the second flush");
  await storage.close();
});

describe("over the quota", () => {
  test("a flush is refused with ENOSPC, nothing is stored, and nothing is lost", async () => {
    const { storage, again, faults } = await makeStorage();
    await storage.write(patternOf(1, 0, SECTOR_COUNT), 0, true);
    await storage.write(patternOf(2, 3, 20), 3, false);
    await storage.discard(40, 10);
    faults.quota = true;
    await expect(storage.flush()).rejects.toThrow(expect.objectContaining({ code: "ENOSPC" }));
    verifySectors(await readAll(again()), patternOf(1, 0, SECTOR_COUNT), 0, "stored");
    const want = patternOf(1, 0, SECTOR_COUNT);
    want.set(patternOf(2, 3, 20), 3 * 512);
    want.fill(0, 40 * 512, 50 * 512);
    verifySectors(await readAll(storage), want, 0, "still there");
    faults.quota = false;
    await storage.flush();
    verifySectors(await readAll(again()), want, 0, "stored by the next flush");
    await storage.close();
  });

  test("what was discarded reads as zeroes before, during and after a flush that fails", async () => {
    const { storage, faults } = await makeStorage({ framesMax: 1 });
    await storage.write(patternOf(1, 0, SECTOR_COUNT), 0, true);
    await storage.discard(8, 24);
    faults.quota = true;
    const want = patternOf(1, 0, SECTOR_COUNT);
    want.fill(0, 8 * 512, 32 * 512);
    verifySectors(await readAll(storage), want, 0, "before");
    const flush = storage.flush().catch((error) => error);
    const reads = [readAll(storage), readAll(storage)];
    expect(await flush).toMatchObject({ code: "ENOSPC" });
    for (const read of reads) verifySectors(await read, want, 0, "during");
    verifySectors(await readAll(storage), want, 0, "after");
    faults.quota = false;
    await storage.close();
  });

  test("a write for which the cache has no room is refused, and changes nothing", async () => {
    const { storage, faults } = await makeStorage({ framesMax: 2 });
    await storage.write(patternOf(1, 0, 16), 0, false);
    faults.quota = true;
    await expect(storage.write(patternOf(2, 15, 2), 15, false)).rejects
      .toThrow(expect.objectContaining({ code: "ENOSPC" }));
    faults.quota = false;
    const want = new Uint8Array(SECTOR_COUNT * 512);
    want.set(patternOf(1, 0, 16));
    verifySectors(await readAll(storage), want, 0, "as before");
    await storage.close();
  });
});

test("a record that is not of the right form is EIO, and never zeroes", async () => {
  for (const wrong of ["text", new Uint8Array(17), 5, null]) {
    const { name, storage } = await makeStorage();
    const database = await openDatabase(name);
    await tamper(database, (store) => void store.put(wrong, 2));
    database.close();
    await expect(storage.read(new Uint8Array(512), 16)).rejects
      .toThrow(expect.objectContaining({ code: "EIO" }));
    // Nor is it mended by a write of a part of it.
    await storage.write(patternOf(1, 16, 1), 16, false);
    await expect(storage.flush()).rejects.toThrow(expect.objectContaining({ code: "EIO" }));
    await storage.write(patternOf(1, 16, 8), 16, false);
    await storage.close();
  }
});

test("what is found after a crash is the disk as it was at its last flush, exactly", async () => {
  const prng = Prng.fromSeed("idb crashes");
  for (let round = 0; round < 12; round++) {
    const { storage, again, faults } = await makeStorage();
    const now = new Uint8Array(SECTOR_COUNT * 512);
    let flushed = now.slice();
    for (let step = 1; step < 40; step++) {
      const sector = prng.int(SECTOR_COUNT);
      const count = 1 + prng.int(Math.min(20, SECTOR_COUNT - sector));
      faults.quota = prng.int(4) === 0;
      if (prng.int(5) === 0) {
        if (await storage.flush().then(() => true, () => false)) flushed = now.slice();
      } else if (prng.int(3) === 0) {
        await storage.writeZeroes(sector, count, false);
        now.fill(0, sector * 512, (sector + count) * 512);
      } else {
        const source = patternOf(round * 100 + step, sector, count);
        await storage.write(source, sector, false);
        now.set(source, sector * 512);
      }
      if (prng.int(3) === 0) verifySectors(await readAll(storage), now, 0, "now");
      if (prng.int(3) === 0) verifySectors(await readAll(again()), flushed, 0, "after a crash");
    }
    faults.quota = false;
    await storage.close();
  }
});
