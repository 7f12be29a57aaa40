/**
 * A file of the origin private file system, open for synchronous use: what is asked of it, and what
 * its errors mean.
 *
 * `FileSystemSyncAccessHandle` is a {@linkcode SyncFile} as it is. It is a seam too: a test hands the
 * device another, in which the quota is used up or the power is cut.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError, type ErrorCode, type ErrorPlace } from "../../block/errors.ts";

/** The verbs of an open file. Reads and writes may do less than they were asked, and say how much. */
export interface SyncFile {
  /** Reads at a position; returns how many bytes it got. */
  read(target: Uint8Array, options: { readonly at: number }): number;
  /** Writes at a position, behind the end too; returns how many bytes it took. */
  write(source: Uint8Array, options: { readonly at: number }): number;
  /** Makes everything durable. */
  flush(): void;
  /** The length in bytes. */
  getSize(): number;
  /** Cuts the file, or extends it by zeroes. */
  truncate(byteCount: number): void;
  /** Ends use of the file. */
  close(): void;
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  InvalidStateError: "EIO",
  NoModificationAllowedError: "EBUSY",
  NotAllowedError: "EPERM",
  NotFoundError: "ENOENT",
  QuotaExceededError: "ENOSPC",
  SecurityError: "EPERM",
  TypeError: "EINVAL",
  TypeMismatchError: "EINVAL",
};

/**
 * The refusal that stands for whatever the file system failed with.
 *
 * @param error What was thrown; a refusal is returned as it is.
 * @param what What could not be done: `Cannot …`.
 * @param place Where.
 * @returns The refusal, with the error as its cause.
 */
export function opfsRefusal(error: unknown, what: string, place: ErrorPlace): BlockDeviceError {
  if (error instanceof BlockDeviceError) return error;
  const { name = "", message = String(error) } = (error ?? {}) as Partial<Error>;
  const why = [name, message].filter((word) => word !== "").join(": ");
  return new BlockDeviceError(CODES[name] ?? "EIO", `${what}: ${why}`, { ...place, cause: error });
}

/** Whether files read straight into shared memory here; asked once, a memory is dear. */
let takesShared: boolean | undefined;

function takesSharedMemory(file: SyncFile): boolean {
  try {
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    file.read(new Uint8Array(buffer, 0, 0), { at: 0 });
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** Whether bytes lie in shared memory, also where `SharedArrayBuffer` has no name. */
function isShared({ buffer }: Uint8Array): boolean {
  return Object.prototype.toString.call(buffer) === "[object SharedArrayBuffer]";
}

/**
 * A file whose bytes may lie in shared memory, in every browser.
 *
 * @param file The file.
 * @returns It, or what copies shared bytes on their way where it has to be.
 */
export function withSharedMemory(file: SyncFile): SyncFile {
  takesShared ??= takesSharedMemory(file);
  return takesShared ? file : copyingShared(file);
}

/** A file that refuses shared memory, and what copies for it. For tests of the copying, too. */
export function copyingShared(file: SyncFile): SyncFile {
  return {
    read(target, options) {
      if (!isShared(target)) return file.read(target, options);
      const copy = new Uint8Array(target.length);
      const count = file.read(copy, options);
      target.set(copy.subarray(0, count));
      return count;
    },
    write: (source, options) =>
      file.write(isShared(source) ? new Uint8Array(source) : source, options),
    flush: () => file.flush(),
    getSize: () => file.getSize(),
    truncate: (byteCount) => file.truncate(byteCount),
    close: () => file.close(),
  };
}
