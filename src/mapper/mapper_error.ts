/**
 * `MapperError`: a verb of the mapper that could not be done, said twice.
 *
 * The message is a sentence for people. What device-mapper itself says is kept beside it: the name of
 * the ioctl and the lines of the kernel's log, so that output and log can be compared with a kernel's
 * letter for letter.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError, type ErrorCode } from "../block/errors.ts";

/** dm's name of the ioctl that refused. */
export type MapperVerb =
  | "clear"
  | "create"
  | "deps"
  | "info"
  | "message"
  | "reload"
  | "remove"
  | "rename"
  | "resume"
  | "status"
  | "suspend"
  | "table"
  | "waitevent";

/** Which mapped device a verb was for, and what the kernel's log would say. */
export interface MapperErrorPlace {
  /** The mapped device's name. */
  readonly device: string;
  /** Its number, while it has one. */
  readonly number?: string;
  /** Lines of the log, without the prefix `device-mapper: `. */
  readonly logLines?: readonly string[];
  /** What led to it. */
  readonly cause?: unknown;
}

/** A verb's refusal. */
export class MapperError extends BlockDeviceError {
  /** The ioctl that refused. */
  readonly verb: MapperVerb;
  /** The number of the mapped device, while it had one. */
  readonly number: string | undefined;
  /** What the kernel's log says about it, without the prefix `device-mapper: `. */
  readonly logLines: readonly string[];

  /**
   * Makes a refusal.
   *
   * @param verb The ioctl that refused.
   * @param code The stable name of what went wrong.
   * @param message One sentence: what failed, what was found, what was wanted.
   * @param place Which device, and what the kernel's log would say.
   */
  constructor(verb: MapperVerb, code: ErrorCode, message: string, place: MapperErrorPlace) {
    super(code, message, { device: place.device, cause: place.cause });
    this.name = "MapperError";
    this.verb = verb;
    this.number = place.number;
    this.logLines = place.logLines ?? [];
  }
}
