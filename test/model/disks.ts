/**
 * The disks that stacks of the model are built from: memory devices, and plain ones of other manners.
 *
 * | kind | copies in the kernel | discards | logical block |
 * |---|---|---|---|
 * | memory | yes, as one step | zeroes | 1 sector |
 * | plain | no: every read and write is a step | refused | 1 sector |
 * | 4K | no | zeroes | 8 sectors |
 */
import { checked } from "../../src/block/checked.ts";
import type { BlockDevice, SyncBlockDevice } from "../../src/block/device.ts";
import type { Plan } from "../../src/block/plan.ts";
import { createMemoryDevice } from "../../src/devices/memory.ts";

/** Which manners a disk has. */
export type DiskKind = "memory" | "plain" | "4K";

/** A disk that can grow. */
export interface GrowingDisk {
  readonly device: BlockDevice;
  grow(sectorCount: number): void;
}

/** A disk that can be closed and found again. */
export interface KeptDisk extends GrowingDisk {
  /** Closes the device and opens another one on what is kept. */
  reopen(): Plan;
}

/** Makes disks in place of those in memory, for the asynchronous runner. */
export type CreateDisk = (
  kind: DiskKind,
  name: string,
  sectorCount: number,
) => Plan<KeptDisk>;

/** Makes a disk of zeroes. */
export function createDisk(
  kind: DiskKind,
  name: string,
  sectorCount: number,
): GrowingDisk & { readonly device: SyncBlockDevice } {
  if (kind === "memory") {
    const device = createMemoryDevice({ name, sectorCount });
    return { device, grow: (count) => device.grow(count) };
  }
  let bytes = new Uint8Array(sectorCount * 512);
  const range = (sector: number, count: number) =>
    bytes.subarray(sector * 512, (sector + count) * 512);
  const isLarge = kind === "4K";
  const device = checked({
    name,
    get sectorCount() {
      return bytes.length / 512;
    },
    limits: { logicalSectors: isLarge ? 8 : 1 },
    supports: { write: true, discard: isLarge, discardZeroes: isLarge, permanence: true },
    readSync: (target, sector) => target.set(range(sector, target.length / 512)),
    writeSync: (source, sector) => range(sector, source.length / 512).set(source),
    discardSync: (sector, count) => void range(sector, count).fill(0),
    flushSync: () => {},
    closeSync: () => {},
  });
  const grow = (count: number) => {
    const grown = new Uint8Array(count * 512);
    grown.set(bytes);
    bytes = grown;
  };
  return { device, grow };
}
