/**
 * What is said over a port between a device and who uses it from another thread.
 *
 * The server speaks first: what the device is, or why there is none. Then every request has a number
 * and gets one answer with it, in any order. Bytes travel as buffers that are handed over; where both
 * sides see shared memory a read's target is told instead, and filled in place.
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

/** An error on its way to another thread. */
export interface PortError {
  readonly code: string;
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

/** Packs any thrown value. */
export function packError(error: unknown): PortError {
  if (error instanceof BlockDeviceError) {
    const { code, message, device, sector, sectorCount } = error;
    return { code, message, device, sector, sectorCount };
  }
  return { code: "EIO", message: error instanceof Error ? error.message : String(error) };
}

/** The refusal that was packed. */
export function unpackError(error: PortError): BlockDeviceError {
  const { message, device, sector, sectorCount } = error;
  const code = Object.hasOwn(ERROR_CODES, error.code) ? error.code as ErrorCode : "EIO";
  return new BlockDeviceError(code, message, {
    ...device === undefined ? {} : { device },
    ...sector === undefined ? {} : { sector },
    ...sectorCount === undefined ? {} : { sectorCount },
  });
}
