/**
 * The whole image in one body, for servers that cannot send a range.
 *
 * The body is read into memory as it comes. A length that was announced is only believed up to the
 * bound, and must be what comes; a body without one is read up to the bound and no further, and where
 * it ends the image ends: that a connection ended too early is then for the runtime to notice.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { formatSize } from "../../block/units.ts";
import type { Exchange } from "./exchange.ts";
import type { Outcome } from "./session.ts";

/** The buffer for a body of unknown length begins with this, and doubles. */
const FIRST_BYTES = 64 * 1024;

/**
 * Reads a body that is an image.
 *
 * @param exchange The exchange; its answer's head is there.
 * @param sizeBytes The length announced; `null` when none was.
 * @param bytesMax The largest image that is taken.
 * @returns The image's bytes; or why not.
 */
export async function takeWhole(
  exchange: Exchange,
  sizeBytes: number | null,
  bytesMax: number,
): Promise<Outcome<Uint8Array>> {
  if (sizeBytes !== null && sizeBytes > bytesMax) return isTooLarge(sizeBytes, bytesMax);
  let buffer = new Uint8Array(sizeBytes ?? Math.min(FIRST_BYTES, bytesMax));
  let done = 0;
  for await (const bytes of exchange.body()) {
    const wantedBytes = done + bytes.length;
    if (sizeBytes !== null && wantedBytes > sizeBytes) {
      const why = `the body goes on behind the ${sizeBytes} bytes that were announced`;
      return { kind: "refused", code: "EIO", why };
    }
    if (wantedBytes > bytesMax) return isTooLarge(null, bytesMax);
    if (wantedBytes > buffer.length) {
      const larger = new Uint8Array(Math.min(bytesMax, Math.max(wantedBytes, 2 * buffer.length)));
      larger.set(buffer);
      buffer = larger;
    }
    buffer.set(bytes, done);
    done = wantedBytes;
  }
  if (sizeBytes !== null && done < sizeBytes) {
    return { kind: "again", why: `the body ended after ${done} of ${sizeBytes} bytes` };
  }
  return { kind: "done", result: buffer.subarray(0, done) };
}

function isTooLarge(sizeBytes: number | null, bytesMax: number): Outcome<never> {
  const size = sizeBytes === null ? "more" : formatSize(sizeBytes);
  return {
    kind: "refused",
    code: "ENOMEM",
    why: `the server sends all of the image, ${size}; downloadBytesMax is ${formatSize(bytesMax)}`,
  };
}
