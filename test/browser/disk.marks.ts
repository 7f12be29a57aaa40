/// <reference lib="dom" />
/** The marks of a disk in the browser, each beside what the browser itself needs. */
import { expect, test } from "vitest";
import { openIndexedDbStorage } from "../../src/disk/storage/indexeddb_storage.ts";
import { Disk } from "../../src/mod.ts";
import { patternOf } from "../../src/testing/mod.ts";
import { openDatabase } from "../unit/devices/idb/fixture.ts";
import { BATCH_CHUNKS, CHUNK_SECTORS, medians, openingMs, report, timed } from "./disk_marks.ts";

const TURNS = 41;

/** The most milliseconds that a disk with 100,000 exceptions takes to open. */
const OPENING_MS_MAX = 300;

const SMALL = "a bare strict transaction, 64 puts of 4 KiB";
const LARGE = "a bare strict transaction, 8 puts of 32 KiB";

/** Stores bytes by one strict transaction, in so many records that are not there yet. */
function putAll(
  database: IDBDatabase,
  bytes: Uint8Array,
  putCount: number,
  turn: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction("records", "readwrite", { durability: "strict" });
    const store = transaction.objectStore("records");
    const putBytes = bytes.length / putCount;
    for (let put = 0; put < putCount; put++) {
      const part = bytes.slice(put * putBytes, (put + 1) * putBytes);
      store.put(part, `${putCount} ${turn} ${put}`);
    }
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

test("IndexedDB: a flush of 64 dirty chunks, beside a bare strict transaction", async () => {
  const name = `marks-${crypto.randomUUID()}`;
  // The same bytes for all, and none like another: what repeats may be cheaper to store.
  const bytes = patternOf(1, 0, BATCH_CHUNKS * CHUNK_SECTORS);
  const database = await openDatabase(`${name}-bare`, 1, (made) => {
    made.createObjectStore("records");
  });
  await using storage = openIndexedDbStorage(name, { cacheBytes: 64 << 20 });
  const sectorCount = 3 * TURNS * BATCH_CHUNKS * CHUNK_SECTORS;
  const disk = await Disk.open(name, { origin: sectorCount, storage });
  const write = async (first: number) => {
    const chunkBytes = bytes.length / BATCH_CHUNKS;
    for (let at = 0; at < BATCH_CHUNKS; at++) {
      const chunk = bytes.subarray(at * chunkBytes, (at + 1) * chunkBytes);
      await disk.device.write(chunk, (first + at) * CHUNK_SECTORS);
    }
  };
  const bare = (putCount: number) => (turn: number) =>
    timed(() => putAll(database, bytes, putCount, turn));
  // What a flush really asks of the browser.
  let strictCount = 0;
  const begin = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (stores, mode, options) {
    if (mode === "readwrite" && options?.durability === "strict") strictCount++;
    return begin.call(this, stores, mode, options);
  };
  const counts: Record<string, number> = {};
  const flush = async (what: string) => {
    strictCount = 0;
    const ms = await timed(() => disk.device.flush());
    counts[what] = strictCount;
    return ms;
  };
  const times = await medians(TURNS, {
    [SMALL]: bare(BATCH_CHUNKS),
    [LARGE]: bare(BATCH_CHUNKS * CHUNK_SECTORS / 64),
    async "64 chunks that were excepted before"() {
      await write(0);
      return await flush("excepted before");
    },
    async "64 untouched chunks"(turn) {
      await write((turn + 1) * BATCH_CHUNKS);
      return await flush("untouched");
    },
    async "64 untouched chunks, written and flushed"(turn) {
      const first = (TURNS + turn + 1) * BATCH_CHUNKS;
      return await timed(async () => {
        await write(first);
        await disk.device.flush();
      });
    },
  });
  IDBDatabase.prototype.transaction = begin;
  await disk.close();
  database.close();
  // deno-lint-ignore no-console
  console.log(report([SMALL, LARGE], times), "\nstrict transactions in a flush:", counts);
  for (const device of await storage.list()) await storage.remove(device);
  indexedDB.deleteDatabase(`${name}-bare`);
  expect(counts).toEqual({ "excepted before": 1, "untouched": 2 });
});

test("IndexedDB: a disk with 100,000 exceptions is opened", async () => {
  const ms = await openingMs(() => openIndexedDbStorage("marks-many", { cacheBytes: 64 << 20 }));
  // deno-lint-ignore no-console
  console.log(`IndexedDB, 100,000 exceptions: opened in ${ms.toFixed(1)} ms`);
  expect(ms).toBeLessThan(OPENING_MS_MAX);
});

test("OPFS: 64 random untouched chunks and a flush, beside 64 bare writes and a flush; an opening", async () => {
  const worker = new Worker(new URL("./disk_marks.worker.ts", import.meta.url), { type: "module" });
  type Said = { times: Record<string, number>; opening: number };
  const { times, opening } = await new Promise<Said>((resolve, reject) => {
    worker.onmessage = ({ data: said }) => resolve(said);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.terminate();
  const table = report(["64 bare writes, random", "64 bare writes, side by side"], times);
  // deno-lint-ignore no-console
  console.log(`${table}\nOPFS, 100,000 exceptions: opened in ${opening.toFixed(1)} ms`);
  const random = times["64 bare writes, random"]!;
  expect(times["64 random untouched chunks"]! / random).toBeLessThan(1.5);
  expect(opening).toBeLessThan(OPENING_MS_MAX);
});
