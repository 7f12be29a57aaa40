/**
 * Judging an answer by its status and header fields, before a byte of its body is believed.
 *
 * | an answer | at the opening | later |
 * |---|---|---|
 * | 206 with the wanted `Content-Range` | `part` | `part`, if it is the pinned image |
 * | 206 with any other, none, or an encoding | `refused` | `refused` |
 * | 200 | `whole`: no Range support | `again`, or `changed` |
 * | 416 with a size of 0 | `empty` | |
 * | 412, another ETag, date or size | `refused` | `changed` |
 * | 408, 425, 429, 5xx but 501 and 505 | `again` | `again` |
 * | 401, 403, 407, 451 | `refused`, `EPERM` | the same |
 * | 404, 410 | `refused`, `ENOENT` | the same |
 * | everything else | `refused`, `EIO` | the same |
 *
 * It decides and does nothing: what follows from a verdict is the session's business.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { ErrorCode } from "../../block/errors.ts";
import { EXPOSE_ADVICE } from "./cross_origin.ts";
import {
  type ByteRange,
  isEncoded,
  parseByteCount,
  parseContentRange,
  parseRetryAfterMs,
} from "./header_fields.ts";
import { findDifference, type ImageIdentity } from "./image_identity.ts";

/** What is looked at. A `Response` is one. */
export type AnswerHead = Pick<Response, "status" | "headers" | "type" | "redirected" | "url">;

/** It may go better next time. */
export interface Again {
  readonly kind: "again";
  /** What went wrong: the end of a sentence. */
  readonly why: string;
  /** How long the server asks us to stay away, if it does. */
  readonly retryAfterMs?: number | null;
  /** What led to it. */
  readonly cause?: unknown;
}

/** It will not go better next time. */
export interface Refused {
  readonly kind: "refused";
  readonly code: ErrorCode;
  readonly why: string;
}

/** It is another image now. */
export interface Changed {
  readonly kind: "changed";
  readonly why: string;
}

/** The range that was asked for, or what there is of it. */
export interface Part {
  readonly kind: "part";
  readonly byteCount: number;
  readonly totalBytes: number;
}

/** What the answer that opens an image is good for. `whole`: the server sent all of it. */
export type OpeningVerdict =
  | Part
  | { readonly kind: "whole"; readonly sizeBytes: number | null }
  | { readonly kind: "empty" }
  | Again
  | Refused;

/** What a later answer is good for. */
export type RangeVerdict = Part | Again | Refused | Changed;

const NOT_ALLOWED = new Set([401, 403, 407, 451]);
const NOT_THERE = new Set([404, 410]);
const NEVER_BETTER = new Set([501, 505]);
const SOON_BETTER = new Set([408, 425, 429]);

function refused(why: string, code: ErrorCode = "EIO"): Refused {
  return { kind: "refused", code, why };
}

/**
 * Judges the answer that opens an image.
 *
 * @param head Its status and header fields.
 * @param asked The range that was asked for; it may end behind the image.
 * @returns What it is good for.
 */
export function judgeOpening(head: AnswerHead, asked: ByteRange): OpeningVerdict {
  const { status, headers } = head;
  if (status === 206) return judgePart(head, asked);
  if (status === 200) {
    // Of a body that was encoded, Content-Length counts the code.
    const sizeBytes = isEncoded(headers) ? null : parseByteCount(headers.get("Content-Length"));
    return sizeBytes === 0 ? { kind: "empty" } : { kind: "whole", sizeBytes };
  }
  const rangeTold = parseContentRange(headers.get("Content-Range"));
  if (status === 416 && rangeTold?.totalBytes === 0) return { kind: "empty" };
  return judgeFailure(head);
}

/**
 * Judges an answer to a request for a range of an image that is open.
 *
 * @param head Its status and header fields.
 * @param asked The range that was asked for.
 * @param pinned Which image is wanted.
 * @returns What it is good for.
 */
