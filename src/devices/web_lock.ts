/**
 * The lock on a browser's store: one writer.
 *
 * A Web Lock is held by a tab or a worker, seen by all of the origin, and let go of by the browser
 * however its holder ends. There is none on a page that was not loaded securely.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../block/errors.ts";

/** What is done when someone else holds the lock. */
export type WhenBusy = "refuse" | "wait";

/** A lock that is held. */
export interface WebLock {
  /** Lets go of it; kept once others can have it. */
  release(): Promise<void>;
}

/** How a lock is asked for. */
export interface WebLockOptions {
  /** What is done when someone else holds it. */
  readonly whenBusy: WhenBusy;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the lock was taken from its holder. */
  readonly onStolen: () => void;
}

/**
 * Takes a lock of any kind.
 *
 * @param locks Where locks are.
 * @param name The lock's name.
 * @param options As the browser has them: its mode, whether to wait, what ends the wait.
 * @param onStolen Called when the lock was taken from its holder.
 * @returns The lock; `null` when it was asked for with `ifAvailable` and is not to be had.
 */
export function holdWebLock(
  locks: LockManager,
  name: string,
  options: LockOptions = {},
  onStolen: () => void = () => {},
): Promise<WebLock | null> {
  return new Promise((resolve, reject) => {
    let letGo = () => {};
    let isHeld = false;
    const held = new Promise<void>((release) => letGo = release);
    const ended = locks.request(name, options, (lock) => {
      if (lock === null) return resolve(null);
      isHeld = true;
      resolve({
        release() {
          isHeld = false;
          letGo();
          return ended.catch(() => {});
        },
      });
      return held;
    }) as Promise<unknown> as Promise<void>;
    ended.catch((error) => {
      if (isHeld) onStolen();
      reject(error);
    });
  });
}

/**
 * Takes a lock that one at a time has.
 *
 * @param device What is locked, for messages.
 * @param name The lock's name.
 * @param options Whether to wait.
 * @returns The lock.
 * @throws {BlockDeviceError} `EBUSY` when someone else holds it and we do not wait, `ENOTSUP` where
 * there are no locks. The signal's reason when it ended the wait.
 */
export async function takeWebLock(
  device: string,
  name: string,
  { whenBusy, signal, onStolen }: WebLockOptions,
): Promise<WebLock> {
  const what = `Cannot open "${device}" for writing`;
  const locks = (globalThis.navigator as Navigator | undefined)?.locks;
  if (locks === undefined) {
    const why = "there are no Web Locks here; want a page loaded securely, or lock: false";
    throw new BlockDeviceError("ENOTSUP", `${what}: ${why}`, { device });
  }
  const wanted: LockOptions = whenBusy === "refuse"
    ? { ifAvailable: true }
    : signal === undefined
    ? {}
    : { signal };
  const lock = await holdWebLock(locks, name, wanted, onStolen);
  if (lock !== null) return lock;
  throw new BlockDeviceError("EBUSY", `${what}: it is open elsewhere`, { device });
}
