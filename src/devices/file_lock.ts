/**
 * The lock on a file: one writer, or any number of readers.
 *
 * | | is there a reader | is there a writer |
 * |---|---|---|
 * | a reader comes (`shared`) | let in | refused |
 * | a writer comes (`exclusive`) | refused | refused |
 *
 * It holds between processes and within one, and a process that was killed leaves nothing that has to
 * be cleaned up by hand. There are two ways to that:
 *
 * - **Deno** has flock(2): the system holds the lock on the image itself and lets go of it when the
 *   process ends, however it ends.
 * - **Node and Bun** do not; nor can Deno on Windows, where such a lock would shut out the device's
 *   own reads. There a holder announces itself by a file beside the image (`file_lock_announced.ts`).
 *
 * The two do not see each other: an image must not be used from Deno and from Node at one time. The
 * lock is advice: programs that do not ask for it are not stopped.
 *
 * @module
 */

import { BlockDeviceError } from "../block/errors.ts";
import { refusalOf } from "./file_io.ts";
import { announceLock } from "./file_lock_announced.ts";

/** For reading only, or for writing. */
export type LockMode = "shared" | "exclusive";

/** A lock that is held. */
export interface FileLock {
  /** Lets go of it. Called once. */
  release(): void;
}

/** The part of Deno that is used. Written out here because Node's type checker has no Deno. */
interface DenoFiles {
  readonly build: { readonly os: string };
  openSync(path: string, options: { read: boolean; write: boolean }): {
    tryLockSync(exclusive: boolean): boolean;
    close(): void;
  };
}

function isHeld(path: string, mode: LockMode): BlockDeviceError {
  const use = mode === "shared" ? "reading" : "writing";
  const holder = mode === "shared" ? "it is open for writing elsewhere" : "it is open elsewhere";
  return new BlockDeviceError("EBUSY", `Cannot open "${path}" for ${use}: ${holder}`, {
    device: path,
  });
}

function lockByDeno(deno: DenoFiles, path: string, mode: LockMode): FileLock {
  let isLocked: boolean;
  const exclusive = mode === "exclusive";
  const file = deno.openSync(path, { read: true, write: exclusive });
  try {
    isLocked = file.tryLockSync(exclusive);
  } catch (error) {
    file.close();
    throw error;
  }
  if (isLocked) return { release: () => file.close() };
  file.close();
  throw isHeld(path, mode);
}

/**
 * Locks a file, at once or not at all.
 *
 * @param path The file, which is there.
 * @param mode Whether others may hold a shared lock beside this one.
 * @returns The lock.
 * @throws {BlockDeviceError} `EBUSY` when someone holds a lock that stands against it, or another
 * code when the file system knows no locks.
 */
export function lockFile(path: string, mode: LockMode): FileLock {
  const { Deno: deno } = globalThis as { Deno?: DenoFiles };
  try {
    if (deno !== undefined && deno.build.os !== "windows") return lockByDeno(deno, path, mode);
    return announceLock(path, mode);
  } catch (error) {
    throw refusalOf(error, `Cannot lock "${path}"`, { device: path });
  }
}
