/**
 * Replies, as bytes.
 *
 * A client that takes structured replies gets them to everything that carries data and to every error; a
 * plain success is a simple reply. With extended headers everything is a chunk.
 *
 * A reply with data is a *frame*: room for the head before the data, so that the device reads to where the
 * bytes will be sent from. Every reply is one piece of memory.
 *
 * This module is browser compatible.
 *
 * @module
 */

import {
  CHUNK_DONE,
  CHUNKS,
  MAGICS,
  NBD_ERRORS,
  type NbdMode,
  STRING_BYTES_MAX,
  writeUint16,
  writeUint32,
  writeUint64,
} from "../protocol.ts";
import { ZERO_UNIT_SECTORS } from "../meta_context.ts";
import { sectorsToBytes } from "../../block/units.ts";
import { isZeroBytes } from "../../devices/byte_scan.ts";
import { cutZeroes } from "../../disk/image/image_pieces.ts";
import { ownRoom, type Room } from "./reply_output.ts";
import type { Refusal } from "./request.ts";

/** A simple reply's head. */
export const SIMPLE_HEAD_BYTES = 16;
const ZERO_UNIT_BYTES = sectorsToBytes(ZERO_UNIT_SECTORS);

/** A kind of chunk. */
type ChunkKind = keyof typeof CHUNKS;

/** With extended headers a reply repeats the offset behind the cookie. */
function isExtended(echo: Uint8Array): boolean {
  return echo.byteLength > 8;
}

/** The length of a chunk's head, for a client whose requests have such an echo. */
function chunkHeadBytes(echo: Uint8Array): number {
  return isExtended(echo) ? 32 : 20;
}

/**
 * How much room a frame needs before its data.
 *
 * @param echo The request's.
 * @param mode The messages that were agreed on.
 * @returns Bytes: of a head, and in a chunk of the data's offset.
 */
export function dataHeadBytes(echo: Uint8Array, mode: NbdMode): number {
  return mode === "simple" ? SIMPLE_HEAD_BYTES : chunkHeadBytes(echo) + 8;
}

function writeEcho(bytes: Uint8Array, at: number, echo: Uint8Array): void {
  for (let index = 0; index < echo.length; index++) bytes[at + index] = echo[index] as number;
}

/** Writes a chunk's head. Returns where what is in the chunk begins. */
function writeChunkHead(
  bytes: Uint8Array,
  at: number,
  echo: Uint8Array,
  kind: ChunkKind,
  byteCount: number,
): number {
  const isLong = isExtended(echo);
  writeUint32(bytes, at, isLong ? MAGICS.extendedReply : MAGICS.structuredReply);
  writeUint16(bytes, at + 4, 0);
  writeUint16(bytes, at + 6, CHUNKS[kind]);
  writeEcho(bytes, at + 8, echo);
  if (isLong) writeUint64(bytes, at + 24, byteCount);
  else writeUint32(bytes, at + 16, byteCount);
  return at + (isLong ? 32 : 20);
}

/** Marks a chunk as the last one of its reply. */
function markLast(bytes: Uint8Array, at: number): void {
  writeUint16(bytes, at + 4, CHUNK_DONE);
}

/**
 * Writes a simple reply's head.
 *
 * @param bytes Where to.
 * @param cookie The request's.
 * @param errno 0 when it was done.
 */
export function writeSimpleHead(bytes: Uint8Array, cookie: Uint8Array, errno: number): void {
  writeUint32(bytes, 0, MAGICS.simpleReply);
  writeUint32(bytes, 4, errno);
  writeEcho(bytes, 8, cookie);
}

/**
 * A reply that says that something was done.
 *
 * @param echo The request's.
 * @param take Where room comes from.
 * @returns The bytes.
 */
export function encodeDone(echo: Uint8Array, take: Room = ownRoom): Uint8Array {
  if (isExtended(echo)) {
    const chunk = take(chunkHeadBytes(echo));
    writeChunkHead(chunk, 0, echo, "none", 0);
    markLast(chunk, 0);
    return chunk;
  }
  const bytes = take(SIMPLE_HEAD_BYTES);
  writeSimpleHead(bytes, echo, 0);
  return bytes;
}

/**
 * A reply that says that something was not done.
 *
 * @param echo The request's.
 * @param refusal Why.
 * @param mode The messages that were agreed on.
 * @returns The bytes.
 */
export function encodeError(echo: Uint8Array, refusal: Refusal, mode: NbdMode): Uint8Array {
  const errno = NBD_ERRORS[refusal.code];
  if (mode === "simple") {
    const bytes = new Uint8Array(SIMPLE_HEAD_BYTES);
    writeSimpleHead(bytes, echo, errno);
    return bytes;
  }
  const text = new TextEncoder().encode(refusal.sentence).subarray(0, STRING_BYTES_MAX);
  const byteCount = 6 + text.byteLength;
  const bytes = new Uint8Array(chunkHeadBytes(echo) + byteCount);
  const at = writeChunkHead(bytes, 0, echo, "error", byteCount);
  markLast(bytes, 0);
  writeUint32(bytes, at, errno);
  writeUint16(bytes, at + 4, text.byteLength);
  bytes.set(text, at + 6);
  return bytes;
}

