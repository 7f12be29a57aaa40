/**
 * A disk on a patterned origin in memory, for tests that do one thing to it.
 */
import { createMemoryDevice } from "../../../src/devices/mod.ts";
import { Disk } from "../../../src/disk/disk.ts";
import type { DiskOptions } from "../../../src/disk/disk_options.ts";
import { patternOf } from "../../../src/testing/mod.ts";
import { SECTOR_COUNT } from "./disk_model.ts";

/** What the origin holds. */
export const ORIGIN = new Uint8Array(patternOf(1, 0, SECTOR_COUNT));

/** The origin. */
export function memoryOrigin(content = ORIGIN) {
  return createMemoryDevice({ name: "origin", sectorCount: content.length / 512, content });
}

/** Opens a disk on the origin, in memory unless said. */
export function openDisk(options: Partial<DiskOptions> = {}): Promise<Disk> {
  return Disk.open("test", { origin: memoryOrigin(), storage: "memory", ...options });
}

/** Contents with a write in them. */
export function withWrite(
  base: Uint8Array<ArrayBuffer>,
  seed: number,
  sector: number,
  count: number,
): Uint8Array<ArrayBuffer> {
  const next = base.slice();
  next.set(patternOf(seed, sector, count), sector * 512);
  return next;
}
