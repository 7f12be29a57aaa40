import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import process from "node:process";
import { describe, expect, test } from "vitest";
import { SECTORS_MAX } from "../../../src/block/units.ts";
import { openFileDevice } from "../../../src/devices/file.ts";
import { nodeFileIo } from "../../../src/devices/file_io.ts";
import { patternOf, verifySectors } from "../../../src/testing/mod.ts";
import { ioWith, systemError, temporaryPath } from "./temporary.ts";

test("sector n lies at byte 512 n, and nothing else is in the file", () => {
  const path = temporaryPath();
  const device = openFileDevice(path, { create: { sectorCount: 5 } });
  device.writeSync(patternOf(1, 2, 2), 2);
  device.closeSync();
  const expected = new Uint8Array(5 * 512);
  expected.set(patternOf(1, 2, 2), 2 * 512);
  verifySectors(readFileSync(path), expected, 0, "the file");
});

test("a file that was just made is sparse", () => {
  const path = temporaryPath();
  const device = openFileDevice(path, { create: { sectorCount: 2 ** 31 } });
  expect(device.sectorCount).toBe(2 ** 31);
  const sector = patternOf(1, 2 ** 31 - 1, 1);
  device.writeSync(sector, 2 ** 31 - 1);
  const target = new Uint8Array(512);
  device.readSync(target, 2 ** 31 - 1);
  verifySectors(target, sector, 2 ** 31 - 1, "the last sector of a tebibyte");
  device.closeSync();
  expect(statSync(path).blocks * 512).toBeLessThan(2 ** 20);
});

test("an empty file is a device of no sectors", () => {
  const path = temporaryPath();
  writeFileSync(path, "");
  const device = openFileDevice(path);
  expect(device.sectorCount).toBe(0);
  device.closeSync();
});

describe("a file that is no whole number of sectors", () => {
  test("is refused, and told how it could be opened", () => {
    const path = temporaryPath();
    writeFileSync(path, new Uint8Array(1000));
    expect(() => openFileDevice(path, { name: "disk" })).toThrow(expect.objectContaining({
      code: "EINVAL",
      message: 'Cannot open "disk": its 1000 bytes are no whole number of sectors, ' +
        "488 are left over; want a multiple of 512",
    }));
    openFileDevice(path, { roundDown: true }).closeSync(); // The refused one left no lock behind.
  });

  test("keeps its tail when it is opened all the same", () => {
    const path = temporaryPath();
    writeFileSync(path, new Uint8Array(1000).fill(0xee));
    const device = openFileDevice(path, { roundDown: true });
    expect(device.sectorCount).toBe(1);
    device.writeZeroesSync(0, 1);
    device.closeSync();
    const expected = new Uint8Array(1000).fill(0xee, 512);
    expect(readFileSync(path).equals(expected)).toBe(true);
  });
});

describe("what cannot be opened", () => {
  test("is named, with the system's reason", () => {
    const path = temporaryPath();
    expect(() => openFileDevice(path)).toThrow(expect.objectContaining({
      code: "ENOENT",
      message: expect.stringContaining(`Cannot open "${path}": `),
    }));
    openFileDevice(path, { create: { sectorCount: 1 } }).closeSync();
    expect(() => openFileDevice(path, { create: { sectorCount: 1 } })).toThrow(
      expect.objectContaining({
        code: "EEXIST",
        message: expect.stringContaining(`Cannot create "${path}": `),
      }),
    );
  });

  const isRoot = process.getuid?.() === 0;
  test.runIf(!isRoot)("for want of permission is EPERM", () => {
    const path = temporaryPath();
    openFileDevice(path, { create: { sectorCount: 1 } }).closeSync();
    chmodSync(path, 0o400);
    expect(() => openFileDevice(path)).toThrow(expect.objectContaining({ code: "EPERM" }));
    openFileDevice(path, { readOnly: true }).closeSync();
  });

  test("is a file whose size is none", () => {
    for (const sectorCount of [-1, 0.5, NaN, SECTORS_MAX + 1]) {
      const path = temporaryPath();
      expect(() => openFileDevice(path, { create: { sectorCount } })).toThrow(RangeError);
      expect(existsSync(path)).toBe(false);
    }
  });

  test("because it cannot be made whole is not left lying about", () => {
    for (const verb of ["resize", "sync"] as const) {
      const path = temporaryPath();
      const io = ioWith({
        [verb]() {
          throw systemError("ENOSPC");
        },
      });
      expect(() => openFileDevice(path, { io, create: { sectorCount: 1 } })).toThrow(
        expect.objectContaining({ code: "ENOSPC" }),
      );
      expect(existsSync(path)).toBe(false);
    }
  });
});

test("every way to fail to open closes the file again, and lets go of the lock", () => {
  const path = temporaryPath();
  openFileDevice(path, { create: { sectorCount: 1 } }).closeSync();
  const log: string[] = [];
  const io = ioWith({
    open(...request) {
      log.push("open");
      return nodeFileIo.open(...request);
    },
    close(file) {
      log.push("close");
      nodeFileIo.close(file);
    },
    size() {
      throw systemError("EIO");
    },
  });
  const lockFile = () => {
    log.push("lock");
    return { release: () => void log.push("release") };
  };
  expect(() => openFileDevice(path, { io, lockFile })).toThrow();
  expect(log).toEqual(["open", "lock", "close", "release"]);
  log.length = 0;
  const isHeld = () => {
    throw systemError("EBUSY");
  };
  expect(() => openFileDevice(path, { io, lockFile: isHeld })).toThrow();
  expect(log).toEqual(["open", "close"]);
});

test("a read-only device changes nothing, and has nothing to flush", async () => {
  const path = temporaryPath();
  writeFileSync(path, patternOf(1, 0, 4));
  const io = ioWith({
    sync() {
      throw systemError("EBADF");
    },
  });
  const device = openFileDevice(path, { readOnly: true, io });
  expect(device.supports.write).toBe(false);
  device.flushSync();
  await device.flush();
  expect(() => device.grow(8)).toThrow(expect.objectContaining({ code: "EROFS" }));
  device.closeSync();
  verifySectors(readFileSync(path), patternOf(1, 0, 4), 0, "the file");
});
