/**
 * The table lines of the targets that make faults.
 *
 *     error      [<device> <sector>]
 *     delay      <device> <sector> <ms> [<device> <sector> <ms> [<device> <sector> <ms>]]
 *     dust       <device> <sector> <bytes in a block>
 *     flakey     <device> <sector> <up seconds> <down seconds> [<count> <feature>...]
 *     log-writes <device> <log device>
 *
 * The features of `flakey` are in `flakey_words.ts`. `error` has no device unless there are exactly two
 * words, and then takes whatever they are; `log-writes` ignores words behind its two.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Clock } from "../../block/clock.ts";
import type { BlockDevice } from "../../block/device.ts";
import { createDelay, type DelayClass } from "../../targets/fault/delay.ts";
import { createDust } from "../../targets/fault/dust.ts";
import { createError } from "../../targets/fault/error.ts";
import { createFlakey } from "../../targets/fault/flakey.ts";
import { createLogWrites } from "../../targets/fault/log_writes.ts";
import type { Target } from "../../targets/target.ts";
import { TargetError } from "../../targets/target_error.ts";
import { parseFlakeyFeatures } from "./flakey_words.ts";
import { parseUnsigned, planned, type TargetContext, type TargetType } from "./target_types.ts";

/** What faults depend on beside their table lines. */
export interface FaultOptions {
  /** What tells the time. Left out: the runtime's. */
  readonly clock?: Clock;
  /** Draws a number from 0 up to but not including 1. Left out: the runtime's. */
  readonly random?: () => number;
}

type Words = readonly string[];

const UINT_MAX = 0xffffffff;

function refuse(reason: string, message: string): TargetError {
  return new TargetError("EINVAL", reason, message);
}

function refuseCount(type: string, words: Words, reason: string, want: string): TargetError {
  return refuse(reason, `Cannot make a ${type} target of ${words.length} arguments: want ${want}`);
}

function parseSector(type: string, word = "", reason = "Invalid device sector"): number {
  const sector = parseUnsigned(word, Number.MAX_SAFE_INTEGER);
  if (sector !== null) return sector;
  throw refuse(reason, `Cannot make a ${type} target that starts at "${word}": want a sector`);
}

function openWhole(word: string, startSector: number, context: TargetContext): BlockDevice {
  const { sectorCount } = context;
  return context.openDevice(word, { reason: "Device lookup failed", startSector, sectorCount });
}

function buildError(words: Words, context: TargetContext): Target {
  const [word, start] = words;
  if (word === undefined || start === undefined || words.length !== 2) {
    return createError(context.sectorCount);
  }
  return createError(
    context.sectorCount,
    openWhole(word, parseSector("error", start), context),
  );
}

function parseDelayClass(words: Words, context: TargetContext): DelayClass {
  const [word = "", start, delay = ""] = words;
  const startSector = parseSector("delay", start);
  const delayMs = parseUnsigned(delay, UINT_MAX);
  if (delayMs !== null) {
    return { device: openWhole(word, startSector, context), startSector, delayMs };
  }
  throw refuse("Invalid delay", `Cannot delay by "${delay}": want a number of milliseconds`);
}

function buildDelay(words: Words, context: TargetContext, clock?: Clock): Target {
  if (![3, 6, 9].includes(words.length)) {
    const reason = "Requires exactly 3, 6 or 9 arguments";
    throw refuseCount("delay", words, reason, "a device, a sector and a delay, up to three times");
  }
  const { sectorCount, deviceWord } = context;
  const [read, write, flush] = [0, 3, 6].filter((first) => first < words.length)
    .map((first) => parseDelayClass(words.slice(first, first + 3), context));
  return createDelay({
    read: read!,
    ...write === undefined ? {} : { write },
    ...flush === undefined ? {} : { flush },
    sectorCount,
    deviceWord,
    ...clock === undefined ? {} : { clock },
  });
}