/**
 * Makes a frame of data the reply to a READ.
 *
 * @param frame {@linkcode SIMPLE_HEAD_BYTES} of room, and the data.
 * @param cookie The request's.
 * @returns The reply.
 */
export function encodeSimpleData(frame: Uint8Array, cookie: Uint8Array): Uint8Array {
  writeSimpleHead(frame, cookie, 0);
  return frame;
}

function writeHole(
  bytes: Uint8Array,
  at: number,
  echo: Uint8Array,
  offsetBytes: number,
  byteCount: number,
): number {
  const body = writeChunkHead(bytes, at, echo, "offsetHole", 12);
  writeUint64(bytes, body, offsetBytes);
  writeUint32(bytes, body + 8, byteCount);
  return body + 12;
}

function writeDataHead(
  bytes: Uint8Array,
  at: number,
  echo: Uint8Array,
  offsetBytes: number,
  byteCount: number,
): number {
  const body = writeChunkHead(bytes, at, echo, "offsetData", 8 + byteCount);
  writeUint64(bytes, body, offsetBytes);
  return body + 8;
}

/** Whether there is one chunk of data and no hole, which is so of nearly all that is read. */
function isOneChunk(content: Uint8Array): boolean {
  return content.byteLength <= ZERO_UNIT_BYTES && !isZeroBytes(content, 0, content.byteLength);
}

/**
 * Makes a frame of data the chunks of a reply to a READ: holes where there is nothing but zeroes.
 *
 * A hole is shorter than the shortest stretch of zeroes, a sector, even with the head of the data behind it:
 * so what comes behind a hole moves towards the beginning, and nothing is overwritten before it has moved.
 *
 * @param frame {@linkcode dataHeadBytes} of room, and the data.
 * @param echo The request's.
 * @param offsetBytes Where the data lies in the export.
 * @param isWhole Whether it must be one chunk.
 * @returns The reply: the beginning of the frame.
 */
export function encodeChunkedData(
  frame: Uint8Array,
  echo: Uint8Array,
  offsetBytes: number,
  isWhole: boolean,
): Uint8Array {
  const headBytes = chunkHeadBytes(echo) + 8;
  const content = frame.subarray(headBytes);
  if (isWhole || isOneChunk(content)) {
    writeDataHead(frame, 0, echo, offsetBytes, content.byteLength);
    markLast(frame, 0);
    return frame;
  }
  let at = 0;
  let last = 0;
  for (const { sector, sectorCount, isZero } of cutZeroes(content, ZERO_UNIT_SECTORS)) {
    const from = sectorsToBytes(sector);
    const byteCount = sectorsToBytes(sectorCount);
    last = at;
    if (isZero) at = writeHole(frame, at, echo, offsetBytes + from, byteCount);
    else {
      const source = headBytes + from;
      if (source > at + headBytes) frame.copyWithin(at + headBytes, source, source + byteCount);
      at = writeDataHead(frame, at, echo, offsetBytes + from, byteCount) + byteCount;
    }
  }
  markLast(frame, last);
  return frame.subarray(0, at);
}

/** Bytes of which the same is said. */
export interface ByteExtent {
  /** How many. */
  readonly byteCount: number;
  /** What is said of them. */
  readonly flags: number;
}

/** What a context says. */
export interface ContextStatus {
  /** Its number. */
  readonly id: number;
  /** At least one. */
  readonly extents: readonly ByteExtent[];
}

/** Writes extents with lengths of 32 bits, behind the context's number. */
function writeExtents(bytes: Uint8Array, at: number, { id, extents }: ContextStatus): number {
  writeUint32(bytes, at, id);
  extents.forEach(({ byteCount, flags }, index) => {
    writeUint32(bytes, at + 4 + index * 8, byteCount);
    writeUint32(bytes, at + 8 + index * 8, flags);
  });
  return at + 4 + extents.length * 8;
}

/** Writes extents with lengths of 64 bits, behind the context's number and theirs. */
function writeLongExtents(bytes: Uint8Array, at: number, { id, extents }: ContextStatus): number {
  writeUint32(bytes, at, id);
  writeUint32(bytes, at + 4, extents.length);
  extents.forEach(({ byteCount, flags }, index) => {
    writeUint64(bytes, at + 8 + index * 16, byteCount);
    writeUint64(bytes, at + 16 + index * 16, flags);
  });
  return at + 8 + extents.length * 16;
}

/**
 * A reply to BLOCK_STATUS: a chunk for each context.
 *
 * @param echo The request's.
 * @param all What each context says, at least one.
 * @returns The reply.
 */
export function encodeStatus(echo: Uint8Array, all: readonly ContextStatus[]): Uint8Array {
  const isLong = isExtended(echo);
  const bodyBytes = ({ extents }: ContextStatus) =>
    isLong ? 8 + extents.length * 16 : 4 + extents.length * 8;
  const byteCount = all.reduce((sum, each) => sum + chunkHeadBytes(echo) + bodyBytes(each), 0);
  const bytes = new Uint8Array(byteCount);
  let at = 0;
  let last = 0;
  for (const each of all) {
    last = at;
    const kind = isLong ? "blockStatusExtended" : "blockStatus";
    const body = writeChunkHead(bytes, at, echo, kind, bodyBytes(each));
    at = (isLong ? writeLongExtents : writeExtents)(bytes, body, each);
  }
  markLast(bytes, last);
  return bytes;
}
