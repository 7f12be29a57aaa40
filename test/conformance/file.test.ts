import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import { type FileDeviceOptions, openFileDevice } from "../../src/devices/file.ts";
import { announceLock } from "../../src/devices/file_lock_announced.ts";
import { type FileIo, nodeFileIo } from "../../src/devices/file_io.ts";
import { type DeviceFixture, deviceSuite } from "../../src/testing/mod.ts";

/** A file system in memory where there is one: the suite makes hundreds of files and syncs them. */
const QUICK_DIRECTORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

function temporaryDirectory(parent = QUICK_DIRECTORY): string {
  return mkdtempSync(join(parent, "cowdisk-"));
}

/** The system's file I/O, but no transfer moves more than some bytes, or what it was asked. */
function shortTransfers(byteCountMax: number): FileIo {
  return {
    ...nodeFileIo,
    read: (file, target, from, byteCount, position) =>
      nodeFileIo.read(file, target, from, Math.min(byteCount, byteCountMax), position),
    write: (file, source, from, byteCount, position) =>
      nodeFileIo.write(file, source, from, Math.min(byteCount, byteCountMax), position),
  };
}

function fixture(
  sectorCount: number,
  options: FileDeviceOptions,
  parent?: string,
): DeviceFixture {
  const directory = temporaryDirectory(parent);
  const path = join(directory, "disk.img");
  let readsFail = false;
  const io = options.io ?? nodeFileIo;
  const failing: FileIo = {
    ...io,
    read(...transfer) {
      if (readsFail) throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
      return io.read(...transfer);
    },
  };
  return {
    device: openFileDevice(path, { ...options, io: failing, create: { sectorCount } }),
    reopen: () => openFileDevice(path, options),
    failReads: () => void (readsFail = true),
    cleanup: () => rmSync(directory, { recursive: true }),
  };
}

describe("a file device", async () => {
  await deviceSuite({ test, create: (sectorCount) => fixture(sectorCount, {}) });
});

describe("a file device on the disk that temporary files are on", async () => {
  await deviceSuite({
    test,
    create: (sectorCount) => fixture(sectorCount, {}, tmpdir()),
    sectorCounts: [7],
  });
});

describe("a file device on a system that transfers 700 bytes at most", async () => {
  const io = shortTransfers(700);
  await deviceSuite({ test, create: (sectorCount) => fixture(sectorCount, { io }) });
});

describe("a file device with an announced lock", async () => {
  await deviceSuite({
    test,
    create: (sectorCount) => fixture(sectorCount, { lockFile: announceLock }),
    sectorCounts: [7],
  });
});

describe("a file opened for reading", async () => {
  await deviceSuite({
    test,
    create(sectorCount) {
      const directory = temporaryDirectory();
      const path = join(directory, "disk.img");
      openFileDevice(path, { create: { sectorCount } }).closeSync();
      return {
        device: openFileDevice(path, { readOnly: true }),
        cleanup: () => rmSync(directory, { recursive: true }),
      };
    },
  });
});
