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

/// <reference lib="dom" />

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
 * Takes a lock.
 *
 * @param device What is locked, for messages.
 * @param name The lock's name.
 * @param options Whether to wait.
 * @returns The lock.
 * @throws {BlockDeviceError} `EBUSY` when someone else holds it and we do not wait, `ENOTSUP` where
 * there are no locks. The signal's reason when it ended the wait.
 */
export function takeWebLock(
  device: string,
  name: string,
  options: WebLockOptions,
): Promise<WebLock> {
  const what = `Cannot open "${device}" for writing`;
  const locks = (globalThis.navigator as Navigator | undefined)?.locks;
  return new Promise((resolve, reject) => {
    if (locks === undefined) {
      const why = "there are no Web Locks here; want a page loaded securely, or lock: false";
      throw new BlockDeviceError("ENOTSUP", `${what}: ${why}`, { device });
    }
    let letGo = () => {};
    let isHeld = false;
    const held = new Promise<void>((release) => letGo = release);
    const wanted: LockOptions = options.whenBusy === "refuse"
      ? { ifAvailable: true }
      : options.signal === undefined
      ? {}
      : { signal: options.signal };
    const ended = locks.request(name, wanted, (lock) => {
      if (lock === null) {
        reject(new BlockDeviceError("EBUSY", `${what}: it is open elsewhere`, { device }));
        return;
      }
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
      if (isHeld) options.onStolen();
      reject(error);
    });
  });
}
