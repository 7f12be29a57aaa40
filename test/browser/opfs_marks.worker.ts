/// <reference lib="dom" />
/** What the snapshot stack over OPFS costs, beside a bare file: measured in the worker it is for. */
import { openOrigin, openSnapshotSync } from "../../src/mod.ts";
import { openOpfsDevice, removeOpfsDevice } from "../../src/devices/opfs.ts";
import type { SyncFile } from "../../src/devices/opfs/sync_file.ts";
import { patternOf } from "../../src/testing/mod.ts";

interface WorkerFileHandle {
  createSyncAccessHandle(): Promise<SyncFile>;
}

const CHUNK_SECTORS = 8;
const CHUNKS = 4096;
const ROUNDS = 401;

const block = patternOf(1, 0, CHUNK_SECTORS);

function median(times: number[]): number {
  return times.sort((one, other) => one - other)[Math.floor(times.length / 2)]!;
}

function timed(work: () => void): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}

const folder = await navigator.storage.getDirectory();
const handle = await folder.getFileHandle("bare", { create: true }) as unknown as WorkerFileHandle;
const bare = await handle.createSyncAccessHandle();
bare.truncate(CHUNKS * 4096);
for (let chunk = 0; chunk < CHUNKS; chunk++) bare.write(block, { at: chunk * 4096 });
bare.flush();

for (const path of ["origin", "cow"]) await removeOpfsDevice(path);
const sectorCount = CHUNKS * CHUNK_SECTORS;
const disk = await openOpfsDevice("origin", { create: { sectorCount } });
const cow = await openOpfsDevice("cow", { create: { sectorCount: 2 * sectorCount } });
for (let chunk = 0; chunk < CHUNKS; chunk++) disk.writeSync(block, chunk * CHUNK_SECTORS);
disk.flushSync();
const origin = openOrigin(disk);
const snapshot = openSnapshotSync({
  origin,
  cow,
  chunkSectors: CHUNK_SECTORS,
  durability: "flush",
});

const times: Record<string, number[]> = {
  "bare file": [],
  "device": [],
  "snapshot, chunk excepted": [],
  "snapshot, untouched chunk": [],
  "snapshot, part of an untouched chunk": [],
  "origin, untouched chunk": [],
};
const works: Record<string, (round: number) => void> = {
  "bare file"(round) {
    bare.write(block, { at: (round * 37 % CHUNKS) * 4096 });
    bare.flush();
  },
  "device"(round) {
    disk.writeSync(block, (round * 37 % CHUNKS) * CHUNK_SECTORS);
    disk.flushSync();
  },
  "snapshot, chunk excepted"() {
    snapshot.writeSync(block, 0);
    snapshot.flushSync();
  },
  "snapshot, untouched chunk"(round) {
    snapshot.writeSync(block, (1 + round) * CHUNK_SECTORS);
    snapshot.flushSync();
  },
  "snapshot, part of an untouched chunk"(round) {
    snapshot.writeSync(block.subarray(0, 512), (1001 + round) * CHUNK_SECTORS);
    snapshot.flushSync();
  },
  "origin, untouched chunk"(round) {
    origin.writeSync(block, (2001 + round) * CHUNK_SECTORS);
    origin.flushSync();
  },
};
// By turns, so that a busy machine slows all of them alike.
for (let round = 0; round < ROUNDS; round++) {
  for (const [what, work] of Object.entries(works)) times[what]!.push(timed(() => work(round)));
}
bare.close();
snapshot.closeSync();
origin.closeSync();
disk.closeSync();
cow.closeSync();
self.postMessage(Object.fromEntries(Object.entries(times).map(([what, ms]) => [what, median(ms)])));
