/**
 * A small honest disk for the tests of the suite: two arrays of bytes, one of which survives a power
 * cut. It has every power a fixture can have, so no clause is skipped for want of one.
 *
 *     write ──> current ── flush, FUA ──> durable ── reopen ──> current
 *                  └── power cut: each sector kept or lost, by chance ──┘
 *
 * `breaks` is where a defect is put in: it changes the implementation, before the checked edge is put
 * around it, or the device behind that edge.
 */
import { checked, type SyncImplementation } from "../../src/block/checked.ts";
import type { BlockDevice, SyncBlockDevice } from "../../src/block/device.ts";
import { BlockDeviceError } from "../../src/block/errors.ts";
import { type DeviceFixture, Prng } from "../../src/testing/mod.ts";

export interface Medium {
  current: Uint8Array;
  durable: Uint8Array;
  readsFail: boolean;
}

type Changeable<Type> = { -readonly [Name in keyof Type]: Type[Name] };

export type Device = Changeable<SyncBlockDevice> & { grow(sectorCount: number): void };

export interface Breakage {
  /** Changes the implementation, whose arguments are checked. */
  inner?(implementation: Changeable<SyncImplementation>, medium: Medium): void;
  /** Changes the device, as its users see it. */
  outer?(device: Device, medium: Medium): void;
}

/** A breakage with a name. */
export interface Defect extends Breakage {
  /** What the device does wrong; it ends the sentence "a device that …". */
  readonly defect: string;
  /** The beginning of the law it breaks. */
  readonly caughtBy: string;
  /** The sizes it is tried with, where the usual ones would not do. */
  readonly sectorCounts?: readonly number[];
}

function bytesOf(sectors: number): number {
  return sectors * 512;
}

function implementationOver(medium: Medium): Changeable<SyncImplementation> {
  return {
    name: "ramdisk",
    get sectorCount() {
      return medium.current.length / 512;
    },
    supports: { write: true, discard: true, discardZeroes: true, permanence: true },
    readSync(target, sector) {
      if (medium.readsFail) throw new BlockDeviceError("EIO", "Cannot read: the medium is bad");
      target.set(medium.current.subarray(bytesOf(sector), bytesOf(sector) + target.length));
    },
    writeSync(source, sector, fua) {
      medium.current.set(source, bytesOf(sector));
      if (fua) medium.durable.set(source, bytesOf(sector));
    },
    discardSync(sector, sectorCount) {
      medium.current.fill(0, bytesOf(sector), bytesOf(sector + sectorCount));
    },
    flushSync: () => medium.durable.set(medium.current),
    closeSync() {},
  };
}

/** A plain object with a device's methods, so that a defect can replace any of them. */
function changeable(device: SyncBlockDevice, medium: Medium): Device {
  return {
    name: device.name,
    get sectorCount() {
      return device.sectorCount;
    },
    limits: device.limits,
    supports: device.supports,
    read: (target, sector) => device.read(target, sector),
    write: (source, sector, options) => device.write(source, sector, options),
    writeZeroes: (sector, count, options) => device.writeZeroes(sector, count, options),
    discard: (sector, count) => device.discard(sector, count),
    flush: () => device.flush(),
    close: () => device.close(),
    readSync: (target, sector) => device.readSync(target, sector),
    writeSync: (source, sector, options) => device.writeSync(source, sector, options),
    writeZeroesSync: (sector, count, options) => device.writeZeroesSync(sector, count, options),
    discardSync: (sector, count) => device.discardSync(sector, count),
    flushSync: () => device.flushSync(),
    closeSync: () => device.closeSync(),
    [Symbol.dispose]: () => device.closeSync(),
    [Symbol.asyncDispose]: () => device.close(),
    grow(sectorCount) {
      if (!(Number.isInteger(sectorCount) && sectorCount >= device.sectorCount)) {
        throw new BlockDeviceError("EINVAL", `Cannot grow to ${sectorCount} sectors`);
      }
      if (sectorCount > 2 ** 32) throw new BlockDeviceError("EINVAL", "Cannot grow so much");
      for (const name of ["current", "durable"] as const) {
        const larger = new Uint8Array(bytesOf(sectorCount));
        larger.set(medium[name]);
        medium[name] = larger;
      }
    },
  };
}

export function createRamdisk(sectorCount: number, breaks: Breakage = {}): DeviceFixture {
  const medium: Medium = {
    current: new Uint8Array(bytesOf(sectorCount)),
    durable: new Uint8Array(bytesOf(sectorCount)),
    readsFail: false,
  };
  const open = (): BlockDevice => {
    const implementation = implementationOver(medium);
    breaks.inner?.(implementation, medium);
    const device = changeable(checked(implementation), medium);
    breaks.outer?.(device, medium);
    return device;
  };
  return {
    device: open(),
    reopen() {
      medium.current.set(medium.durable);
      return open();
    },
    cutPower() {
      const prng = Prng.fromSeed(sectorCount);
      for (let from = 0; from < medium.current.length; from += 512) {
        const isKept = prng.bool();
        const kept = (isKept ? medium.current : medium.durable).slice(from, from + 512);
        medium.durable.set(kept, from);
      }
      medium.current.set(medium.durable);
      return open();
    },
    failReads: () => void (medium.readsFail = true),
  };
}
