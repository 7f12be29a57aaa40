/** Origins that are out of the ordinary. */
import { checked } from "../../../src/block/checked.ts";
import type { BlockDevice, SyncBlockDevice } from "../../../src/block/device.ts";
import { createMemoryDevice } from "../../../src/devices/mod.ts";

/** An origin of 160 sectors in blocks of some. */
export function originWithBlocks(logicalSectors: number): SyncBlockDevice {
  const memory = createMemoryDevice({ sectorCount: 160 });
  return checked({
    name: "blocks",
    sectorCount: 160,
    limits: { logicalSectors, preferredSectors: logicalSectors },
    supports: memory.supports,
    readSync: (target, sector) => memory.readSync(target, sector),
    writeSync: (source, sector) => memory.writeSync(source, sector),
    flushSync() {},
    closeSync() {},
  });
}

/** An origin that has to be waited for. */
export function slowOrigin(content: Uint8Array): BlockDevice {
  const sectorCount = content.length / 512;
  const memory = createMemoryDevice({ sectorCount, content });
  return checked({
    name: "slow",
    sectorCount,
    supports: { write: false, discard: false, discardZeroes: false, permanence: true },
    read: async (target, sector) => {
      await Promise.resolve();
      memory.readSync(target, sector);
    },
    write: () => Promise.resolve(),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  });
}
