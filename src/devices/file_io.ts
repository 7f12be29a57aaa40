/**
 * File I/O: the few things a file device asks of the system, and what the system's errors mean.
 *
 * The only door to `node:fs` for the contents of a file; Deno, Node and Bun all have it. It is a seam
 * too: a test hands the device another {@linkcode FileIo}, in which the disk is full, transfers are
 * short or syncing fails.
 *
 * Every verb may do less than it was asked (a short read, a short write) or throw the system's error,
 * `EINTR` included; the file device deals with both.
 *
 * @module
 */

import * as fs from "node:fs";
import { dirname } from "node:path";
import { BlockDeviceError, type ErrorCode, type ErrorPlace } from "../block/errors.ts";

/** What a file device asks of the system. `file` is what {@linkcode FileIo.open} returned. */
export interface FileIo {
  /** Opens a regular file, or creates one that is not there yet. */
  open(path: string, mode: "read" | "write" | "create"): number;
  /** Reads at a position; returns how many bytes it got, 0 at the end of the file. */
  read(file: number, target: Uint8Array, from: number, byteCount: number, position: number): number;
  /** Writes at a position; returns how many bytes it took. */
  write(
    file: number,
    source: Uint8Array,
    from: number,
    byteCount: number,
    position: number,
  ): number;
  /** The file's size in bytes. */
  size(file: number): number;
  /** Cuts the file, or extends it with a hole. */
  resize(file: number, byteCount: number): void;
  /** Makes contents and size durable. */
  sync(file: number): void;
  /** As `sync`, on a thread of the system. */
  syncLater(file: number): Promise<void>;
  /** Makes a new file's name durable, where the system can. */
  syncName(path: string): void;
  /** Ends use of the file. */
  close(file: number): void;
  /** Removes a file that could not be made whole. */
  remove(path: string): void;
}

/** The verbs, as `node:fs` has them. */
export const nodeFileIo: FileIo = {
  open(path, mode) {
    if (mode === "create") return fs.openSync(path, "wx+");
    // Asked before opening, because to open a FIFO would wait for its other end.
    if (!fs.statSync(path).isFile()) {
      throw new BlockDeviceError("EINVAL", `Cannot open "${path}": it is not a regular file`);
    }
    return fs.openSync(path, mode === "read" ? "r" : "r+");
  },
  read: (file, target, from, byteCount, position) =>
    fs.readSync(file, target, from, byteCount, position),
  write: (file, source, from, byteCount, position) =>
    fs.writeSync(file, source, from, byteCount, position),
  size: (file) => fs.fstatSync(file).size,
  resize: (file, byteCount) => fs.ftruncateSync(file, byteCount),
  sync: (file) => fs.fdatasyncSync(file),
  syncLater: (file) =>
    new Promise((resolve, reject) => {
      fs.fdatasync(file, (error) => error ? reject(error) : resolve());
    }),
  syncName(path) {
    // Not every system opens a directory, and then nothing better can be done.
    try {
      const directory = fs.openSync(dirname(path), "r");
      try {
        fs.fsyncSync(directory);
      } finally {
        fs.closeSync(directory);
      }
    } catch { /* as said */ }
  },
  close: (file) => fs.closeSync(file),
  remove: (path) => fs.unlinkSync(path),
};

/** The system's codes, and the names of Deno's errors that have none. What is missing is `EIO`. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  EACCES: "EPERM",
  EBUSY: "EBUSY",
  EDQUOT: "ENOSPC",
  EEXIST: "EEXIST",
  EFBIG: "ENOSPC",
  EINVAL: "EINVAL",
  EISDIR: "EINVAL",
  ELOOP: "EINVAL",
  ENAMETOOLONG: "EINVAL",
  ENODEV: "ENODEV",
  ENOENT: "ENOENT",
  ENOMEM: "ENOMEM",
  ENOSPC: "ENOSPC",
  ENOTDIR: "ENOENT",
  ENOTSUP: "ENOTSUP",
  ENXIO: "ENXIO",
  EPERM: "EPERM",
  EROFS: "EROFS",
  ETXTBSY: "EBUSY",
  NotCapable: "EPERM",
  NotFound: "ENOENT",
  NotSupported: "ENOTSUP",
  PermissionDenied: "EPERM",
};

/**
 * The system's own name for an error.
 *
 * @param error What was thrown.
 * @returns For example `ENOSPC`, or the name of an error without a code.
 */
export function systemCodeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/**
 * Turns the system's error into a device's refusal.
 *
 * @param error What was thrown; a refusal is returned as it is.
 * @param what What could not be done: `Cannot …`, without a full stop.
 * @param place Where.
 * @returns The refusal, with the error as its cause.
 */
export function refusalOf(error: unknown, what: string, place: ErrorPlace): BlockDeviceError {
  if (error instanceof BlockDeviceError) return error;
  const code = CODES[systemCodeOf(error)] ?? "EIO";
  const why = error instanceof Error ? error.message : String(error);
  return new BlockDeviceError(code, `${what}: ${why}`, { ...place, cause: error });
}