export function judgeRange(
  head: AnswerHead,
  asked: ByteRange,
  pinned: ImageIdentity,
): RangeVerdict {
  const { status, headers } = head;
  if (status === 412) {
    return { kind: "changed", why: "the server answered 412: it is not the image that was opened" };
  }
  if (status !== 206 && status !== 200 && status !== 416) return judgeFailure(head);
  const totalBytes = parseContentRange(headers.get("Content-Range"))?.totalBytes ?? null;
  if (totalBytes !== null && totalBytes !== pinned.sizeBytes && !isEncoded(headers)) {
    const why = `it had ${pinned.sizeBytes} bytes and has ${totalBytes}`;
    return { kind: "changed", why };
  }
  if (status === 416) return judgeFailure(head);
  const difference = findDifference(pinned, headers);
  if (difference?.isChange) return { kind: "changed", why: difference.why };
  // Caches that are cold are known to do so once.
  if (status === 200) {
    return { kind: "again", why: "the server answered 200 to a request for a range" };
  }
  if (difference === null) return judgePart(head, asked);
  return refused(`nothing tells that it is the same image: ${difference.why}`);
}

/** Whether the bytes are those that were asked for. */
function judgePart({ headers }: AnswerHead, asked: ByteRange): Part | Refused {
  if (isEncoded(headers)) {
    const encoding = headers.get("Content-Encoding");
    return refused(`the range came with Content-Encoding: ${encoding}; want the image's own bytes`);
  }
  const text = headers.get("Content-Range");
  if (text === null) return refused(`the answer 206 shows no Content-Range: ${EXPOSE_ADVICE}`);
  const found = parseContentRange(text);
  if (found === null || found.range === null || found.totalBytes === null) {
    return refused(`cannot use the Content-Range "${text}"; want "bytes first-last/size"`);
  }
  const { range, totalBytes } = found;
  const lastByte = Math.min(asked.lastByte, totalBytes - 1);
  if (range.firstByte !== asked.firstByte || range.lastByte !== lastByte) {
    const wanted = `bytes ${asked.firstByte}-${lastByte}/${totalBytes}`;
    return refused(`the server sent "${text}"; want "${wanted}"`);
  }
  const byteCount = lastByte - range.firstByte + 1;
  const length = headers.get("Content-Length");
  if (length !== null && parseByteCount(length) !== byteCount) {
    return refused(`the server announced ${length} bytes with "${text}"; want ${byteCount}`);
  }
  return { kind: "part", byteCount, totalBytes };
}

/** An answer that brings no bytes. */
function judgeFailure(head: AnswerHead): Again | Refused {
  const { status, type, headers } = head;
  if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
    const target = headers.get("Location");
    const where = target === null ? "" : ` to ${withoutQuery(target)}`;
    const what = status === 0 ? "with a redirect" : `${status}`;
    return refused(`the server answered ${what}${where}; want the image`);
  }
  if (type === "opaque") return refused("the answer is opaque: it needs a request with CORS");
  const answered = `the server answered ${status}${placeOf(head)}`;
  if (NOT_ALLOWED.has(status)) return refused(`${answered}: not allowed`, "EPERM");
  if (NOT_THERE.has(status)) return refused(`${answered}: not there`, "ENOENT");
  if (SOON_BETTER.has(status) || (status >= 500 && !NEVER_BETTER.has(status))) {
    return { kind: "again", why: answered, retryAfterMs: parseRetryAfterMs(headers) };
  }
  return refused(`${answered}; want 206`);
}

/**
 * A URL as it may be shown: what follows the path is often a secret.
 *
 * @param url The URL, which may be relative.
 * @returns The URL without name, password, query and fragment.
 */
export function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, "").replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, "$1");
}

/** Where redirects have led to, for the message. */
export function placeOf(head: AnswerHead): string {
  return head.redirected ? ` (after a redirect to ${withoutQuery(head.url)})` : "";
}
