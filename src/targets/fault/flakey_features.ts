/**
 * What a flakey device does while it is down.
 *
 * | feature | reads | writes, zeroes, discards, flushes |
 * |---|---|---|
 * | none | fail | fail |
 * | `errorReads` | fail | |
 * | `dropWrites` | | succeed and do nothing |
 * | `errorWrites` | | fail |
 * | `corruptByte`, direction `r` | one byte of each is replaced | |
 * | `corruptByte`, direction `w` | | one byte of each write is replaced |
 * | `readCorruptionPerBillion` | some get a random byte | |
 * | `writeCorruptionPerBillion` | | some writes get a random byte |
 *
 * An empty field is a request that goes below unchanged. What fails cannot be corrupted, and what is
 * dropped cannot either, so such pairs are refused.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm-flakey.c, `parse_features()`
 * @module
 */

import { TargetError } from "../target_error.ts";

/** How often "always" is, in random corruption. */
const PER_BILLION_MAX = 1_000_000_000;
const UINT_MAX = 0xffffffff;

/** Replaces one byte of a request. */
export interface ByteCorruption {
  /** Which byte of the request, from 1. A request that is shorter stays whole. */
  readonly nthByte: number;
  /** Of reads or of writes. */
  readonly direction: "r" | "w";
  /** What the byte becomes: 0 to 255. */
  readonly value: number;
  /**
   * Only requests with all these bits of Linux's `bi_opf` are corrupted; 0 means every request. Known
   * here are bit 0 (a write) and bit 17 (FUA).
   */
  readonly flags: number;
}

/** What a flakey device does while it is down. Without any, it fails every request. */
export interface FlakeyFeatures {
  /** Reads fail. */
  readonly errorReads?: boolean;
  /** Writes succeed and are forgotten. */
  readonly dropWrites?: boolean;
  /** Writes fail. */
  readonly errorWrites?: boolean;
  /** One byte of each request is replaced. */
  readonly corruptByte?: ByteCorruption;
  /** Of so many reads in 10^9 a random byte becomes a random value. 0 is as if left out. */
  readonly readCorruptionPerBillion?: number;
  /** Of so many writes in 10^9 a random byte becomes a random value. 0 is as if left out. */
  readonly writeCorruptionPerBillion?: number;
}

function refuse(reason: string, message: string): TargetError {
  return new TargetError("EINVAL", reason, `Cannot make a flakey target: ${message}`);
}

function requireWithin(value: number, min: number, max: number, what: string, reason: string) {
  if (Number.isInteger(value) && min <= value && value <= max) return;
  throw refuse(reason, `want ${what} from ${min} to ${max}, have ${value}`);
}

function requireRanges(features: FlakeyFeatures): void {
  const { corruptByte, readCorruptionPerBillion = 0, writeCorruptionPerBillion = 0 } = features;
  for (const perBillion of [readCorruptionPerBillion, writeCorruptionPerBillion]) {
    const reason = "Invalid random corrupt argument";
    requireWithin(perBillion, 0, PER_BILLION_MAX, "corruptions in 10^9 requests", reason);
  }
  if (corruptByte === undefined) return;
  const { nthByte, direction, value, flags } = corruptByte;
  requireWithin(nthByte, 1, UINT_MAX, "the number of a byte", "Invalid corrupt bio byte");
  if (direction !== "r" && direction !== "w") {
    const reason = "Invalid corrupt bio direction (r or w)";
    throw refuse(reason, `want the direction r or w, have ${direction}`);
  }
  const valueReason = "Invalid corrupt value to write into bio byte (0-255)";
  requireWithin(value, 0, 255, "a byte's value", valueReason);
  requireWithin(flags, 0, UINT_MAX, "a mask", "Invalid corrupt bio flags mask");
}

function requireCompatible(features: FlakeyFeatures): void {
  const { corruptByte, dropWrites, errorReads, errorWrites } = features;
  const corrupts = (direction: "r" | "w", perBillion = 0) =>
    corruptByte?.direction === direction || perBillion > 0;
  const conflict = (feature: string, direction: "read" | "write") =>
    refuse(
      `${feature} is incompatible with random_${direction}_corrupt or corrupt_bio_byte ` +
        `with the ${direction.toUpperCase()} flag set`,
      `what ${feature} stops cannot be corrupted`,
    );
  if (dropWrites && errorWrites) {
    throw refuse(
      "Feature error_writes conflicts with feature drop_writes",
      "a write is either dropped or failed",
    );
  }
  if (corrupts("w", features.writeCorruptionPerBillion)) {
    if (dropWrites) throw conflict("drop_writes", "write");
    if (errorWrites) throw conflict("error_writes", "write");
  }
  if (corrupts("r", features.readCorruptionPerBillion) && errorReads) {
    throw conflict("error_reads", "read");
  }
}

/**
 * Checks features, and says what a device without any does.
 *
 * @param features The features wanted.
 * @returns The features a device then has.
 * @throws {TargetError} `EINVAL` with dm's text for what is out of range or cannot go together.
 */
export function settleFeatures(features: FlakeyFeatures): FlakeyFeatures {
  requireRanges(features);
  requireCompatible(features);
  const isNothing = Object.values(features).every((value) => !value);
  return isNothing ? { errorReads: true, errorWrites: true } : features;
}

/**
 * The features as a table line has them.
 *
 * @param features The features a device has.
 * @returns Their words behind the count of words, for example `1 drop_writes`.
 */
export function formatFeatures(features: FlakeyFeatures): string {
  const { corruptByte, readCorruptionPerBillion = 0, writeCorruptionPerBillion = 0 } = features;
  const words: (string | number)[] = [];
  if (features.errorReads) words.push("error_reads");
  if (features.dropWrites) words.push("drop_writes");
  if (features.errorWrites) words.push("error_writes");
  if (corruptByte !== undefined) {
    const { nthByte, direction, value, flags } = corruptByte;
    words.push("corrupt_bio_byte", nthByte, direction, value, flags);
  }
  if (readCorruptionPerBillion > 0) words.push("random_read_corrupt", readCorruptionPerBillion);
  if (writeCorruptionPerBillion > 0) words.push("random_write_corrupt", writeCorruptionPerBillion);
  return [words.length, ...words].join(" ");
}
