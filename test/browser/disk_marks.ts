/**
 * How disks are measured: by turns with something bare, so that a busy machine slows both alike.
 */

import { Disk, type DiskStorage } from "../../src/mod.ts";

/** Milliseconds of each work, the median of its turns. */
export async function medians(
  turns: number,
  works: Readonly<Record<string, (turn: number) => Promise<number> | number>>,
): Promise<Record<string, number>> {
  const times = new Map<string, number[]>(Object.keys(works).map((what) => [what, []]));
  const entries = Object.entries(works);
  for (let turn = 0; turn < turns; turn++) {
    // Each comes after each: one pays for what the one before has left behind.
    for (let at = 0; at < entries.length; at++) {
      const [what, work] = entries[(turn + at) % entries.length]!;
      times.get(what)!.push(await work(turn));
    }
  }
  const median = (each: number[]) => each.sort((one, other) => one - other)[turns >> 1]!;
  return Object.fromEntries([...times].map(([what, each]) => [what, median(each)]));
}

/** Milliseconds that some work takes. */
export async function timed(work: () => unknown): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** What was measured, beside the lowest of the floors. */
export function report(floors: readonly string[], times: Readonly<Record<string, number>>): string {
  const floorMs = Math.min(...floors.map((floor) => times[floor]!));
  return Object.entries(times)
    .map(([what, ms]) => `${what}: ${ms.toFixed(3)} ms, ${(ms / floorMs).toFixed(2)} of the floor`)
    .join("\n");
}

/** Exceptions of the disk whose opening is measured. */
const EXCEPTION_COUNT = 100_000;

const OPENINGS = 5;

async function expectExceptions(disk: Disk): Promise<void> {
  const { changedChunks } = await disk.usage();
  if (changedChunks !== EXCEPTION_COUNT) throw new Error(`found ${changedChunks} exceptions`);
}

/** Milliseconds to open a disk with many exceptions, none beside another; the median. */
export async function openingMs(openStorage: () => DiskStorage): Promise<number> {
  const origin = 2 * EXCEPTION_COUNT * CHUNK_SECTORS;
  {
    await using storage = openStorage();
    for (const device of await storage.list()) await storage.remove(device);
    await using disk = await Disk.open("marks", { origin, storage });
    // Zeroes: what is measured is what the exceptions cost, not their data.
    for (let at = 0; at < EXCEPTION_COUNT; at++) {
      await disk.device.writeZeroes(2 * at * CHUNK_SECTORS, CHUNK_SECTORS);
    }
    await expectExceptions(disk);
  }
  const times: number[] = [];
  for (let opening = 0; opening < OPENINGS; opening++) {
    await using storage = openStorage();
    const startMs = performance.now();
    await using disk = await Disk.open("marks", { origin, storage });
    times.push(performance.now() - startMs);
    await expectExceptions(disk);
  }
  return times.sort((one, other) => one - other)[OPENINGS >> 1]!;
}

/** Chunks in one flush. */
export const BATCH_CHUNKS = 64;

/** Sectors in a chunk. */
export const CHUNK_SECTORS = 8;
