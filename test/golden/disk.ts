/**
 * The recorded machine's disks, in memory: bytes to look at, a device to use, and a trace of what
 * was asked of it.
 *
 * They are as the recorded ones were: a discard makes sectors read as zeroes.
 */
import { checked } from "../../src/block/checked.ts";
import type { SyncBlockDevice } from "../../src/block/device.ts";
import { bytesToSectors, SECTOR_BYTES, sectorsToBytes } from "../../src/block/units.ts";
import { fillP1 } from "./patterns.ts";
import type { DiskSpec } from "./vector.ts";

/** A request that reached a disk. */
export interface Request {
  disk: string;
  kind: "read" | "write" | "zero" | "discard" | "flush";
  sector: number;
  sectorCount: number;
  fua: boolean;
}

/** A disk. */
export interface MemoryDisk {
  bytes: Uint8Array;
  device: SyncBlockDevice;
}

/**
 * The contents a disk begins with.
 *
 * @param spec From the vector.
 */
export function makeContents(spec: DiskSpec): Uint8Array {
  const bytes = new Uint8Array(sectorsToBytes(spec.sectors));
  for (const { at = 0, count = spec.sectors - at, p1, byte, hex } of spec.init) {
    const stretch = bytes.subarray(sectorsToBytes(at), sectorsToBytes(at + count));
    if (p1 !== undefined) fillP1(stretch, at, p1);
    else if (byte !== undefined) stretch.fill(byte);
    else if (hex !== undefined) stretch.set(parseHex(hex));
  }
  return bytes;
}

/**
 * Reads hexadecimal digits.
 *
 * @param hex Two digits for each byte.
 */
export function parseHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}

/**
 * Makes a disk.
 *
 * @param name Its name.
 * @param bytes Its contents, which it keeps.
 * @param blockBytes Bytes in a logical block.
 * @param onRequest Told of every request before it is done.
 */
export function makeDisk(
  name: string,
  bytes: Uint8Array,
  blockBytes: number,
  onRequest: (request: Request) => void,
): MemoryDisk {
  const zero = (sector: number, count: number) =>
    void bytes.fill(0, sectorsToBytes(sector), sectorsToBytes(sector + count));
  const tell = (kind: Request["kind"], sector: number, sectorCount: number, fua = false) =>
    onRequest({ disk: name, kind, sector, sectorCount, fua });
  const device = checked({
    name,
    sectorCount: bytesToSectors(bytes.length),
    limits: { logicalSectors: blockBytes / SECTOR_BYTES },
    supports: { write: true, discard: true, discardZeroes: true, permanence: false },
    readSync(target, sector) {
      tell("read", sector, bytesToSectors(target.length));
      const at = sectorsToBytes(sector);
      target.set(bytes.subarray(at, at + target.length));
    },
    writeSync(source, sector, fua) {
      tell("write", sector, bytesToSectors(source.length), fua);
      bytes.set(source, sectorsToBytes(sector));
    },
    writeZeroesSync(sector, count, fua) {
      tell("zero", sector, count, fua);
      zero(sector, count);
    },
    discardSync(sector, count) {
      tell("discard", sector, count);
      zero(sector, count);
    },
    flushSync() {
      tell("flush", 0, 0);
    },
    closeSync() {},
  });
  return { bytes, device };
}
