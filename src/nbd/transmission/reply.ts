/**
 * Replies, as bytes.
 *
 * A client that takes structured replies gets them to everything that carries data and to every error; a
 * plain success is a simple reply. With extended headers everything is a chunk.
 *
 * A reply with data is a *frame*: a buffer with room for the head before the data, so that the device reads
 * to where the bytes will be sent from.
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
  viewOf,
  writeUint64,
} from "../protocol.ts";
import { type StatusExtent, ZERO_UNIT_SECTORS } from "../meta_context.ts";
import { sectorsToBytes } from "../../block/units.ts";
import type { Refusal } from "./request.ts";
import { cutZeroes } from "../../disk/image/image_pieces.ts";

/** A simple reply's head. */
export const SIMPLE_HEAD_BYTES = 16;

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

function writeChunkHead(
  bytes: Uint8Array,
  echo: Uint8Array,
  kind: ChunkKind,
  byteCount: number,
  isLast: boolean,
): DataView {
  const view = viewOf(bytes);
  view.setUint32(0, isExtended(echo) ? MAGICS.extendedReply : MAGICS.structuredReply);
  view.setUint16(4, isLast ? CHUNK_DONE : 0);
  view.setUint16(6, CHUNKS[kind]);
  bytes.set(echo, 8);
  if (isExtended(echo)) writeUint64(view, 24, byteCount);
  else view.setUint32(16, byteCount);
  return view;
}

/** A chunk with room behind its head. */
function chunk(echo: Uint8Array, kind: ChunkKind, byteCount: number, isLast: boolean) {
  const headBytes = chunkHeadBytes(echo);
  const bytes = new Uint8Array(headBytes + byteCount);
  return { bytes, headBytes, view: writeChunkHead(bytes, echo, kind, byteCount, isLast) };
}

/**
 * Writes a simple reply's head.
 *
 * @param bytes Where to.
 * @param cookie The request's.
 * @param errno 0 when it was done.
 */
export function writeSimpleHead(bytes: Uint8Array, cookie: Uint8Array, errno: number): void {
  const view = viewOf(bytes);
  view.setUint32(0, MAGICS.simpleReply);
  view.setUint32(4, errno);
  bytes.set(cookie, 8);
}

/**
 * A reply that says that something was done.
 *
 * @param echo The request's.
 * @returns The bytes.
 */
export function encodeDone(echo: Uint8Array): Uint8Array {
  if (isExtended(echo)) return chunk(echo, "none", 0, true).bytes;
  const bytes = new Uint8Array(SIMPLE_HEAD_BYTES);
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
  const { bytes, headBytes, view } = chunk(echo, "error", 6 + text.byteLength, true);
  view.setUint32(headBytes, errno);
  view.setUint16(headBytes + 4, text.byteLength);
  bytes.set(text, headBytes + 6);
  return bytes;
}

/**
 * Makes a frame of data the reply to a READ.
 *
 * @param frame {@linkcode SIMPLE_HEAD_BYTES} of room, and the data.
 * @param cookie The request's.
 * @returns The reply.
 */
export function encodeSimpleData(frame: Uint8Array, cookie: Uint8Array): Uint8Array[] {
  writeSimpleHead(frame, cookie, 0);
  return [frame];
}

function encodeHole(echo: Uint8Array, offsetBytes: number, byteCount: number): Uint8Array {
  const { bytes, headBytes, view } = chunk(echo, "offsetHole", 12, false);
  writeUint64(view, headBytes, offsetBytes);
  view.setUint32(headBytes + 8, byteCount);
  return bytes;
}

function writeDataHead(
  bytes: Uint8Array,
  echo: Uint8Array,
  offsetBytes: number,
  byteCount: number,
): void {
  const view = writeChunkHead(bytes, echo, "offsetData", 8 + byteCount, false);
  writeUint64(view, chunkHeadBytes(echo), offsetBytes);
}

/**
 * Makes a frame of data the chunks of a reply to a READ: holes where there is nothing but zeroes.
 *
 * @param frame {@linkcode dataHeadBytes} of room, and the data.
 * @param echo The request's.
 * @param offsetBytes Where the data lies in the export.
 * @param isWhole Whether it must be one chunk.
 * @returns The reply, in pieces; most lie in the frame.
 */
export function encodeChunkedData(
  frame: Uint8Array,
  echo: Uint8Array,
  offsetBytes: number,
  isWhole: boolean,
): Uint8Array[] {
  const headBytes = chunkHeadBytes(echo) + 8;
  const content = frame.subarray(headBytes);
  const pieces: Uint8Array[] = [];
  const add = (from: number, to: number, isZero: boolean) => {
    if (isZero) pieces.push(encodeHole(echo, offsetBytes + from, to - from));
    else if (from === 0) {
      writeDataHead(frame, echo, offsetBytes, to);
      pieces.push(frame.subarray(0, headBytes + to));
    } else {
      const head = new Uint8Array(headBytes);
      writeDataHead(head, echo, offsetBytes + from, to - from);
      pieces.push(head, content.subarray(from, to));
    }
    lastHead = isZero || from === 0 ? pieces.length - 1 : pieces.length - 2;
  };
  let lastHead = 0;
  if (isWhole) add(0, content.byteLength, false);
  else {
    for (const { sector, sectorCount, isZero } of cutZeroes(content, ZERO_UNIT_SECTORS)) {
      add(sectorsToBytes(sector), sectorsToBytes(sector + sectorCount), isZero);
    }
  }
  viewOf(pieces[lastHead] as Uint8Array).setUint16(4, CHUNK_DONE);
  return pieces;
}

/** What a context says. */
export interface ContextStatus {
  /** Its number. */
  readonly id: number;
  /** At least one. */
  readonly extents: readonly StatusExtent[];
}

/** Extents with lengths of 32 bits, behind the context's number. */
function encodeExtents(echo: Uint8Array, { id, extents }: ContextStatus, isLast: boolean) {
  const { bytes, headBytes, view } = chunk(echo, "blockStatus", 4 + extents.length * 8, isLast);
  view.setUint32(headBytes, id);
  extents.forEach(({ sectorCount, flags }, index) => {
    const at = headBytes + 4 + index * 8;
    view.setUint32(at, sectorsToBytes(sectorCount));
    view.setUint32(at + 4, flags);
  });
  return bytes;
}

/** Extents with lengths of 64 bits, behind the context's number and theirs. */
function encodeLongExtents(echo: Uint8Array, { id, extents }: ContextStatus, isLast: boolean) {
  const byteCount = 8 + extents.length * 16;
  const { bytes, headBytes, view } = chunk(echo, "blockStatusExtended", byteCount, isLast);
  view.setUint32(headBytes, id);
  view.setUint32(headBytes + 4, extents.length);
  extents.forEach(({ sectorCount, flags }, index) => {
    const at = headBytes + 8 + index * 16;
    writeUint64(view, at, sectorsToBytes(sectorCount));
    writeUint64(view, at + 8, flags);
  });
  return bytes;
}

/**
 * A reply to BLOCK_STATUS.
 *
 * @param echo The request's.
 * @param all What each context says, at least one.
 * @returns The reply, a piece for each.
 */
export function encodeStatus(echo: Uint8Array, all: readonly ContextStatus[]): Uint8Array[] {
  const encode = isExtended(echo) ? encodeLongExtents : encodeExtents;
  return all.map((status, index) => encode(echo, status, index === all.length - 1));
}
