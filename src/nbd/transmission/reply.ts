/**
 * Replies, as bytes.
 *
 * A client that takes structured replies gets them to everything that carries data and to every error; a
 * plain success is a simple reply for all.
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
const CHUNK_HEAD_BYTES = 20;
/** A chunk's head, and the offset of its data. */
export const DATA_HEAD_BYTES = CHUNK_HEAD_BYTES + 8;

/** A kind of chunk. */
type ChunkKind = keyof typeof CHUNKS;

function writeChunkHead(
  bytes: Uint8Array,
  cookie: Uint8Array,
  kind: ChunkKind,
  byteCount: number,
  isLast: boolean,
): DataView {
  const view = viewOf(bytes);
  view.setUint32(0, MAGICS.structuredReply);
  view.setUint16(4, isLast ? CHUNK_DONE : 0);
  view.setUint16(6, CHUNKS[kind]);
  bytes.set(cookie, 8);
  view.setUint32(16, byteCount);
  return view;
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
 * @param cookie The request's.
 * @returns The bytes.
 */
export function encodeDone(cookie: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(SIMPLE_HEAD_BYTES);
  writeSimpleHead(bytes, cookie, 0);
  return bytes;
}

/**
 * A reply that says that something was not done.
 *
 * @param cookie The request's.
 * @param refusal Why.
 * @param isStructured Whether the client takes structured replies.
 * @returns The bytes.
 */
export function encodeError(
  cookie: Uint8Array,
  refusal: Refusal,
  isStructured: boolean,
): Uint8Array {
  const errno = NBD_ERRORS[refusal.code];
  if (!isStructured) {
    const bytes = new Uint8Array(SIMPLE_HEAD_BYTES);
    writeSimpleHead(bytes, cookie, errno);
    return bytes;
  }
  const text = new TextEncoder().encode(refusal.sentence).subarray(0, STRING_BYTES_MAX);
  const bytes = new Uint8Array(CHUNK_HEAD_BYTES + 6 + text.byteLength);
  const view = writeChunkHead(bytes, cookie, "error", 6 + text.byteLength, true);
  view.setUint32(CHUNK_HEAD_BYTES, errno);
  view.setUint16(CHUNK_HEAD_BYTES + 4, text.byteLength);
  bytes.set(text, CHUNK_HEAD_BYTES + 6);
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

function encodeHole(cookie: Uint8Array, offsetBytes: number, byteCount: number): Uint8Array {
  const bytes = new Uint8Array(DATA_HEAD_BYTES + 4);
  const view = writeChunkHead(bytes, cookie, "offsetHole", 12, false);
  writeUint64(view, CHUNK_HEAD_BYTES, offsetBytes);
  view.setUint32(DATA_HEAD_BYTES, byteCount);
  return bytes;
}

function writeDataHead(
  bytes: Uint8Array,
  cookie: Uint8Array,
  offsetBytes: number,
  byteCount: number,
): void {
  const view = writeChunkHead(bytes, cookie, "offsetData", 8 + byteCount, false);
  writeUint64(view, CHUNK_HEAD_BYTES, offsetBytes);
}

/**
 * Makes a frame of data the chunks of a reply to a READ: holes where there is nothing but zeroes.
 *
 * @param frame {@linkcode DATA_HEAD_BYTES} of room, and the data.
 * @param cookie The request's.
 * @param offsetBytes Where the data lies in the export.
 * @param isWhole Whether it must be one chunk.
 * @returns The reply, in pieces; most lie in the frame.
 */
export function encodeStructuredData(
  frame: Uint8Array,
  cookie: Uint8Array,
  offsetBytes: number,
  isWhole: boolean,
): Uint8Array[] {
  const content = frame.subarray(DATA_HEAD_BYTES);
  const pieces: Uint8Array[] = [];
  const add = (from: number, to: number, isZero: boolean) => {
    if (isZero) pieces.push(encodeHole(cookie, offsetBytes + from, to - from));
    else if (from === 0) {
      writeDataHead(frame, cookie, offsetBytes, to);
      pieces.push(frame.subarray(0, DATA_HEAD_BYTES + to));
    } else {
      const head = new Uint8Array(DATA_HEAD_BYTES);
      writeDataHead(head, cookie, offsetBytes + from, to - from);
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

/**
 * A reply to BLOCK_STATUS.
 *
 * @param cookie The request's.
 * @param all What each context says, at least one.
 * @returns The reply, a piece for each.
 */
export function encodeStatus(cookie: Uint8Array, all: readonly ContextStatus[]): Uint8Array[] {
  return all.map(({ id, extents }, index) => {
    const byteCount = 4 + extents.length * 8;
    const bytes = new Uint8Array(CHUNK_HEAD_BYTES + byteCount);
    const view = writeChunkHead(bytes, cookie, "blockStatus", byteCount, index === all.length - 1);
    view.setUint32(CHUNK_HEAD_BYTES, id);
    extents.forEach(({ sectorCount, flags }, at) => {
      view.setUint32(CHUNK_HEAD_BYTES + 4 + at * 8, sectorsToBytes(sectorCount));
      view.setUint32(CHUNK_HEAD_BYTES + 8 + at * 8, flags);
    });
    return bytes;
  });
}
