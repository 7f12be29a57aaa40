/**
 * A request: the bytes of a client in, a request or the reason to refuse it out.
 *
 * | head | bytes | its length is |
 * |---|---|---|
 * | compact | 28 | of 32 bits: of the payload behind a WRITE's head, of the stretch for all others |
 * | extended | 32 | of 64 bits: of the payload if the flag PAYLOAD says so, or else of the stretch |
 *
 * In both, the cookie lies before the offset, and a reply repeats either the one or both.
 *
 * What is checked here is not checked again. A request that passes lies inside the export, has no
 * flag that it may not have, and writes only what can be written. It may begin and end at any byte.
 *
 * | refused | with |
 * |---|---|
 * | a flag or a command that was not offered; no length; longer than 32 MiB | `EINVAL` |
 * | a payload where none belongs, or none where one does | `EINVAL` |
 * | reads and the like past the end | `EINVAL` |
 * | writes past the end | `ENOSPC` |
 * | whatever changes a read-only export | `EPERM` |
 *
 * This module is browser compatible.
 *
 * @module
 */

import { bytesToSectors } from "../../block/units.ts";
import { exportBytes, isWritable } from "../export.ts";
import type { Agreement } from "../handshake/handshake.ts";
import {
  COMMAND_FLAGS,
  COMMANDS,
  MAGICS,
  type NbdErrorCode,
  type NbdMode,
  PAYLOAD_BYTES_MAX,
  readUint16,
  readUint32,
  readUint64,
} from "../protocol.ts";

/** What a client asks for. */
export interface NbdRequest {
  readonly command: number;
  readonly flags: number;
  /** What the reply repeats: eight bytes of cookie; with extended headers, eight of the offset behind them. */
  readonly echo: Uint8Array;
  readonly offsetBytes: number;
  /** The length in the head: of the stretch, or of the payload where that is not the same. */
  readonly byteCount: number;
  /** How many bytes follow the head. */
  readonly payloadBytes: number;
  /** The contexts that a BLOCK_STATUS is about; all that were chosen, if left out. */
  readonly contexts?: readonly number[];
}

/** A request that is not performed. */
export interface Refusal {
  readonly code: NbdErrorCode;
  /** Why, for people. */
  readonly sentence: string;
}

/**
 * The length of a request's head.
 *
 * @param mode The messages that were agreed on.
 * @returns Bytes.
 */
export function requestHeadBytes(mode: NbdMode): number {
  return mode === "extended" ? 32 : 28;
}

/**
 * Reads the head of a request.
 *
 * @param head Its bytes; no `Buffer`, whose slices are no copies.
 * @param mode The messages that were agreed on.
 * @returns The request, or nothing when it is none: the stream is out of step, or is about to be, for nobody
 * sends more than 32 MiB behind an extended head.
 */
export function decodeRequest(head: Uint8Array, mode: NbdMode): NbdRequest | null {
  const isExtended = mode === "extended";
  const magic = isExtended ? MAGICS.extendedRequest : MAGICS.request;
  if (readUint32(head, 0) !== magic) return null;
  const flags = readUint16(head, 4);
  const command = readUint16(head, 6);
  const byteCount = isExtended ? readUint64(head, 24) : readUint32(head, 24);
  const hasPayload = isExtended
    ? (flags & COMMAND_FLAGS.payload) !== 0
    : command === COMMANDS.write;
  if (isExtended && hasPayload && byteCount > PAYLOAD_BYTES_MAX) return null;
  return {
    flags,
    command,
    // A copy: the head is a view of all that came in with it.
    echo: head.slice(8, isExtended ? 24 : 16),
    offsetBytes: readUint64(head, 16),
    byteCount,
    payloadBytes: hasPayload ? byteCount : 0,
  };
}

/** Flags that a command may have besides FUA, which all may have. */
function flagsOf(command: number, { mode, contexts }: Agreement): number {
  const { noHole, fastZero, dontFragment, one, payload } = COMMAND_FLAGS;
  const withPayload = mode === "extended" ? payload : 0;
  switch (command) {
    case COMMANDS.writeZeroes:
      return noHole | fastZero;
    case COMMANDS.blockStatus:
      return one | (contexts.length > 0 ? withPayload : 0);
    case COMMANDS.write:
      return withPayload;
    case COMMANDS.read:
      return mode === "simple" ? 0 : dontFragment;
    default:
      return 0;
  }
}

function refuse(code: NbdErrorCode, sentence: string): Refusal {
  return { code, sentence };
}

const WRITES: ReadonlySet<number> = new Set([
  COMMANDS.write,
  COMMANDS.trim,
  COMMANDS.writeZeroes,
]);

/**
 * Whether a request changes what it is about.
 *
 * @param request A request.
 * @returns Whether it is a WRITE, or another that writes.
 */
