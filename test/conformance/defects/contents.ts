/** Defects in what a device holds after writes, zeroes and discards. */
import type { Defect } from "../ramdisk.ts";

export const contentDefects: readonly Defect[] = [
  {
    defect: "discards whole chunks only",
    caughtBy: "discarded sectors read as zeroes, parts of chunks included",
    inner(implementation) {
      const { discardSync } = implementation;
      implementation.discardSync = (sector, count) => {
        if (sector % 8 === 0 && count % 8 === 0) discardSync?.(sector, count);
      };
    },
  },
  {
    defect: "discards the neighbours in the same chunk",
    caughtBy: "a discard leaves its neighbours alone",
    inner(implementation, medium) {
      implementation.discardSync = (sector, count) => {
        const first = Math.floor(sector / 8) * 8;
        medium.current.fill(0, first * 512, Math.ceil((sector + count) / 8) * 8 * 512);
      };
    },
  },
  {
    defect: "zeroes no more than 64 sectors of a request",
    caughtBy: "zeroes are written to exactly the sectors asked for",
    inner(implementation, medium) {
      implementation.writeZeroesSync = (sector, count) => {
        medium.current.fill(0, sector * 512, (sector + Math.min(count, 64)) * 512);
      };
    },
  },
  {
    defect: "writes whole chunks, whatever was in them",
    caughtBy: "a write changes its own sectors and not their neighbours",
    inner(implementation, medium) {
      const { writeSync } = implementation;
      implementation.writeSync = (source, sector, fua) => {
        const first = Math.floor(sector / 8) * 8;
        medium.current.fill(0, first * 512, (first + 8) * 512);
        writeSync(source, sector, fua);
      };
    },
  },
  {
    defect: "reverses the pieces of a large read",
    caughtBy: "what is read in pieces is what is read at once",
    inner(implementation, medium) {
      implementation.readSync = (target, sector) => {
        const from = sector * 512;
        const half = Math.floor(target.length / 1024) * 512;
        if (target.length < 65536) {
          return target.set(medium.current.subarray(from, from + target.length));
        }
        target.set(medium.current.subarray(from + half, from + target.length), 0);
        target.set(medium.current.subarray(from, from + half), target.length - half);
      };
    },
  },
  {
    defect: "keeps the first of two writes",
    caughtBy: "sectors can be written again",
    inner(implementation, medium) {
      const writtenSectors = new Set<number>();
      implementation.writeSync = (source, sector) => {
        for (let at = 0; at < source.length; at += 512) {
          if (writtenSectors.has(sector + at / 512)) continue;
          writtenSectors.add(sector + at / 512);
          medium.current.set(source.subarray(at, at + 512), sector * 512 + at);
        }
      };
    },
  },
];
