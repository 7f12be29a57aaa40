/** Defects in what a device does with its callers' buffers. */
import type { Defect } from "../ramdisk.ts";

export const bufferDefects: readonly Defect[] = [
  {
    defect: "keeps the caller's buffer instead of its bytes",
    caughtBy: "what the caller does to a buffer after a write is not seen",
    inner(implementation, medium) {
      const kept: [Uint8Array, number][] = [];
      const { readSync } = implementation;
      implementation.writeSync = (source, sector) => void kept.push([source, sector]);
      implementation.readSync = (target, sector) => {
        for (const [source, at] of kept) medium.current.set(source, at * 512);
        readSync(target, sector);
      };
    },
  },
  {
    defect: "takes the bytes a moment after the call",
    caughtBy: "a write takes the bytes at the call",
    outer(device) {
      const { write } = device;
      device.write = async (source, sector, options) => {
        await null;
        await write(source, sector, options);
      };
    },
  },
  {
    defect: "encrypts the caller's buffer in place",
    caughtBy: "a write leaves its buffer as it was",
    inner(implementation) {
      const { readSync, writeSync } = implementation;
      const flip = (bytes: Uint8Array) =>
        bytes.forEach((byte, index) => bytes[index] = byte ^ 0xff);
      implementation.writeSync = (source, sector, fua) => {
        flip(source);
        writeSync(source, sector, fua);
      };
      implementation.readSync = (target, sector) => {
        readSync(target, sector);
        flip(target);
      };
    },
  },
  {
    defect: "takes a view's buffer for the view",
    caughtBy: "a request touches its view of a buffer",
    inner(implementation, medium) {
      implementation.readSync = (target, sector) => {
        const from = sector * 512;
        const bytes = medium.current.subarray(from, from + target.length);
        new Uint8Array(target.buffer).set(bytes);
      };
    },
  },
  {
    defect: "leaves the second half of a read as it was",
    caughtBy: "a read fills the whole of its target",
    inner(implementation, medium) {
      implementation.readSync = (target, sector) => {
        const from = sector * 512;
        target.set(medium.current.subarray(from, from + target.length / 2));
      };
    },
  },
];
