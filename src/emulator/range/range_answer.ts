/**
 * A request for an image, answered: `image_answer.ts` decides, `image_body.ts` reads.
 *
 * | a device's refusal | when nothing was sent yet | in the middle of a body |
 * |---|---|---|
 * | `ENODEV`, `ESHUTDOWN`, `EAGAIN`, `EBUSY`: it may go better soon | 503 | the body errors |
 * | any other | 500 | the body errors |
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { codeOf, type ErrorCode } from "../../block/errors.ts";
import { SECTOR_BYTES } from "../../block/units.ts";
import { COMMON_FIELDS, decideAnswer, etagOf } from "./image_answer.ts";
import { openBody } from "./image_body.ts";

/** A disk as it is served. */
export interface ServedImage {
  /** Where its bytes are. */
  readonly device: BlockDevice;
  /**
   * What names exactly this content, and becomes its ETag; `null` when the disk may be written while
   * it is served.
   */
  readonly version: string | null;
}

const SOON_BETTER: ReadonlySet<ErrorCode> = new Set(["ENODEV", "ESHUTDOWN", "EAGAIN", "EBUSY"]);

/**
 * Answers with a status and a sentence.
 *
 * @param status The status, 400 to 599.
 * @param text The sentence.
 * @returns The answer.
 */
export function sayNo(status: number, text: string): Response {
  const headers = { ...COMMON_FIELDS, "Cache-Control": "no-store", "Content-Type": "text/plain" };
  return new Response(`${text}\n`, {
    status,
    headers: status === 503 ? { ...headers, "Retry-After": "1" } : headers,
  });
}

/**
 * Answers for a device that refused.
 *
 * @param error Its refusal.
 * @returns The answer: 503 or 500.
 */
export function sayWhy(error: unknown): Response {
  const text = error instanceof Error ? error.message : String(error);
  return sayNo(SOON_BETTER.has(codeOf(error)) ? 503 : 500, text);
}

/**
 * Answers a request, unless the device refuses before a byte was sent.
 *
 * @param request The request.
 * @param image The disk.
 * @param onEnd Told once: the device is no longer read.
 * @returns The answer.
 * @throws What the device refuses with.
 */
export async function openAnswer(
  request: Request,
  { device, version }: ServedImage,
  onEnd: () => void,
): Promise<Response> {
  const sizeBytes = device.sectorCount * SECTOR_BYTES;
  const facts = { sizeBytes, etag: etagOf(version, sizeBytes) };
  const { status, headers, body } = decideAnswer(request, facts, crypto.randomUUID());
  if (body !== null) {
    return new Response(await openBody(device, body, onEnd), { status, headers });
  }
  onEnd();
  return new Response(null, { status, headers });
}

/**
 * Answers a request for a disk image, with ranges and conditions as RFC 9110 has them.
 *
 * @param request GET or HEAD; anything else is answered with 405. Its URL is not looked at.
 * @param image The disk.
 * @returns The answer. Its body reads the device as it is itself read, and errors if the device does;
 * 503 or 500 when the device refuses at once.
 *
 * @example A disk as a web server would send it
 * ```ts
 * import { createMemoryDevice } from "cowdisk";
 * import { answerRange } from "cowdisk/range-worker";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * const content = new Uint8Array(4096).fill(7);
 * const device = createMemoryDevice({ sectorCount: 8, content, readOnly: true });
 * const request = new Request("https://example.com/disk", { headers: { Range: "bytes=1000-1009" } });
 * const answer = await answerRange(request, { device, version: "monday" });
 *
 * equal(answer.status, 206);
 * equal(answer.headers.get("Content-Range"), "bytes 1000-1009/4096");
 * equal(answer.headers.get("ETag"), '"monday.4096"');
 * deepEqual(await answer.bytes(), new Uint8Array(10).fill(7));
 * ```
 */
export async function answerRange(request: Request, image: ServedImage): Promise<Response> {
  try {
    return await openAnswer(request, image, () => {});
  } catch (error) {
    return sayWhy(error);
  }
}
