/**
 * The body of an answer: bytes of a device, wherever they begin and end, piece by piece.
 *
 * A body holds one piece at a time, of 256 KiB at most, and reads the next when it is asked for it: a
 * reader that is slow slows the device down, and one that goes away ends the reading. Pieces end at
 * multiples of their size, so that most requests to the device are aligned.
 *
 * Fails: the body errors. It never ends early, and no byte of it was not read.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { SECTOR_BYTES } from "../../block/units.ts";
import type { ByteRange } from "../../devices/http/header_fields.ts";

/** The most bytes of a body that are held in memory. */
export const PIECE_BYTES = 256 * 1024;

/** A part of a body: ASCII as it stands, or bytes of the device. */
export type BodyPart = string | ByteRange;

/** Reads bytes that need not be whole sectors. The buffer is the caller's. */
async function readBytes(
  device: BlockDevice,
  firstByte: number,
  endByte: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const unitBytes = device.limits.logicalSectors * SECTOR_BYTES;
  const fromByte = Math.floor(firstByte / unitBytes) * unitBytes;
  const toByte = Math.ceil(endByte / unitBytes) * unitBytes;
  const buffer = new Uint8Array(toByte - fromByte);
  await device.read(buffer, fromByte / SECTOR_BYTES);
  return buffer.subarray(firstByte - fromByte, endByte - fromByte);
}

/** Whether there is no second piece. */
function isOnePiece([part, ...others]: readonly BodyPart[]): boolean {
  if (part === undefined || others.length > 0) return false;
  if (typeof part === "string") return true;
  return Math.floor(part.firstByte / PIECE_BYTES) === Math.floor(part.lastByte / PIECE_BYTES);
}

/** Reads the pieces of a body, each when it is asked for. The buffers are the caller's. */
async function* readPieces(
  device: BlockDevice,
  parts: readonly BodyPart[],
  onEnd: () => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  try {
    for (const part of parts) {
      if (typeof part === "string") {
        yield new TextEncoder().encode(part);
        continue;
      }
      const endByte = part.lastByte + 1;
      for (let at = part.firstByte; at < endByte;) {
        const until = Math.min(endByte, (Math.floor(at / PIECE_BYTES) + 1) * PIECE_BYTES);
        yield await readBytes(device, at, until);
        at = until;
      }
    }
  } finally {
    onEnd();
  }
}

function streamOf(
  first: IteratorResult<Uint8Array<ArrayBuffer>, void>,
  pieces: AsyncGenerator<Uint8Array<ArrayBuffer>, void>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let ready: typeof first | null = first;
  return new ReadableStream({
    async pull(controller) {
      const next = ready ?? await pieces.next(); // A failure errors the stream.
      ready = null;
      if (next.value !== undefined) controller.enqueue(next.value);
      if (next.done === true) controller.close();
    },
    async cancel() {
      ready = null;
      await pieces.return();
    },
  }, { highWaterMark: 0 });
}

/**
 * Begins a body. Its first piece is read before there is one, so that a failure can still be told by
 * a status.
 *
 * @param device What ranges are read from.
 * @param parts The body.
 * @param onEnd Told once, here or later: nothing more will be read.
 * @returns The body: what is one piece as bytes, the rest as a stream.
 * @throws What reading the first piece fails with.
 */
export async function openBody(
  device: BlockDevice,
  parts: readonly BodyPart[],
  onEnd: () => void,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>> {
  const pieces = readPieces(device, parts, onEnd);
  const first = await pieces.next();
  if (!isOnePiece(parts) || first.value === undefined) return streamOf(first, pieces);
  await pieces.return();
  return first.value;
}