/** dm's dust says `EINVAL` of a device that is not there, where others say `ENODEV`. */
function openForDust(word: string, startSector: number, context: TargetContext): BlockDevice {
  try {
    return openWhole(word, startSector, context);
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    throw new TargetError("EINVAL", error.reason, error.message, { cause: error });
  }
}

function buildDust(words: Words, context: TargetContext): Target {
  const [word = "", start, size = ""] = words;
  if (words.length !== 3) {
    const want = "a device, a sector and a block size";
    throw refuseCount("dust", words, "Invalid argument count", want);
  }
  const blockBytes = parseUnsigned(size, UINT_MAX) ?? NaN;
  const startSector = parseSector("dust", start, "Invalid device offset sector");
  const { sectorCount, deviceWord, log } = context;
  const device = openForDust(word, startSector, context);
  return createDust({ device, startSector, sectorCount, blockBytes, deviceWord, log });
}

function buildFlakey(words: Words, context: TargetContext, options: FaultOptions): Target {
  const [word = "", start, up = "", down = "", ...featureWords] = words;
  if (words.length < 4) {
    const want = "a device, a sector, seconds up and seconds down";
    throw refuseCount("flakey", words, "Invalid argument count", want);
  }
  const startSector = parseSector("flakey", start);
  const { sectorCount, deviceWord } = context;
  return createFlakey({
    device: openWhole(word, startSector, context),
    startSector,
    sectorCount,
    upSeconds: parseUnsigned(up, UINT_MAX) ?? NaN,
    downSeconds: parseUnsigned(down, UINT_MAX) ?? NaN,
    features: parseFlakeyFeatures(featureWords),
    deviceWord,
    ...options,
  });
}

function buildLogWrites(words: Words, context: TargetContext): Target {
  const [word, logWord] = words;
  if (word === undefined || logWord === undefined) {
    const want = "a device and a log device";
    throw refuseCount("log-writes", words, "Invalid argument count", want);
  }
  const device = openWhole(word, 0, context);
  const logDevice = context.openDevice(logWord, {
    reason: "Log device lookup failed",
    isWritten: true,
  });
  if (logDevice === device) {
    const message = `Cannot log "${device.name}" on itself`;
    throw refuse("Log device cannot be the same as the device", message);
  }
  const { sectorCount, deviceWord, log } = context;
  return createLogWrites({ device, logDevice, sectorCount, deviceWord, log });
}

/**
 * The target types that make faults, with a clock and chance of one's own.
 *
 * @param options The clock, and what draws.
 * @returns The types: `delay`, `dust`, `error`, `flakey`, `log-writes`.
 *
 * @example A flakey device whose time a test tells
 * ```ts
 * import { createMemoryDevice, faultTypes, Mapper } from "cowdisk";
 * import { throws } from "node:assert/strict";
 *
 * let timeMs = 0;
 * const clock = { nowMs: () => timeMs, sleep: () => Promise.resolve() };
 * const device = createMemoryDevice({ sectorCount: 8 });
 * const mapper = new Mapper({
 *   disks: [{ name: "vda", number: "254:0", device }],
 *   types: faultTypes({ clock }),
 * });
 * mapper.createSync("unreliable", "0 8 flakey /dev/vda 0 5 1");
 * const unreliable = mapper.device("unreliable");
 * unreliable.readSync(new Uint8Array(512), 0);
 * timeMs = 5000;
 * throws(() => unreliable.readSync(new Uint8Array(512), 0), { code: "EIO" });
 * ```
 */
export function faultTypes(options: FaultOptions = {}): TargetType[] {
  const type = (
    name: string,
    version: string,
    build: (words: Words, context: TargetContext) => Target,
  ): TargetType => ({
    name,
    version,
    plan: (words, context) => planned(() => build(words, context)),
  });
  return [
    type("delay", "1.4.0", (words, context) => buildDelay(words, context, options.clock)),
    type("dust", "1.0.0", buildDust),
    type("error", "1.7.0", buildError),
    type("flakey", "1.5.0", (words, context) => buildFlakey(words, context, options)),
    type("log-writes", "1.1.0", buildLogWrites),
  ];
}
