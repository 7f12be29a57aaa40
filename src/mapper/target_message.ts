/**
 * Messages: from a device and a sector to the target that the words are for.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm-ioctl.c, `target_message()`
 * @module
 */

import { BlockDeviceError, type ErrorCode } from "../block/errors.ts";
import type { Target } from "../targets/target.ts";
import { MapperError } from "./mapper_error.ts";

/** Whom a message is for. */
export interface MessageAddress {
  /** The mapped device's name. */
  readonly name: string;
  /** The targets of its active table. */
  readonly targets: readonly Target[];
  /** A sector of the target meant. */
  readonly sector: number;
}

/**
 * Gives a message to a target.
 *
 * @param address Whom it is for.
 * @param words The message.
 * @param log Takes a line of the kernel's log. What a target thinks of a message, it logs itself.
 * @returns The target's answer.
 * @throws {MapperError} `EINVAL` when there is no target, or it takes no messages; the target's code
 * when it does not take this one.
 */
export function sendMessage(
  address: MessageAddress,
  words: readonly string[],
  log: (line: string) => void,
): string {
  const { name, targets, sector } = address;
  const fail = (code: ErrorCode, why: string, place: { logLines?: string[]; cause?: unknown }) => {
    place.logLines?.forEach((line) => log(line));
    const message = `Cannot send a message to sector ${sector} of "${name}": ${why}`;
    return new MapperError("message", code, message, { device: name, ...place });
  };
  let endSector = 0;
  const target = targets.find((each) => sector < (endSector += each.sectorCount));
  if (target === undefined) {
    const logLines = ["ioctl: Target message sector outside device."];
    throw fail("EINVAL", "no target is there", { logLines });
  }
  if (target.message === undefined) {
    const logLines = ["ioctl: Target type does not support messages"];
    throw fail("EINVAL", "its target takes none", { logLines });
  }
  try {
    return target.message(words);
  } catch (error) {
    if (!(error instanceof BlockDeviceError)) throw error;
    throw fail(error.code, error.message, { cause: error });
  }
}
