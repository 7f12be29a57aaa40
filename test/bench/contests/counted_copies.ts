/**
 * How many bytes devices read and write for one byte that is written, and what stays in memory.
 *
 * @module
 */
import type { SyncBlockDevice } from "../../../src/block/device.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";
import { isSmoke } from "../harness/contest.ts";
import { heldBytes } from "../harness/measure.ts";
import { CHUNK_BYTES, CHUNK_SECTORS, chunkOfBytes } from "./places.ts";

const DISK_CHUNKS = isSmoke ? 64 : 4096;

/** A device that counts the bytes that go through it. It does not lie in kernel memory. */
class CountedDevice {
  bytes = 0;
  readonly device: SyncBlockDevice;

  constructor(sectorCount: number) {
    const inner = createMemoryDevice({ sectorCount });
    this.device = {
      name: "counted",
      sectorCount,
      limits: inner.limits,
      supports: inner.supports,
      readSync: (target, sector) => {
        this.bytes += target.length;
        inner.readSync(target, sector);
      },
      writeSync: (source, sector, options) => {
        this.bytes += source.length;
        inner.writeSync(source, sector, options);
      },
      writeZeroesSync: (...range) => inner.writeZeroesSync(...range),
      discardSync: (...range) => inner.discardSync(...range),
      flushSync: () => inner.flushSync(),
      closeSync: () => inner.closeSync(),
      read: (...request) => inner.read(...request),
      write: (...request) => inner.write(...request),
      writeZeroes: (...range) => inner.writeZeroes(...range),
      discard: (...range) => inner.discard(...range),
      flush: () => inner.flush(),
      close: () => inner.close(),
      [Symbol.dispose]: () => inner.closeSync(),
      [Symbol.asyncDispose]: () => inner.close(),
    };
  }
}

/** Which write is counted. */
export type CountedWrite = "origin" | "snapshot, whole" | "snapshot, one sector";

/** Chunks that are read and written for one write of a chunk that nobody has copied before. */
export function copiesOf(which: CountedWrite, snapshots: number): number {
  const disk = new CountedDevice(DISK_CHUNKS * CHUNK_SECTORS);
  const cows = Array.from(
    { length: snapshots },
    () => new CountedDevice(DISK_CHUNKS * 2 * CHUNK_SECTORS),
  );
  const origin = openOrigin(disk.device);
  const [snapshot] = cows.map(({ device: cow }) =>
    openSnapshotSync({ origin, cow, chunkSectors: CHUNK_SECTORS })
  );
  for (const each of [disk, ...cows]) each.bytes = 0;
  const bytes = chunkOfBytes("counted").subarray(0, which.endsWith("sector") ? 512 : CHUNK_BYTES);
  const device = which === "origin" ? origin : snapshot!;
  // Every other chunk, so that no two exceptions are one run.
  for (let chunk = 0; chunk < DISK_CHUNKS; chunk += 2) {
    device.writeSync(bytes, chunk * CHUNK_SECTORS);
  }
  const moved = [disk, ...cows].reduce((sum, each) => sum + each.bytes, 0);
  return moved / (DISK_CHUNKS / 2) / CHUNK_BYTES;
}

/** Which operations are repeated. */
export type Repeated = "reads" | "overwrites" | "first writes" | "asynchronous writes";

/** Bytes that each of 100,000 operations leaves behind when everything was collected. */
export async function heldBy(which: Repeated): Promise<number> {
  const operations = isSmoke ? 1000 : 100_000;
  const disk = createMemoryDevice({ sectorCount: 2 * operations * CHUNK_SECTORS });
  const cow = createMemoryDevice({ sectorCount: 3 * operations * CHUNK_SECTORS });
  const origin = openOrigin(disk);
  const snapshot = openSnapshotSync({ origin, cow, chunkSectors: CHUNK_SECTORS });
  const chunk = chunkOfBytes("held").subarray(0, 512);
  // As many warm up: code and caches are no growth.
  const run = async (from: number, to: number) => {
    for (let index = from; index < to; index++) {
      const sector = index * CHUNK_SECTORS;
      if (which === "reads") snapshot.readSync(chunk, sector);
      else if (which === "overwrites") snapshot.writeSync(chunk, index % 512 * CHUNK_SECTORS);
      else if (which === "first writes") origin.writeSync(chunk, sector);
      else await snapshot.write(chunk, sector);
    }
  };
  await run(0, operations);
  const before = heldBytes();
  await run(operations, 2 * operations);
  return Math.max(0, heldBytes() - before) / operations;
}
