/** Defects in what is left after a flush, a power cut, a failure or growth. */
import { BlockDeviceError } from "../../../src/block/errors.ts";
import type { Defect } from "../ramdisk.ts";

export const durabilityDefects: readonly Defect[] = [
  {
    defect: "loses the tail of its bitmap of dirty sectors",
    caughtBy: "what was flushed is there after the device was closed and opened again",
    inner(implementation, medium) {
      implementation.flushSync = () => {
        const trackedSectors = (medium.current.length / 512 >> 3) * 8;
        medium.durable.set(medium.current.subarray(0, trackedSectors * 512));
      };
    },
  },
  {
    defect: "does not make zeroes durable with FUA",
    caughtBy: "what was written with FUA survives a power cut",
    inner(implementation, medium) {
      implementation.writeZeroesSync = (sector, count) => {
        medium.current.fill(0, sector * 512, (sector + count) * 512);
      };
    },
  },
  {
    defect: "shows its old bytes when it grows",
    caughtBy: "sectors gained by growing read as zeroes",
    outer(device, medium) {
      const { grow } = device;
      device.grow = (sectorCount) => {
        const end = medium.current.length;
        grow(sectorCount);
        medium.current.fill(0xdd, end);
      };
    },
  },
  {
    defect: "answers a failed read with zeroes",
    caughtBy: "a read that the medium fails is refused",
    inner(implementation, medium) {
      const { readSync } = implementation;
      implementation.readSync = (target, sector) => {
        if (medium.readsFail) target.fill(0);
        else readSync(target, sector);
      };
    },
  },
  {
    defect: "acknowledges FUA before the write is durable",
    caughtBy: "what was written with FUA survives a power cut",
    inner(implementation) {
      const { writeSync } = implementation;
      implementation.writeSync = (source, sector) => writeSync(source, sector, false);
    },
  },
  {
    defect: "acknowledges a flush that it has not done",
    caughtBy: "what was flushed survives a power cut",
    inner(implementation) {
      implementation.flushSync = () => {};
    },
  },
  {
    defect: "makes its metadata durable before the data",
    caughtBy: "after a power cut a sector never flushed is as before the write or as after it",
    inner(implementation, medium) {
      const { writeSync } = implementation;
      implementation.writeSync = (source, sector, fua) => {
        // The sector's new place is on record, and there is nothing in it yet.
        medium.durable.fill(0, sector * 512, sector * 512 + source.length);
        writeSync(source, sector, fua);
      };
    },
  },
  {
    defect: "fails a flush when there is nothing to flush",
    caughtBy: "flush succeeds, twice in a row and on a device never written",
    inner(implementation) {
      const { writeSync, flushSync } = implementation;
      let isDirty = false;
      implementation.writeSync = (source, sector, fua) => {
        isDirty = true;
        writeSync(source, sector, fua);
      };
      implementation.flushSync = () => {
        if (!isDirty) throw new BlockDeviceError("EIO", "Cannot flush: nothing is dirty");
        isDirty = false;
        flushSync();
      };
    },
  },
  {
    defect: "can be made smaller",
    caughtBy: "a device does not grow smaller",
    outer(device, medium) {
      const { grow } = device;
      device.grow = (sectorCount) => {
        if (sectorCount === device.sectorCount - 1) {
          medium.current = medium.current.subarray(0, sectorCount * 512);
        } else grow(sectorCount);
      };
    },
  },
];
