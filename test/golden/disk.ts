/**
 * The recorded machine's disks: what they begin with, where they are kept, and a trace of what is
 * asked of them.
 *
 * They are as the recorded ones were: a discard makes sectors read as zeroes.
 */
import { checked } from "../../src/block/checked.ts";
import { type BlockDevice, isSyncDevice, type SyncBlockDevice } from "../../src/block/device.ts";
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

/** Where disks are kept, also while the machine is off. */
export interface DiskShelf {
  /**
   * Opens a disk as it was left when it was closed; a new one is zeroes.
   *
   * @param name Its name.
   * @param sectorCount Its size.
   */
  open(name: string, sectorCount: number): Promise<BlockDevice>;
}

/** Keeps disks in memory. */
export function memoryShelf(): DiskShelf {
  const contents = new Map<string, Uint8Array>();
  return {
    open(name, sectorCount) {
      const bytes = contents.get(name) ?? new Uint8Array(sectorsToBytes(sectorCount));
      contents.set(name, bytes);
      return Promise.resolve(overBytes(name, bytes));
    },
  };
}

function overBytes(name: string, bytes: Uint8Array): SyncBlockDevice {
  const zero = (sector: number, count: number) =>
    void bytes.fill(0, sectorsToBytes(sector), sectorsToBytes(sector + count));
  return checked({
    name,
    sectorCount: bytesToSectors(bytes.length),
    supports: { write: true, discard: true, discardZeroes: true, permanence: false },
    readSync(target, sector) {
      const at = sectorsToBytes(sector);
      target.set(bytes.subarray(at, at + target.length));
    },
    writeSync: (source, sector) => bytes.set(source, sectorsToBytes(sector)),
    writeZeroesSync: zero,
    discardSync: zero,
    flushSync: () => {},
    closeSync: () => {},
  });
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
 * Looks at what is asked of a disk.
 *
 * @param disk The disk; discards on it make zeroes.
 * @param name Its name.
 * @param blockBytes Bytes in a logical block of the machine's disk.
 * @param onRequest Told of every request before it is done.
 * @returns A device for the machine, with the faces of the disk.
 */
export function traced(
  disk: BlockDevice,
  name: string,
  blockBytes: number,
  onRequest: (request: Request) => void,
): BlockDevice {
  const tell = (kind: Request["kind"], sector: number, sectorCount: number, fua = false) =>
    onRequest({ disk: name, kind, sector, sectorCount, fua });
  const sectorsOf = (bytes: Uint8Array) => bytesToSectors(bytes.length);
  const facts = {
    name,
    sectorCount: disk.sectorCount,
    limits: { logicalSectors: blockBytes / SECTOR_BYTES },
    supports: { write: true, discard: true, discardZeroes: true, permanence: false },
  };
  if (!isSyncDevice(disk)) {
    return checked({
      ...facts,
      read(target, sector) {
        tell("read", sector, sectorsOf(target));
        return disk.read(target, sector);
      },
      write(source, sector, fua) {
        tell("write", sector, sectorsOf(source), fua);
        return disk.write(source, sector, { fua });
      },
      writeZeroes(sector, count, fua) {
        tell("zero", sector, count, fua);
        return disk.writeZeroes(sector, count, { fua });
      },
      discard(sector, count) {
        tell("discard", sector, count);
        return disk.discard(sector, count);
      },
      flush() {
        tell("flush", 0, 0);
        return disk.flush();
      },
      close: () => Promise.resolve(),
    });
  }
  return checked({
    ...facts,
    readSync(target, sector) {
      tell("read", sector, sectorsOf(target));
      disk.readSync(target, sector);
    },
    writeSync(source, sector, fua) {
      tell("write", sector, sectorsOf(source), fua);
      disk.writeSync(source, sector, { fua });
    },
    writeZeroesSync(sector, count, fua) {
      tell("zero", sector, count, fua);
      disk.writeZeroesSync(sector, count, { fua });
    },
    discardSync(sector, count) {
      tell("discard", sector, count);
      disk.discardSync(sector, count);
    },
    flushSync() {
      tell("flush", 0, 0);
      disk.flushSync();
    },
    closeSync: () => {},
  });
}
