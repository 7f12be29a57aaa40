/**
 * What is said in a slot: a request and its answer, in words.
 *
 * Each side believes nothing that the other has written: a word is read once, checked, and only its
 * copy is used. A request that makes no sense is refused with `EINVAL` and harms nothing; an answer
 * that makes none is `EIO`. Sectors are checked by the served device's own edge besides.
 *
 * Bytes are in the slot's area, or in place: in a memory that the client has shown to the server when
 * it connected. A place outside that memory is refused.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import { sectorsToBytes } from "../../block/units.ts";
import { isDeviceSize } from "../../devices/growable.ts";
import { packError, type PortError, unpackError } from "../../devices/port_protocol.ts";
import { IN_AREA, type Ring, TEXT_BYTES, WORD } from "./slot.ts";

/** What can be asked; in a slot, a verb's place in this list. */
const VERBS = ["read", "write", "zero", "discard", "flush", "close"] as const;

/** What is asked. */
export type Verb = typeof VERBS[number];

/** Memory that both threads see. One of WebAssembly may grow; a buffer may not. */
export type SharedMemory = SharedArrayBuffer | WebAssembly.Memory;

/** The bytes of a memory as it is now. */
export function bufferOf(memory: SharedMemory): ArrayBufferLike {
  return memory instanceof WebAssembly.Memory ? memory.buffer : memory;
}

/** A request as the server has read it. */
export interface Request {
  verb: Verb;
  sector: number;
  sectorCount: number;
  isFua: boolean;
  /** Where the bytes are, or are to be put; empty if there are none. */
  bytes: Uint8Array;
}

/** Writes a request into a slot that is the client's. */
export function writeRequest(
  ring: Ring,
  slot: number,
  verb: Verb,
  sector: number,
  sectorCount: number,
  isFua: boolean,
): void {
  ring.store(slot, WORD.verb, VERBS.indexOf(verb));
  ring.store(slot, WORD.isFua, isFua ? 1 : 0);
  ring.storeNumber(slot, WORD.sector, sector);
  ring.storeNumber(slot, WORD.sectorCount, sectorCount);
  ring.store(slot, WORD.memory, IN_AREA);
}

/** Adds to a request where its bytes are, if not in the slot's area. */
export function writePlace(ring: Ring, slot: number, memory: number, offsetBytes: number): void {
  ring.store(slot, WORD.memory, memory);
  ring.storeNumber(slot, WORD.offsetBytes, offsetBytes);
}

const NO_BYTES = new Uint8Array();

function refuse(found: string, want: string): never {
  throw new BlockDeviceError("EINVAL", `Cannot serve a request: found ${found}, want ${want}`);
}

function readBytes(
  ring: Ring,
  slot: number,
  byteCount: number,
  memories: readonly SharedMemory[],
): Uint8Array {
  const index = ring.load(slot, WORD.memory);
  if (index === IN_AREA) {
    const { areaBytes } = ring.size;
    if (byteCount > areaBytes) refuse(`${byteCount} bytes`, `${areaBytes}, the area's, at most`);
    return ring.area(slot, byteCount);
  }
  const memory = memories[index];
  if (memory === undefined) refuse(`memory ${index}`, `one of ${memories.length}`);
  const buffer = bufferOf(memory);
  const start = ring.loadNumber(slot, WORD.offsetBytes);
  if (!(start + byteCount <= buffer.byteLength)) {
    refuse(`bytes ${start} to ${start + byteCount}`, `a place within ${buffer.byteLength} bytes`);
  }
  return new Uint8Array(buffer, start, byteCount);
}

/**
 * Reads a request from a slot that is the server's.
 *
 * @param ring The ring.
 * @param slot The slot.
 * @param memories What the client has shown.
 * @param request Where it is put: the server keeps one for each slot.
 * @throws {BlockDeviceError} `EINVAL` when it makes no sense.
 */
