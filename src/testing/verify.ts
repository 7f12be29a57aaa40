/**
 * Verifying: what a clause of a suite demands, with messages that say what was found instead.
 *
 * The suites are published and run under any test runner, so they bring their own few demands and
 * depend on no assertion library. Contents are compared whole, and a difference is told by sector.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError, type ErrorCode } from "../block/errors.ts";
import { SECTOR_BYTES } from "../block/units.ts";
import { describeSector } from "./pattern.ts";

/**
 * Demands that something holds.
 *
 * @param condition What must hold.
 * @param message What is wrong when it does not.
 */
export function verify(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

function describeBytes(bytes: Uint8Array, sectorIndex: number): string {
  return describeSector(
    bytes.subarray(sectorIndex * SECTOR_BYTES, (sectorIndex + 1) * SECTOR_BYTES),
  );
}

/**
 * Demands that sectors hold what they should, to the last byte.
 *
 * @param actual What was read: whole sectors.
 * @param expected What should have been.
 * @param sector The first sector, for the message.
 * @param what What was read, for the message.
 */
export function verifySectors(
  actual: Uint8Array,
  expected: Uint8Array,
  sector: number,
  what: string,
): void {
  verify(
    actual.length === expected.length,
    `${what}: want ${expected.length} bytes, have ${actual.length}`,
  );
  for (let at = 0; at < actual.length; at++) {
    if (actual[at] === expected[at]) continue;
    const index = Math.floor(at / SECTOR_BYTES);
    throw new Error(
      `${what}: sector ${sector + index} differs from byte ${at % SECTOR_BYTES} on: ` +
        `want ${describeBytes(expected, index)}, have ${describeBytes(actual, index)}`,
    );
  }
}

/**
 * Demands that a request is refused.
 *
 * @param request Performs it.
 * @param code The refusal's code.
 * @param what The request, for the message.
 */
export async function verifyRefusal(
  request: () => Promise<unknown>,
  code: ErrorCode,
  what: string,
): Promise<void> {
  try {
    await request();
  } catch (error) {
    verify(
      error instanceof BlockDeviceError,
      `${what}: want a BlockDeviceError with code ${code}, have ${error}`,
    );
    verify(error.code === code, `${what}: want code ${code}, have ${error.code}: ${error.message}`);
    verify(error.message.length > 0, `${what}: the refusal says nothing`);
    return;
  }
  throw new Error(`${what}: want a refusal with code ${code}, but it was accepted`);
}