export function isWrite({ command }: NbdRequest): boolean {
  return WRITES.has(command);
}

function whyNotOffered(command: number, agreement: Agreement): Refusal | null {
  if (WRITES.has(command) && !isWritable(agreement.export)) {
    return refuse("EPERM", "The export is read-only");
  }
  switch (command) {
    case COMMANDS.read:
    case COMMANDS.write:
    case COMMANDS.flush:
    case COMMANDS.cache:
    case COMMANDS.writeZeroes:
      return null;
    case COMMANDS.trim:
      return agreement.export.device.supports.discard
        ? null
        : refuse("EINVAL", "The export takes no TRIM");
    case COMMANDS.blockStatus:
      return agreement.contexts.length > 0
        ? null
        : refuse("EINVAL", "No context was chosen for BLOCK_STATUS");
    default:
      return refuse("EINVAL", `There is no command ${command}`);
  }
}

/** Refuses a stretch that a request must not be about. */
function checkStretch({ command, offsetBytes, byteCount }: NbdRequest, agreement: Agreement) {
  if (byteCount === 0) return refuse("EINVAL", "Found no length");
  const hasData = command === COMMANDS.read || command === COMMANDS.write;
  if (hasData && byteCount > PAYLOAD_BYTES_MAX) {
    return refuse("EINVAL", `Want at most ${PAYLOAD_BYTES_MAX} bytes`);
  }
  if (offsetBytes + byteCount > exportBytes(agreement.export)) {
    return refuse(WRITES.has(command) ? "ENOSPC" : "EINVAL", "The export ends before that");
  }
  return null;
}

/** The stretch's length, before the contexts' numbers, of which there is one at least. */
const FILTER_HEAD_BYTES = 8;

function isFilter({ command, flags }: NbdRequest): boolean {
  return command === COMMANDS.blockStatus && (flags & COMMAND_FLAGS.payload) !== 0;
}

/**
 * Checks a request.
 *
 * @param request The request; not DISC.
 * @param agreement What was agreed on.
 * @returns Why it is refused, or nothing. The payload of a BLOCK_STATUS is still to be read, by
 * {@linkcode readFilter}.
 */
export function checkRequest(request: NbdRequest, agreement: Agreement): Refusal | null {
  const { command, flags, offsetBytes, byteCount, payloadBytes } = request;
  if (agreement.export.hasEnded === true) return refuse("ESHUTDOWN", "The export is gone");
  const notOffered = whyNotOffered(command, agreement);
  if (notOffered !== null) return notOffered;
  const allowed = COMMAND_FLAGS.fua | flagsOf(command, agreement);
  if ((flags & ~allowed) !== 0) return refuse("EINVAL", `Found flags ${flags}, want ${allowed}`);
  if (command === COMMANDS.flush) {
    const isEmpty = offsetBytes === 0 && byteCount === 0;
    return isEmpty ? null : refuse("EINVAL", "A FLUSH has no offset and no length");
  }
  if (command === COMMANDS.write && payloadBytes !== byteCount) {
    return refuse("EINVAL", "Want the flag PAYLOAD with a WRITE");
  }
  if (!isFilter(request)) return checkStretch(request, agreement);
  const count = (payloadBytes - FILTER_HEAD_BYTES) / 4;
  const isRight = Number.isInteger(count) && count >= 1 && count <= agreement.contexts.length;
  return isRight ? null : refuse("EINVAL", "Want a length, and some of the contexts chosen");
}

/**
 * Reads what a client wants BLOCK_STATUS to be about.
 *
 * @param request A BLOCK_STATUS with a payload, checked.
 * @param payload The length of the stretch, and the numbers of contexts.
 * @param agreement What was agreed on.
 * @returns The request for that stretch and those contexts, or why it is refused.
 */
export function readFilter(
  request: NbdRequest,
  payload: Uint8Array,
  agreement: Agreement,
): NbdRequest | Refusal {
  const contexts: number[] = [];
  for (let at = FILTER_HEAD_BYTES; at < payload.byteLength; at += 4) {
    contexts.push(readUint32(payload, at));
  }
  const isKnown = contexts.every((each) => agreement.contexts.includes(each));
  if (!isKnown || new Set(contexts).size < contexts.length) {
    return refuse("EINVAL", "Want contexts that were chosen, each once");
  }
  const filtered = { ...request, byteCount: readUint64(payload, 0), contexts };
  return checkStretch(filtered, agreement) ?? filtered;
}

/**
 * Where a request begins.
 *
 * @param request A request that was checked, of whole blocks.
 * @returns The first sector.
 */
export function sectorOf(request: NbdRequest): number {
  return bytesToSectors(request.offsetBytes);
}
