/**
 * What is said over a port between a device and who uses it from another thread.
 *
 * The server speaks first: what the device is, or why there is none. Then every request has a number
 * and gets one answer with it, in any order. Bytes travel as buffers that are handed over. Where both
 * sides see shared memory it is told where in it they are instead: a write's source stays as it is,
 * and a read's target is nobody else's, until the answer.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { DeviceLimits, DeviceSupports } from "../block/device.ts";
import { BlockDeviceError, ERROR_CODES, type ErrorCode } from "../block/errors.ts";

/** What the server says first. */
export interface PortGreeting {
  readonly name: string;
  readonly sectorCount: number;
  readonly limits: DeviceLimits;
  readonly supports: DeviceSupports;
}

/** What is asked. */
export type PortRequest =
  & { readonly id: number }
  & (
    | { readonly verb: "read"; readonly sector: number; readonly byteCount: number }
    | { readonly verb: "fill"; readonly sector: number; readonly target: Uint8Array }
    | {
      readonly verb: "write";
      readonly sector: number;
      readonly source: Uint8Array;
      readonly fua: boolean;
    }
    | {
      readonly verb: "zero";
      readonly sector: number;
      readonly sectorCount: number;
      readonly fua: boolean;
    }
    | { readonly verb: "discard"; readonly sector: number; readonly sectorCount: number }
    | { readonly verb: "flush" | "close" }
  );

/** A request without its number, for each kind of request. */
export type PortAsked = PortRequest extends infer Request
  ? Request extends PortRequest ? Omit<Request, "id"> : never
  : never;

/**
 * Asks, without a number, whether the other end sees memory of this one. It says so without a number,
 * too, or nothing: what cannot be shared cannot be read there, and is not known to have come.
 */
export interface PortProbe {
  readonly id?: never;
  readonly memory: SharedArrayBuffer;
}

/** An error on its way to another thread. */
export interface PortError {
  readonly code: string;
  /** Which of a programmer's mistakes it is, if it is one. */
  readonly mistake?: "TypeError" | "RangeError";
  readonly message: string;
  readonly device?: string | undefined;
  readonly sector?: number | undefined;
  readonly sectorCount?: number | undefined;
}

/** What is answered; without a number if the device could not be opened. */
export interface PortAnswer {
  readonly id: number;
  /** What was read. */
  readonly bytes?: Uint8Array;
  /** The device's size now: it may have grown. */
  readonly sectorCount?: number;
  /** Why it failed. */
  readonly error?: PortError;
}

/** Packs any thrown value. What led to it stays behind. */
export function packError(error: unknown): PortError {
  if (error instanceof BlockDeviceError) {
    const { code, message, device, sector, sectorCount } = error;
    return { code, message, device, sector, sectorCount };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError) return { code: "EIO", mistake: "RangeError", message };
  if (error instanceof TypeError) return { code: "EIO", mistake: "TypeError", message };
  return { code: "EIO", message };
}

/** The error that was packed. */
export function unpackError(error: PortError): BlockDeviceError | TypeError | RangeError {
  const { message, mistake, device, sector, sectorCount } = error;
  if (mistake === "TypeError") return new TypeError(message);
  if (mistake === "RangeError") return new RangeError(message);
  const code = Object.hasOwn(ERROR_CODES, error.code) ? error.code as ErrorCode : "EIO";
  return new BlockDeviceError(code, message, {
    ...device === undefined ? {} : { device },
    ...sector === undefined ? {} : { sector },
    ...sectorCount === undefined ? {} : { sectorCount },
  });
}
