/**
 * Target types: from the words of a table line to a target.
 *
 * Each type knows its arguments and dm's texts for getting them wrong. What is right is decided as
 * the kernel decides it: a type that dm accepts with odd spelling is accepted here too.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import type { Plan } from "../../block/plan.ts";
import { createLinear } from "../../targets/linear.ts";
import type { Target } from "../../targets/target.ts";
import { TargetError } from "../../targets/target_error.ts";
import { createZero } from "../../targets/zero.ts";

/** How a target is going to use a device. */
export interface DeviceUse {
  /** dm's text when there is no such device. */
  readonly reason: string;
  /** The first sector used. Left out: 0. */
  readonly startSector?: number;
  /** How many sectors are used. Left out: the device may have any size. */
  readonly sectorCount?: number;
  /** It will be written. Left out: `false`. */
  readonly isWritten?: boolean;
}

/** What a target type may ask of the mapper. */
export interface TargetContext {
  /** How many sectors the target is for. */
  readonly sectorCount: number;
  /** The mapped device is going to be read-only. */
  readonly isReadOnly: boolean;
  /**
   * The device that a word means, big enough for its use.
   *
   * @throws {BlockDeviceError} `ENODEV`, `EROFS`, or `EINVAL` when it is too small.
   */
  openDevice(word: string, use: DeviceUse): BlockDevice;
  /** A device as table lines name it. */
  readonly deviceWord: (device: BlockDevice) => string;
  /** Takes a line of the kernel's log, without the prefix `device-mapper: `. */
  readonly log: (line: string) => void;
}

/** A kind of target. */
export interface TargetType {
  /** dm's name of it. */
  readonly name: string;
  /** The version of dm's target whose semantics it has. */
  readonly version: string;
  /**
   * Constructs a target.
   *
   * @param words The arguments of the table line.
   * @param context What else it needs.
   */
  plan(words: readonly string[], context: TargetContext): Plan<Target>;
}

/** A plan that is over before it begins. */
// deno-lint-ignore require-yield
export function* planned<Result>(build: () => Result): Plan<Result> {
  return build();
}

/**
 * A whole number as dm reads it: decimal digits and nothing else.
 *
 * @param word The word.
 * @param max The largest that is accepted.
 * @returns The number, or `null`.
 */
export function parseUnsigned(word: string, max: number): number | null {
  return /^\d+$/.test(word) && Number(word) <= max ? Number(word) : null;
}

function buildLinear(words: readonly string[], context: TargetContext): Target {
  const [word, start] = words;
  if (word === undefined || start === undefined || words.length !== 2) {
    throw new TargetError(
      "EINVAL",
      "Invalid argument count",
      `Cannot make a linear target of ${words.length} arguments: want a device and a sector`,
    );
  }
  const startSector = parseUnsigned(start, Number.MAX_SAFE_INTEGER);
  if (startSector === null) {
    throw new TargetError(
      "EINVAL",
      "Invalid device sector",
      `Cannot make a linear target that starts at "${start}": want a sector`,
    );
  }
  const { sectorCount, deviceWord } = context;
  const use = { reason: "Device lookup failed", startSector, sectorCount };
  return createLinear({
    device: context.openDevice(word, use),
    startSector,
    sectorCount,
    deviceWord,
  });
}

function buildZero(words: readonly string[], context: TargetContext): Target {
  if (words.length === 0) return createZero(context.sectorCount);
  throw new TargetError(
    "EINVAL",
    "No arguments required",
    `Cannot make a zero target of "${words.join(" ")}": want no arguments`,
  );
}

/** `linear <device> <sector>` */
export const linearType: TargetType = {
  name: "linear",
  version: "1.4.0",
  plan: (words, context) => planned(() => buildLinear(words, context)),
};

/** `zero` */
export const zeroType: TargetType = {
  name: "zero",
  version: "1.2.0",
  plan: (words, context) => planned(() => buildZero(words, context)),
};
