/** A mapper over three memory disks, and what it has logged. */
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { Mapper } from "../../../src/mapper/mapper.ts";
import type { TargetType } from "../../../src/mapper/table/target_types.ts";

/** Sectors of a disk. */
export const DISK_SECTORS = 4096;

/**
 * Makes a mapper with the disks vda, vdb and the read-only vdr.
 *
 * @param types Additional target types.
 */
export function createRig(types: TargetType[] = []) {
  const log: string[] = [];
  const disk = (name: string, number: string, readOnly = false) => ({
    name,
    number,
    device: createMemoryDevice({ name, sectorCount: DISK_SECTORS, readOnly }),
  });
  const vda = disk("vda", "254:0");
  const vdb = disk("vdb", "254:16");
  const vdr = disk("vdr", "254:32", true);
  const mapper = new Mapper({
    disks: [vda, vdb, vdr],
    types,
    log: (line) => log.push(line),
  });
  return { mapper, log, vda: vda.device, vdb: vdb.device, vdr: vdr.device };
}

/** Sectors of one byte. */
export function filled(sectorCount: number, byte: number): Uint8Array {
  return new Uint8Array(sectorCount * 512).fill(byte);
}
