/**
 * What is answered to a request for an image: status, fields and the plan of the body. It decides and
 * reads nothing.
 *
 * Conditions are looked at in the order of RFC 9110 section 13.2.2:
 *
 * | | asks | else |
 * |---|---|---|
 * | 1. method | GET or HEAD | 405 |
 * | 2. `If-Match` | is it this image, strongly | 412 |
 * | 3. `If-None-Match` | is it another one, weakly | 304 |
 * | 4. `If-Range`, for GET with `Range` | is it this image, strongly | `Range` is ignored: 200 |
 * | 5. `Range`, for GET | see `range_header.ts` | 200 or 416 |
 *
 * Several ranges that do not touch are sent as `multipart/byteranges`. There is no `Last-Modified`, so
 * dates are no conditions, and as `If-Range` match nothing. Without a version there is no ETag: then
 * nothing that asks for a certain image is ever answered with this one.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { ByteRange } from "../../devices/http/header_fields.ts";
import { parseRange } from "./range_header.ts";

/** What is looked at. A `Request` is one. */
export type RequestHead = Pick<Request, "method" | "headers">;

/** What is known of an image. */
export interface ImageFacts {
  /** Its size. */
  readonly sizeBytes: number;
  /** Its strong ETag, quotes and all; `null` when it may change. */
  readonly etag: string | null;
}

/** An answer, not yet performed. */
export interface ImageAnswer {
  readonly status: 200 | 206 | 304 | 405 | 412 | 416;
  readonly headers: Readonly<Record<string, string>>;
  /** What the body is made of, in order: text as it stands, ranges of the image. `null`: no body. */
  readonly body: readonly (string | ByteRange)[] | null;
}

/** Longer lists of ETags are not looked into: none matches. */
const TAGS_CHARS_MAX = 4096;

const OCTETS = "application/octet-stream";

/** What belongs to every answer about disks, whatever it is. */
export const COMMON_FIELDS: Readonly<Record<string, string>> = {
  "Accept-Ranges": "bytes",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
};

/**
 * The ETag of an image.
 *
 * @param version What names its content; `null` when nothing does.
 * @param sizeBytes Its size: a disk that grows is another image.
 * @returns A strong ETag, or `null`.
 */
export function etagOf(version: string | null, sizeBytes: number): string | null {
  return version === null ? null : `"${version}.${sizeBytes}"`;
}

/**
 * Whether a text can be a version: what may stand in an ETag, and not too much of it.
 *
 * @param text The text.
 */
export function isVersion(text: string): boolean {
  return /^[\x21\x23-\x7e]{1,200}$/.test(text);
}

/** The ETags of a list, `W/` and all. */
function tagsIn(text: string): readonly string[] {
  return text.length > TAGS_CHARS_MAX ? [] : text.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

function isRefusedByIfMatch(headers: Headers, etag: string | null): boolean {
  const wanted = headers.get("If-Match");
  if (wanted === null || wanted.trim() === "*") return false;
  return etag === null || !tagsIn(wanted).includes(etag);
}

function isKnownByIfNoneMatch(headers: Headers, etag: string | null): boolean {
  const known = headers.get("If-None-Match");
  if (known === null) return false;
  if (known.trim() === "*") return true;
  return tagsIn(known).some((tag) => tag.replace(/^W\//, "") === etag);
}

/** What `Range` says, if it is meant for this image. */
function wantedRange({ method, headers }: RequestHead, etag: string | null): string | null {
  const condition = headers.get("If-Range")?.trim() ?? null;
  const isMeant = condition === null || condition === etag;
  return method === "GET" && isMeant ? headers.get("Range") : null;
}

function lengthOf(body: readonly (string | ByteRange)[]): number {
  let byteCount = 0;
  for (const part of body) {
    byteCount += typeof part === "string" ? part.length : part.lastByte - part.firstByte + 1;
  }
  return byteCount;
}

function multipart(ranges: readonly ByteRange[], sizeBytes: number, boundary: string) {
  const body: (string | ByteRange)[] = [];
  for (const [index, range] of ranges.entries()) {
    const contentRange = `bytes ${range.firstByte}-${range.lastByte}/${sizeBytes}`;
    const delimiter = `${index === 0 ? "" : "\r\n"}--${boundary}\r\n`;
    body.push(`${delimiter}Content-Type: ${OCTETS}\r\nContent-Range: ${contentRange}\r\n\r\n`);
    body.push(range);
  }
  body.push(`\r\n--${boundary}--\r\n`);
  return body;
}

/**
 * Decides on an answer.
 *
 * @param head The request's method and fields.
 * @param image What is known of the image.
 * @param boundary What parts several ranges from each other, should there be several: ASCII that no
 * image contains.
 * @returns The answer. To HEAD it has the fields that GET without `Range` has, and no body.
 */
export function decideAnswer(
  head: RequestHead,
  { sizeBytes, etag }: ImageFacts,
  boundary: string,
): ImageAnswer {
  const { method, headers } = head;
  const common = {
    ...COMMON_FIELDS,
    "Cache-Control": etag === null ? "no-store" : "no-cache",
    ...etag === null ? {} : { ETag: etag },
  };
  const answer = (
    status: ImageAnswer["status"],
    fields: Record<string, string>,
    body: readonly (string | ByteRange)[],
  ): ImageAnswer => ({
    status,
    headers: { ...common, ...fields, "Content-Length": String(lengthOf(body)) },
    body: method === "HEAD" ? null : body,
  });
  const text = { "Content-Type": "text/plain" };

  if (method !== "GET" && method !== "HEAD") {
    return answer(405, { ...text, Allow: "GET, HEAD" }, ["Disks are only read here.\n"]);
  }
  if (isRefusedByIfMatch(headers, etag)) {
    return answer(412, text, ["This is another version of the disk.\n"]);
  }
  if (isKnownByIfNoneMatch(headers, etag)) return { status: 304, headers: common, body: null };
  const wanted = parseRange(wantedRange(head, etag), sizeBytes);
  if (wanted.kind === "unsatisfiable") {
    const contentRange = `bytes */${sizeBytes}`;
    const found = `No such range in a disk of ${sizeBytes} bytes.\n`;
    return answer(416, { ...text, "Content-Range": contentRange }, [found]);
  }
  const octets = { "Content-Type": OCTETS };
  if (wanted.kind === "whole") {
    const whole = sizeBytes === 0 ? [] : [{ firstByte: 0, lastByte: sizeBytes - 1 }];
    return answer(200, octets, whole);
  }
  const [range, ...others] = wanted.ranges;
  if (range !== undefined && others.length === 0) {
    const contentRange = `bytes ${range.firstByte}-${range.lastByte}/${sizeBytes}`;
    return answer(206, { ...octets, "Content-Range": contentRange }, [range]);
  }
  const type = `multipart/byteranges; boundary=${boundary}`;
  return answer(206, { "Content-Type": type }, multipart(wanted.ranges, sizeBytes, boundary));
}
