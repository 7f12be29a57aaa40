/**
 * Sentences for what goes wrong.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { BlockDeviceError } from "../../../src/mod.ts";

/** A refusal that is not a device's: a sentence for people. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

/**
 * A sentence for what was thrown.
 *
 * @param error What was thrown.
 */
export function describe(error: unknown): string {
  if (error instanceof Refusal || error instanceof BlockDeviceError) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
