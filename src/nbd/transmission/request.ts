/**
 * A request: 28 bytes of a client in, a request or the reason to refuse it out.
 *
 * What is checked here is not checked again. A request that passes lies inside the export, is aligned, has
 * no flag that it may not have, and writes only what can be written.
 *
 * | refused | with |
 * |---|---|
 * | a flag or a command that was not offered; no length; not aligned; longer than 32 MiB | `EINVAL` |
 * | reads and the like past the end | `EINVAL` |
 * | writes past the end | `ENOSPC` |
 * | whatever changes a read-only export | `EPERM` |
 *
 * This module is browser compatible.
 *
 * @module
 */

import { bytesToSectors, isAligned } from "../../block/units.ts";
import { blockSizes, exportBytes, isWritable } from "../export.ts";
import type { Agreement } from "../handshake/handshake.ts";
import {
  COMMAND_FLAGS,
  COMMANDS,
  MAGICS,
  type NbdErrorCode,
  PAYLOAD_BYTES_MAX,
  readUint64,
  viewOf,
} from "../protocol.ts";

/** The length of a request's head. */
export const REQUEST_HEAD_BYTES = 28;

/** What a client asks for. */
export interface NbdRequest {
  readonly command: number;
  readonly flags: number;
  /** Eight bytes that the reply repeats. */
  readonly cookie: Uint8Array;
  readonly offsetBytes: number;
  readonly byteCount: number;
}

/** A request that is not performed. */
export interface Refusal {
  readonly code: NbdErrorCode;
  /** Why, for people. */
  readonly sentence: string;
}

/**
 * Reads the head of a request.
 *
 * @param head Its bytes.
 * @returns The request, or nothing when it is none: the stream is out of step.
 */
export function decodeRequest(head: Uint8Array): NbdRequest | null {
  const view = viewOf(head);
  if (view.getUint32(0) !== MAGICS.request) return null;
  return {
    flags: view.getUint16(4),
    command: view.getUint16(6),
    // A copy, whatever kind of array it is: the head is a view of all that came in with it.
    cookie: new Uint8Array(head.subarray(8, 16)),
    offsetBytes: readUint64(view, 16),
    byteCount: view.getUint32(24),
  };
}

/** Flags that a command may have besides FUA, which all may have. */
function flagsOf(command: number, hasStructuredReplies: boolean): number {
  const { noHole, fastZero, dontFragment, one } = COMMAND_FLAGS;
  if (command === COMMANDS.writeZeroes) return noHole | fastZero;
  if (command === COMMANDS.blockStatus) return one;
  return command === COMMANDS.read && hasStructuredReplies ? dontFragment : 0;
}

function refuse(code: NbdErrorCode, sentence: string): Refusal {
  return { code, sentence };
}

const WRITES: ReadonlySet<number> = new Set([
  COMMANDS.write,
  COMMANDS.trim,
  COMMANDS.writeZeroes,
]);

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

/**
 * Checks a request.
 *
 * @param request The request; not DISC.
 * @param agreement What was agreed on.
 * @returns Why it is refused, or nothing.
 */
export function checkRequest(request: NbdRequest, agreement: Agreement): Refusal | null {
  const { command, flags, offsetBytes, byteCount } = request;
  const notOffered = whyNotOffered(command, agreement);
  if (notOffered !== null) return notOffered;
  const allowed = COMMAND_FLAGS.fua | flagsOf(command, agreement.hasStructuredReplies);
  if ((flags & ~allowed) !== 0) return refuse("EINVAL", `Found flags ${flags}, want ${allowed}`);
  if (command === COMMANDS.flush) {
    const isEmpty = offsetBytes === 0 && byteCount === 0;
    return isEmpty ? null : refuse("EINVAL", "A FLUSH has no offset and no length");
  }
  if (byteCount === 0) return refuse("EINVAL", "Found no length");
  const hasPayload = command === COMMANDS.read || command === COMMANDS.write;
  if (hasPayload && byteCount > PAYLOAD_BYTES_MAX) {
    return refuse("EINVAL", `Want at most ${PAYLOAD_BYTES_MAX} bytes`);
  }
  const unitBytes = blockSizes(agreement.export).minimumBytes;
  if (!isAligned(offsetBytes, unitBytes) || !isAligned(byteCount, unitBytes)) {
    return refuse("EINVAL", `Want multiples of ${unitBytes} bytes`);
  }
  if (offsetBytes + byteCount > exportBytes(agreement.export)) {
    return refuse(WRITES.has(command) ? "ENOSPC" : "EINVAL", "The export ends before that");
  }
  return null;
}

/**
 * Where a request begins.
 *
 * @param request A request that was checked.
 * @returns The first sector.
 */
export function sectorOf(request: NbdRequest): number {
  return bytesToSectors(request.offsetBytes);
}
