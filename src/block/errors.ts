/**
 * What a device says no with: one error class, one table of codes.
 *
 * Three kinds of failure are told apart. A programmer's mistake (a fractional sector, a buffer that
 * is no whole number of sectors) is a `TypeError` or `RangeError` and is not meant to be caught. A
 * device's refusal is a {@linkcode BlockDeviceError} with a stable `code`; its message is free text.
 * A broken invariant is an {@linkcode assert} that failed. A snapshot's own state (invalid, full) is
 * not an error but a status; I/O that it stops fails with `EIO` or `ENOSPC` and says why.
 *
 * The codes are errno names, because that is what device-mapper and NBD speak.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Errno number (Linux) and the C library's text of every code. */
export const ERROR_CODES = {
  EPERM: { errno: 1, text: "Operation not permitted" },
  ENOENT: { errno: 2, text: "No such file or directory" },
  EIO: { errno: 5, text: "Input/output error" },
  ENXIO: { errno: 6, text: "No such device or address" },
  EAGAIN: { errno: 11, text: "Resource temporarily unavailable" },
  ENOMEM: { errno: 12, text: "Cannot allocate memory" },
  EBUSY: { errno: 16, text: "Device or resource busy" },
  EEXIST: { errno: 17, text: "File exists" },
  ENODEV: { errno: 19, text: "No such device" },
  EINVAL: { errno: 22, text: "Invalid argument" },
  ENOSPC: { errno: 28, text: "No space left on device" },
  EROFS: { errno: 30, text: "Read-only file system" },
  ENOTSUP: { errno: 95, text: "Operation not supported" },
  ESHUTDOWN: { errno: 108, text: "Cannot send after transport endpoint shutdown" },
} as const;

/** A stable name of what went wrong. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Where an error happened. */
export interface ErrorPlace {
  /** The device's name. */
  readonly device?: string;
  /** The first sector of the request. */
  readonly sector?: number;
  /** The request's length in sectors. */
  readonly sectorCount?: number;
  /** What led to it. */
  readonly cause?: unknown;
}

/**
 * A device's refusal. `code` is stable; the message is one sentence for people: what failed, what
 * was found, what was wanted.
 *
 * @example Telling one refusal from another
 * ```ts
 * import { BlockDeviceError, createMemoryDevice } from "cowdisk";
 * import { equal } from "node:assert/strict";
 *
 * const device = createMemoryDevice({ sectorCount: 8 });
 * try {
 *   device.readSync(new Uint8Array(512), 8);
 * } catch (error) {
 *   equal(error instanceof BlockDeviceError && error.code, "EINVAL");
 * }
 * ```
 */
export class BlockDeviceError extends Error {
  /** The stable name of what went wrong. */
  readonly code: ErrorCode;
  /** The device's name, when one device is to blame. */
  readonly device: string | undefined;
  /** The first sector of the request. */
  readonly sector: number | undefined;
  /** The request's length in sectors. */
  readonly sectorCount: number | undefined;

  /**
   * Makes a refusal.
   *
   * @param code The stable name of what went wrong.
   * @param message One sentence: what failed, what was found, what was wanted.
   * @param place Where it happened, and what led to it.
   */
  constructor(code: ErrorCode, message: string, place: ErrorPlace = {}) {
    super(message, place.cause === undefined ? undefined : { cause: place.cause });
    this.name = "BlockDeviceError";
    this.code = code;
    this.device = place.device;
    this.sector = place.sector;
    this.sectorCount = place.sectorCount;
  }
}

/**
 * The code of any thrown value. What was thrown by something else than a device counts as `EIO`.
 *
 * @param error What was thrown.
 * @returns Its code.
 */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof BlockDeviceError ? error.code : "EIO";
}

/**
 * Stops when an invariant does not hold. Not for arguments: those are checked at the edge.
 *
 * @param condition What must hold.
 * @param message The invariant, as a sentence.
 * @throws {Error} When it does not hold.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Broken invariant: ${message}`);
}
