/// <reference lib="dom" />
/** What a disk over OPFS costs beside a bare file, in the worker it is for. */
import { openOpfsStorage } from "../../src/disk/storage/opfs_storage.ts";
import type { SyncFile } from "../../src/devices/opfs/sync_file.ts";
import { Disk } from "../../src/mod.ts";
import { patternOf, Prng } from "../../src/testing/mod.ts";
import { BATCH_CHUNKS, CHUNK_SECTORS, medians, openingMs, timed } from "./disk_marks.ts";

interface WorkerFileHandle {
  createSyncAccessHandle(): Promise<SyncFile>;
}

const CHUNKS = 16_384;
const TURNS = 101;

const block = patternOf(1, 0, CHUNK_SECTORS);
const folder = await navigator.storage.getDirectory();
const handle = await folder.getFileHandle("bare", { create: true }) as unknown as WorkerFileHandle;
const bare = await handle.createSyncAccessHandle();
bare.truncate(CHUNKS * 4096);
for (let chunk = 0; chunk < CHUNKS; chunk++) bare.write(block, { at: chunk * 4096 });
bare.flush();

await using storage = openOpfsStorage("marks");
for (const device of await storage.list()) await storage.remove(device);
const sectorCount = CHUNKS * CHUNK_SECTORS;
const disk = await Disk.open("marks", { origin: sectorCount, storage });
// Each chunk once, in random order: what is taken next was never touched.
const order = Array.from({ length: CHUNKS }, (_, chunk) => chunk);
const prng = Prng.fromSeed("disk marks");
for (let at = CHUNKS - 1; at > 0; at--) {
  const other = prng.int(at + 1);
  [order[at], order[other]] = [order[other]!, order[at]!];
}
const batch = (turn: number) => order.slice(turn * BATCH_CHUNKS, (turn + 1) * BATCH_CHUNKS);

function writeBatch(turn: number): void {
  for (const chunk of batch(turn)) disk.device.writeSync(block, chunk * CHUNK_SECTORS);
  disk.device.flushSync();
}

function writeBare(chunks: readonly number[]): void {
  for (const chunk of chunks) bare.write(block, { at: chunk * 4096 });
  bare.flush();
}

/** The first of the batches that are written over again. */
const AGAIN = TURNS;
for (let turn = 0; turn < TURNS; turn++) writeBatch(AGAIN + turn);

const times = await medians(TURNS, {
  "64 bare writes, random": (turn) => timed(() => writeBare(batch(turn))),
  "64 bare writes, side by side": (turn) =>
    timed(() => writeBare(batch(0).map((_, at) => turn * BATCH_CHUNKS + at))),
  "64 random untouched chunks": (turn) => timed(() => writeBatch(turn)),
  // Not in the order in which they were excepted, so that they lie apart in the layer, too.
  "64 random chunks that were excepted": (turn) =>
    timed(() => {
      for (let at = 0; at < BATCH_CHUNKS; at++) {
        const chunk = order[AGAIN * BATCH_CHUNKS + (at * 41 + turn * 7) % (TURNS * BATCH_CHUNKS)]!;
        disk.device.writeSync(block, chunk * CHUNK_SECTORS);
      }
      disk.device.flushSync();
    }),
});
bare.close();
await disk.close();
const opening = await openingMs(() => openOpfsStorage("many"));
self.postMessage({ times, opening });
