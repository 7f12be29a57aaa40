/**
 * Header fields, read with suspicion: a number that is not exact, or a field that is not of its
 * grammar, is no field at all.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Where the bytes of a partial answer lie in the image. Both ends are included. */
export interface ByteRange {
  /** The first byte. */
  readonly firstByte: number;
  /** The last byte. */
  readonly lastByte: number;
}

/** What `Content-Range` says. */
export interface ContentRange {
  /** Which bytes were sent; `null` in an answer that has none (`bytes *\/1000`). */
  readonly range: ByteRange | null;
  /** The size of the whole image; `null` when the server does not know (`bytes 0-9/*`). */
  readonly totalBytes: number | null;
}

/**
 * Reads a count of bytes.
 *
 * @param text A field, or a part of one.
 * @returns The number, or `null` when it is none, or too large to be exact.
 */
export function parseByteCount(text: string | null | undefined): number | null {
  if (text === null || text === undefined || !/^\d+$/.test(text)) return null;
  const count = Number(text);
  return Number.isSafeInteger(count) ? count : null;
}

/**
 * Reads a `Content-Range` field.
 *
 * @param text The field; `null` when there is none.
 * @returns What it says, or `null` when it makes no sense.
 */
export function parseContentRange(text: string | null): ContentRange | null {
  const match = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/i.exec(text?.trim() ?? "");
  if (match === null) return null;
  const [, first, last, total] = match;
  const totalBytes = parseByteCount(total);
  if (totalBytes === null && total !== "*") return null;
  if (first === undefined) return { range: null, totalBytes };
  const firstByte = parseByteCount(first);
  const lastByte = parseByteCount(last);
  if (firstByte === null || lastByte === null || lastByte < firstByte) return null;
  return { range: { firstByte, lastByte }, totalBytes };
}

/**
 * Reads how long the server asks us to stay away. A date is taken as the time from the answer's own
 * `Date`, so that our clock need not agree with the server's.
 *
 * @param headers The answer's fields.
 * @returns The time in milliseconds, or `null` when nothing is asked, or nothing that can be read.
 */
export function parseRetryAfterMs(headers: Headers): number | null {
  const text = headers.get("Retry-After")?.trim() ?? "";
  const seconds = parseByteCount(text);
  if (seconds !== null) return seconds * 1000;
  const fromMs = Date.parse(headers.get("Date") ?? "");
  const untilMs = Date.parse(text);
  if (text === "" || Number.isNaN(fromMs) || Number.isNaN(untilMs)) return null;
  return Math.max(0, untilMs - fromMs);
}

/**
 * Whether a body is something else than the image's own bytes.
 *
 * @param headers The answer's fields.
 */
export function isEncoded(headers: Headers): boolean {
  const encoding = headers.get("Content-Encoding")?.trim().toLowerCase() ?? "";
  return encoding !== "" && encoding !== "identity";
}
