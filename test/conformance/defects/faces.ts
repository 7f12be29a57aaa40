/** Defects in the form of a device's methods, in requests under way together, and in its end. */
import { BlockDeviceError } from "../../../src/block/errors.ts";
import type { Defect } from "../ramdisk.ts";

export const faceDefects: readonly Defect[] = [
  {
    defect: "answers at once when it has the sector at hand",
    caughtBy: "an asynchronous method always returns a promise",
    outer(device) {
      const { read } = device;
      let isAtHand = false;
      device.read = (target, sector) => {
        if (isAtHand) return device.readSync(target, sector) as unknown as Promise<void>;
        isAtHand = true;
        return read(target, sector);
      };
    },
  },
  {
    defect: "throws at an asynchronous call",
    caughtBy: "an asynchronous method always returns a promise",
    outer(device) {
      device.writeZeroes = (sector, count, options) =>
        Promise.resolve(device.writeZeroesSync(sector, count, options));
    },
  },
  {
    defect: "returns a promise from a synchronous method",
    caughtBy: "a synchronous method never returns a promise",
    outer(device) {
      const { flushSync } = device;
      device.flushSync = () => Promise.resolve(flushSync()) as unknown as void;
    },
  },
  {
    defect: "says it can be used at once, and cannot",
    caughtBy: "a device has the synchronous methods if and only if it says so",
    outer(device) {
      delete (device as Partial<typeof device>).discardSync;
    },
  },
  {
    defect: "changes what it supports",
    caughtBy: "what a device supports is declared whole, and does not change",
    outer(device) {
      device.supports = { ...device.supports };
    },
  },
  {
    defect: "has a cache for each of its faces",
    caughtBy: "both faces see the same sectors",
    outer(device) {
      const { readSync, writeSync } = device;
      const cache = new Map<number, Uint8Array>();
      device.writeSync = (source, sector, options) => {
        writeSync(source, sector, options);
        cache.set(sector, source.slice());
      };
      device.readSync = (target, sector) => {
        const cached = cache.get(sector);
        if (cached?.length === target.length) target.set(cached);
        else readSync(target, sector);
      };
    },
  },
  {
    defect: "uses one buffer for all requests under way",
    caughtBy: "many reads under way together each get their own sectors",
    outer(device) {
      const { read } = device;
      let shared = new Uint8Array(0);
      device.read = async (target, sector) => {
        shared = new Uint8Array(target.length);
        await read(shared, sector);
        await null;
        target.set(shared.subarray(0, target.length));
      };
    },
  },
  {
    defect: "writes a sector in halves that others come between",
    caughtBy: "writes that overlap under way together leave every sector as one of them left it",
    outer(device, medium) {
      const { write } = device;
      device.write = async (source, sector, options) => {
        const taken = source.slice();
        await write(source, sector, options);
        for (let tick = taken[4]!; tick < 9; tick++) await null; // The last comes first.
        for (let at = 256; at < taken.length; at += 512) {
          medium.current.set(taken.subarray(at, at + 256), sector * 512 + at);
        }
      };
    },
  },
  {
    defect: "acknowledges a write that is still on its way while others are",
    caughtBy: "a read that starts after a write has ended sees it",
    outer(device) {
      const { write } = device;
      let underWay = 0;
      const arrive = async (...request: Parameters<typeof write>) => {
        underWay++;
        for (let tick = 0; tick < 10; tick++) await null;
        await write(...request);
        underWay--;
      };
      device.write = async (source, sector, options) => {
        const arrival = arrive(source.slice(), sector, options);
        if (underWay === 1) await arrival;
        else arrival.catch(() => {});
      };
    },
  },
  {
    defect: "reads on after it was closed",
    caughtBy: "after close every request is refused",
    outer(device, medium) {
      device.read = (target, sector) =>
        Promise.resolve(
          target.set(medium.current.subarray(sector * 512, sector * 512 + target.length)),
        );
    },
  },
  {
    defect: "fails the second close",
    caughtBy: "closing twice is no mistake",
    outer(device) {
      const { close } = device;
      let isClosed = false;
      device.close = () => {
        if (isClosed) {
          return Promise.reject(new BlockDeviceError("ESHUTDOWN", "Cannot close again"));
        }
        isClosed = true;
        return close();
      };
    },
  },
  {
    defect: "stays open when it leaves its scope",
    caughtBy: "a device that leaves its scope is closed",
    outer(device) {
      device[Symbol.asyncDispose] = () => Promise.resolve();
    },
  },
  {
    defect: "stays open when it leaves its scope at once",
    caughtBy: "a device that leaves its scope is closed",
    outer(device) {
      device[Symbol.dispose] = () => {};
    },
  },
  {
    defect: "prefers requests of no size",
    caughtBy: "a device has a name, and sizes that are whole numbers",
    outer(device) {
      device.limits = Object.freeze({ ...device.limits, preferredSectors: 0 });
    },
  },
];
