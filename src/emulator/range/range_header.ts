/**
 * The `Range` field of a request, as RFC 9110 section 14 wants it read.
 *
 * | the field | is |
 * |---|---|
 * | absent, of another unit, against the grammar, a last byte before its first | ignored: the whole image |
 * | one or more ranges that begin inside the image | those, cut at the image's end |
 * | none that begins inside; longer than 1024 characters, more than 16 ranges | unsatisfiable |
 *
 * Ranges that overlap or touch become one, as a server may do. Numbers may have any length: they are
 * compared as they are written and cut before anything is counted with them.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { ByteRange } from "../../devices/http/header_fields.ts";

/** What a `Range` field asks for, of an image of a certain size. */
export type RangeVerdict =
  | { readonly kind: "whole" }
  | { readonly kind: "ranges"; readonly ranges: readonly ByteRange[] }
  | { readonly kind: "unsatisfiable" };

const WHOLE: RangeVerdict = { kind: "whole" };
const UNSATISFIABLE: RangeVerdict = { kind: "unsatisfiable" };

/** A field that is longer is not looked into. */
const FIELD_CHARS_MAX = 1024;
/** More ranges than this are no reading of a disk. */
const RANGES_MAX = 16;

const RANGE = /^(?:(\d+)-(\d*)|-(\d+))$/;

/** One range; `null` when nothing of it is in the image, `undefined` when it is none. */
function parseOne(text: string, sizeBytes: number): ByteRange | null | undefined {
  const match = RANGE.exec(text);
  if (match === null) return undefined;
  const [, first = "", last = "", suffix] = match;
  if (suffix !== undefined) {
    const byteCount = Math.min(Number(suffix), sizeBytes);
    return byteCount === 0 ? null : { firstByte: sizeBytes - byteCount, lastByte: sizeBytes - 1 };
  }
  // As they are written: numbers too large to be exact would look equal.
  if (last !== "" && BigInt(last) < BigInt(first)) return undefined;
  if (Number(first) >= sizeBytes) return null;
  const lastByte = last === "" ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  return { firstByte: Number(first), lastByte };
}

/** Makes one range of those that overlap or touch. Where none do, the order stays the client's. */
function coalesce(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const merged: ByteRange[] = [];
  for (const range of [...ranges].sort((one, other) => one.firstByte - other.firstByte)) {
    const before = merged.at(-1);
    if (before === undefined || range.firstByte > before.lastByte + 1) {
      merged.push(range);
    } else {
      const lastByte = Math.max(before.lastByte, range.lastByte);
      merged[merged.length - 1] = { firstByte: before.firstByte, lastByte };
    }
  }
  return merged.length === ranges.length ? ranges : merged;
}

/**
 * Reads a `Range` field.
 *
 * @param text The field; `null` when there is none.
 * @param sizeBytes The image's size.
 * @returns What is to be sent.
 */
export function parseRange(text: string | null, sizeBytes: number): RangeVerdict {
  const match = /^bytes=(.*)$/i.exec(text ?? "");
  if (match === null) return WHOLE;
  const list = match[1]!;
  if (list.length > FIELD_CHARS_MAX) return UNSATISFIABLE;
  const specs = list.split(",").map((spec) => spec.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((spec) => spec !== "");
  if (specs.length > RANGES_MAX) return UNSATISFIABLE;
  if (specs.length === 0) return WHOLE;
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const range = parseOne(spec, sizeBytes);
    if (range === undefined) return WHOLE;
    if (range !== null) ranges.push(range);
  }
  return ranges.length === 0 ? UNSATISFIABLE : { kind: "ranges", ranges: coalesce(ranges) };
}
