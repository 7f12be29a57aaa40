/** Defects in which requests a device accepts. */
import { BlockDeviceError } from "../../../src/block/errors.ts";
import type { Defect } from "../ramdisk.ts";

export const requestDefects: readonly Defect[] = [
  {
    defect: "swallows a discard that it does not support",
    caughtBy: "a device that does not support discard refuses it",
    inner(implementation) {
      implementation.supports = {
        ...implementation.supports,
        discard: false,
        discardZeroes: false,
      };
    },
    outer(device) {
      device.discard = () => Promise.resolve();
    },
  },
  {
    defect: "clips a request at its end",
    caughtBy: "a request past the end is refused whole",
    outer(device) {
      const { read } = device;
      device.read = (target, sector) => {
        const left = Math.max(0, device.sectorCount - sector) * 512;
        return read(target.subarray(0, left), Math.min(sector, device.sectorCount));
      };
    },
  },
  {
    defect: "writes what fits before it refuses what does not",
    caughtBy: "a request past the end is refused whole",
    outer(device, medium) {
      const { write } = device;
      device.write = (source, sector, options) => {
        const left = Math.max(0, medium.current.length - sector * 512);
        medium.current.set(source.subarray(0, left), Math.min(sector * 512, medium.current.length));
        return write(source, sector, options);
      };
    },
  },
  {
    defect: "does not know its last sector",
    caughtBy: "the last sector can be used like any other",
    outer(device) {
      const { read } = device;
      device.read = (target, sector) => {
        if (sector === 0 || sector + target.length / 512 < device.sectorCount) {
          return read(target, sector);
        }
        return Promise.reject(new BlockDeviceError("EINVAL", "Cannot read past the end"));
      };
    },
  },
  {
    defect: "counts sectors in 32 bits",
    caughtBy: "a sector that is no whole number from 0 on is refused",
    outer(device) {
      const { read } = device;
      device.read = (target, sector) => read(target, sector >>> 0);
    },
  },
  {
    defect: "rounds a count of sectors",
    caughtBy: "a count of sectors that is no whole number from 0 on is refused",
    outer(device) {
      const { writeZeroes } = device;
      device.writeZeroes = (sector, count, options) =>
        writeZeroes(sector, Math.max(0, Math.floor(count)), options);
    },
  },
  {
    defect: "rounds a buffer down to whole sectors",
    caughtBy: "a buffer that is no whole number of sectors is refused",
    outer(device) {
      const { write } = device;
      device.write = (source, sector, options) =>
        write(source.subarray(0, Math.floor(source.length / 512) * 512), sector, options);
    },
  },
  {
    defect: "refuses a request of no sectors",
    caughtBy: "a request of no sectors succeeds",
    outer(device) {
      const { read } = device;
      device.read = (target, sector) =>
        target.length > 0
          ? read(target, sector)
          : Promise.reject(new BlockDeviceError("EINVAL", "Cannot read nothing"));
    },
  },
  {
    defect: "is read-only and is written all the same",
    caughtBy: "a read-only device refuses to be changed",
    inner(implementation) {
      implementation.supports = {
        write: false,
        discard: false,
        discardZeroes: false,
        permanence: true,
      };
    },
    outer(device, medium) {
      device.write = (source, sector) => Promise.resolve(medium.current.set(source, sector * 512));
    },
  },
  {
    defect: "does not care about its logical block",
    caughtBy: "a request that is not aligned to the logical block is refused",
    sectorCounts: [8, 152],
    inner(implementation) {
      implementation.limits = { logicalSectors: 8 };
    },
    outer(device, medium) {
      device.read = (target, sector) => {
        const bytes = medium.current.subarray(sector * 512, sector * 512 + target.length);
        return Promise.resolve(target.set(bytes));
      };
    },
  },
];
