/**
 * How much is asked of an export: counters that only grow, for whoever looks from time to time.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { COMMANDS } from "./protocol.ts";

/**
 * What was begun so far. Requests that were refused do not count.
 *
 * @example A look, and another one later
 * ```ts
 * import { Traffic } from "cowdisk/nbd";
 * import { equal } from "node:assert/strict";
 *
 * const traffic = new Traffic();
 * const before = traffic.readBytes;
 * traffic.count(0, 4096);
 * equal(traffic.readBytes - before, 4096);
 * ```
 */
export class Traffic {
  /** Requests of every kind. */
  requestCount = 0;
  /** Bytes that were read. */
  readBytes = 0;
  /** Bytes that were written, zeroes and discards included. */
  writtenBytes = 0;

  /**
   * Counts a request.
   *
   * @param command NBD's number of it.
   * @param byteCount Its length.
   */
  count(command: number, byteCount: number): void {
    this.requestCount++;
    switch (command) {
      case COMMANDS.read:
        this.readBytes += byteCount;
        break;
      case COMMANDS.write:
      case COMMANDS.writeZeroes:
      case COMMANDS.trim:
        this.writtenBytes += byteCount;
    }
  }
}
