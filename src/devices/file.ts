/**
 * The file device: a disk in a regular file.
 *
 * Sector n lies at byte 512 × n; nothing else is in the file, so any tool can read it. Needs
 * `node:fs`, which Deno, Node and Bun have. Requests are performed at the call, on both faces, and
 * move bytes straight between the file and the caller's buffer.
 *
 * Durability: `flush` is fdatasync(2), `fua` is a write and an fdatasync. The asynchronous flush
 * does not hold up the caller's thread. Once a flush has failed, every later one fails too: the
 * system may have dropped what it could not write, and its next "done" would be a lie.
 *
 * Fails: the system's errors become `BlockDeviceError`s with the matching code and the error as
 * cause. A file that someone cut short under us fails with `EIO` where it is missing, unless a write
 * behind the cut has made a hole of it: only a lock that everyone respects prevents that. A file open
 * for writing is locked (`file_lock.ts`): the second opener gets `EBUSY`.
 *
 * @module
 */

import { checked } from "../block/checked.ts";
import type { SyncBlockDevice } from "../block/device.ts";
import { SECTOR_BYTES, SECTORS_MAX } from "../block/units.ts";
import { type FileIo, nodeFileIo, refusalOf } from "./file_io.ts";
import { type FileLock, lockFile, type LockMode } from "./file_lock.ts";
import { FileStorage } from "./file_storage.ts";
import { type GrowableDevice, isDeviceSize } from "./growable.ts";

export type { FileIo } from "./file_io.ts";
export type { FileLock, LockMode } from "./file_lock.ts";

/** What {@linkcode openFileDevice} is told. */
export interface FileDeviceOptions {
  /** Whether the file is only read. Then others may read it too. */
  readonly readOnly?: boolean;
  /** Makes the file, sparse and of this size; it must not be there yet. */
  readonly create?: { readonly sectorCount: number };
  /** A name for messages. Left out: the path. */
  readonly name?: string;
  /**
   * Whether the file is locked against others. Without it, two writers can ruin it.
   *
   * @default {true}
   */
  readonly lock?: boolean;
  /** Whether bytes behind the last whole sector are left alone. Otherwise such a file is refused. */
  readonly roundDown?: boolean;
  /** The system's file I/O. A seam for tests. */
  readonly io?: FileIo;
  /** How the file is locked. A seam for tests. */
  readonly lockFile?: (path: string, mode: LockMode) => FileLock;
}

/** Holds sectors in a file. */
export interface FileDevice extends SyncBlockDevice, GrowableDevice {
  /**
   * Asks the system for the file's size, and takes it over if the file was extended by someone else.
   *
   * @returns The size, in sectors.
   * @throws {BlockDeviceError} `EIO` when the file has become smaller.
   */
  refreshSize(): number;
}

/** Gives a file just made its size, and makes it durable; removes it when that fails. */
function makeWhole(path: string, io: FileIo, file: number, sectorCount: number): void {
  try {
    io.resize(file, sectorCount * SECTOR_BYTES);
    io.sync(file);
    io.syncName(path);
  } catch (error) {
    io.close(file);
    io.remove(path);
    throw error;
  }
}

/**
 * Opens a disk in a file, or makes one.
 *
 * The device can grow while it is open, by `grow`, or by `refreshSize` after someone else has
 * extended the file. Zeroes are written; a hole is left only by `create` and `grow`.
 *
 * @param path The file.
 * @param options How it is opened.
 * @returns The device. Close it to give the file and its lock back.
 * @throws {RangeError} When `create.sectorCount` is no size.
 * @throws {BlockDeviceError} `ENOENT`, `EEXIST` (with `create`), `EPERM`, `EBUSY` when someone else
 * has the file open, `EINVAL` when it is no regular file or no whole number of sectors, `ENOSPC`.
 *
 * @example Making a disk, and finding it again
 * ```ts
 * import { openFileDevice } from "cowdisk/file";
 * import { equal } from "node:assert/strict";
 * import { mkdtempSync, rmSync } from "node:fs";
 *
 * const directory = mkdtempSync("cowdisk-example-");
 * try {
 *   const made = openFileDevice(`${directory}/disk.img`, { create: { sectorCount: 2048 } });
 *   made.writeSync(new Uint8Array(512).fill(7), 2047);
 *   made.flushSync();
 *   made.closeSync();
 *
 *   const found = openFileDevice(`${directory}/disk.img`, { readOnly: true });
 *   const sector = new Uint8Array(512);
 *   found.readSync(sector, 2047);
 *   equal(sector[511], 7);
 *   found.closeSync();
 * } finally {
 *   rmSync(directory, { recursive: true });
 * }
 * ```
 */
export function openFileDevice(path: string, options: FileDeviceOptions = {}): FileDevice {
  const { name = path, io = nodeFileIo, create, readOnly = false } = options;
  if (create !== undefined && !isDeviceSize(create.sectorCount)) {
    throw new RangeError(
      `Cannot make a file of ${create.sectorCount} sectors: ` +
        `want a whole number from 0 to ${SECTORS_MAX}`,
    );
  }
  const what = `Cannot ${create === undefined ? "open" : "create"} "${path}"`;
  let file: number;
  try {
    file = io.open(path, create !== undefined ? "create" : readOnly ? "read" : "write");
    if (create !== undefined) makeWhole(path, io, file, create.sectorCount);
  } catch (error) {
    throw refusalOf(error, what, { device: name });
  }
  let lock: FileLock | undefined;
  let storage: FileStorage;
  try {
    if (options.lock ?? true) {
      lock = (options.lockFile ?? lockFile)(path, readOnly ? "shared" : "exclusive");
    }
    storage = new FileStorage(name, io, file, lock, !readOnly);
    storage.measure(options.roundDown ?? false);
  } catch (error) {
    io.close(file);
    lock?.release();
    throw error;
  }
  return Object.defineProperties(checked(storage), {
    grow: { value: (sectorCount: number) => storage.grow(sectorCount) },
    refreshSize: { value: () => storage.refreshSize() },
  }) as FileDevice;
}