export function readRequest(
  ring: Ring,
  slot: number,
  memories: readonly SharedMemory[],
  request: Request,
): void {
  const number = ring.load(slot, WORD.verb);
  const verb = VERBS[number];
  if (verb === undefined) refuse(`verb ${number}`, `0 to ${VERBS.length - 1}`);
  const sector = ring.loadNumber(slot, WORD.sector);
  const sectorCount = ring.loadNumber(slot, WORD.sectorCount);
  if (!Number.isSafeInteger(sector) || !Number.isSafeInteger(sectorCount)) {
    refuse(`${sectorCount} sectors at ${sector}`, "exact numbers");
  }
  request.verb = verb;
  request.sector = sector;
  request.sectorCount = sectorCount;
  request.isFua = ring.load(slot, WORD.isFua) === 1;
  request.bytes = verb === "read" || verb === "write"
    ? readBytes(ring, slot, sectorsToBytes(sectorCount), memories)
    : NO_BYTES;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An error as text that fits: a message is cut, and a name left out, if need be. */
function textOf(error: unknown): Uint8Array {
  const { device, ...packed } = packError(error);
  const tries = [{ ...packed, device }, packed];
  for (let { message } = packed;; message = message.slice(0, message.length >> 1)) {
    for (const each of tries) {
      const text = encoder.encode(JSON.stringify({ ...each, message }));
      if (text.length <= TEXT_BYTES) return text;
    }
  }
}

/** Writes the answer of a request that was done. */
export function writeSuccess(ring: Ring, slot: number, deviceSectors: number): void {
  ring.store(slot, WORD.errorBytes, 0);
  ring.storeNumber(slot, WORD.size, deviceSectors);
}

/** Writes the answer of a request that failed. */
export function writeFailure(
  ring: Ring,
  slot: number,
  deviceSectors: number,
  error: unknown,
): void {
  const text = textOf(error);
  ring.text(slot).set(text);
  ring.store(slot, WORD.errorBytes, text.length);
  ring.storeNumber(slot, WORD.size, deviceSectors);
}

/** An answer that makes no sense. */
export function corruptAnswer(device: string, found: string): BlockDeviceError {
  return new BlockDeviceError(
    "EIO",
    `Cannot use the answer of "${device}": found ${found} in the shared memory`,
    { device },
  );
}

/** A programmer's mistake over there is an `EIO` here: who asked did not make it. */
function readFailure(ring: Ring, slot: number, byteCount: number): Error {
  // A copy: decoders refuse shared memory, and it can change no more.
  const text = decoder.decode(ring.text(slot).slice(0, byteCount));
  const packed = JSON.parse(text) as Partial<PortError> | null;
  const place: Record<string, unknown> = {};
  if (typeof packed?.device === "string") place.device = packed.device;
  if (Number.isSafeInteger(packed?.sector)) place.sector = packed?.sector;
  if (Number.isSafeInteger(packed?.sectorCount)) place.sectorCount = packed?.sectorCount;
  return unpackError({
    code: String(packed?.code),
    message: String(packed?.message),
    ...place,
  });
}

/**
 * Reads the device's size from an answer.
 *
 * @param ring The ring.
 * @param slot A slot that is the client's.
 * @param device The device's name, for messages.
 * @returns Its sectors when it answered.
 * @throws {BlockDeviceError} `EIO` when that is no size.
 */
export function readSize(ring: Ring, slot: number, device: string): number {
  const sectorCount = ring.loadNumber(slot, WORD.size);
  if (!isDeviceSize(sectorCount)) throw corruptAnswer(device, `a size of ${sectorCount} sectors`);
  return sectorCount;
}

/**
 * Reads why a request has failed, if it has.
 *
 * @param ring The ring.
 * @param slot A slot that is the client's.
 * @param device The device's name, for messages.
 * @returns The served device's error, or what is wrong with the answer.
 */
export function readError(ring: Ring, slot: number, device: string): Error | undefined {
  const byteCount = ring.load(slot, WORD.errorBytes);
  if (byteCount === 0) return undefined;
  if (byteCount < 0 || byteCount > TEXT_BYTES) {
    return corruptAnswer(device, `an error of ${byteCount} bytes`);
  }
  try {
    return readFailure(ring, slot, byteCount);
  } catch (error) {
    if (error instanceof SyntaxError) return corruptAnswer(device, "an error that is no text");
    throw error;
  }
}
