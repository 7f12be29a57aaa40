/**
 * `TargetError`: a target that cannot be constructed, said twice.
 *
 * The message is a sentence for people and names what was found and what was wanted. The `reason` is
 * device-mapper's own constructor text, short and stable, for whoever compares with a kernel's log:
 * `device-mapper: table: 253:0: snapshot: Chunk size not set (-EINVAL)`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError, type ErrorCode, type ErrorPlace } from "../block/errors.ts";

/** A target's refusal to be constructed. */
export class TargetError extends BlockDeviceError {
  /** dm's text of it, without prefix and errno, for example `Chunk size not set`. */
  readonly reason: string;

  /**
   * Makes a refusal.
   *
   * @param code The stable name of what went wrong.
   * @param reason dm's text of it.
   * @param message One sentence for people: what failed, what was found, what was wanted.
   * @param place Where it happened, and what led to it.
   */
  constructor(code: ErrorCode, reason: string, message: string, place: ErrorPlace = {}) {
    super(code, message, place);
    this.name = "TargetError";
    this.reason = reason;
  }
}
