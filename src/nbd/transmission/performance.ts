/**
 * What each command does to the device, as a plan: one body of logic, for devices that answer at once and
 * for those that do not.
 *
 * | command | does |
 * |---|---|
 * | READ | reads to where the reply is sent from; zeroes are sent as holes |
 * | WRITE | writes; FUA is the device's own |
 * | FLUSH | flushes |
 * | TRIM | discards; with FUA, flushes |
 * | WRITE_ZEROES | writes zeroes as the device does; with NO_HOLE, as data; with FAST_ZERO, not at all |
 * | CACHE | reads, 32 MiB at most, and drops what was read: a cache or copy-on-read keeps it |
 * | BLOCK_STATUS | asks the contexts that were chosen |
 *
 * What is not of whole logical blocks is served all the same (`block/byte_access.ts`): a READ has no holes
 * then, a WRITE is still one write of the device, a WRITE_ZEROES writes its ends by themselves, a TRIM leaves
 * its ends alone, and a CACHE or BLOCK_STATUS asks about all that it touches. `PartFence` keeps writes apart.
 *
 * Zeroes of more than 32 MiB are written in parts, between which other clients have their turn; discards of
 * more than 1 GiB as well.
 *
 * FAST_ZERO is always answered `ENOTSUP`, at once, for no device promises that zeroing is quicker than
 * writing; a client then goes on without it.
 *
 * This module is browser compatible.
 *
 * @module
 */

import {
  blocksTouched,
  blocksWithin,
  isWholeBlocks,
  planReadBytes,
  planWriteBytes,
} from "../../block/byte_access.ts";
import { type BlockDevice, isSyncDevice } from "../../block/device.ts";
import { BlockDeviceError, type ErrorCode } from "../../block/errors.ts";
import {
  discardStep,
  flushStep,
  type Plan,
  readStep,
  runAsync,
  runSync,
  sleepStep,
  writeStep,
  zeroStep,
} from "../../block/plan.ts";
import { bytesToSectors, type SectorRange, sectorsToBytes } from "../../block/units.ts";
import type { Agreement } from "../handshake/handshake.ts";
import { contextsOf, type MetaContext, type StatusExtent } from "../meta_context.ts";
import { COMMAND_FLAGS, COMMANDS, type NbdErrorCode, PAYLOAD_BYTES_MAX } from "../protocol.ts";
import { partFenceOf } from "./part_fence.ts";
import {
  type ByteExtent,
  type ContextStatus,
  dataHeadBytes,
  encodeChunkedData,
  encodeDone,
  encodeSimpleData,
  encodeStatus,
} from "./reply.ts";
import { ownRoom, type Room } from "./reply_output.ts";
import { isWrite, type NbdRequest, type Refusal, sectorOf } from "./request.ts";

const PIECE_SECTORS = bytesToSectors(1024 * 1024);
/** As much as a READ or a WRITE may have: what is longer is done in parts. */
const LONG_SECTORS = bytesToSectors(PAYLOAD_BYTES_MAX);
/** Nothing is written for what is discarded: longer parts do. */
const DISCARD_SECTORS = bytesToSectors(2 ** 30);

function* planRead(request: NbdRequest, agreement: Agreement, take: Room): Plan<Uint8Array> {
  const { echo, offsetBytes, byteCount, flags } = request;
  const { export: { device }, mode } = agreement;
  const headBytes = dataHeadBytes(echo, mode);
  const frame = take(headBytes + byteCount);
  const content = frame.subarray(headBytes);
  // A plan of its own would cost every request what only few of them need.
  const isOfBlocks = isWholeBlocks(device, offsetBytes, byteCount);
  if (isOfBlocks) yield readStep(device, content, sectorOf(request));
  else yield* planReadBytes(device, content, offsetBytes);
  if (mode === "simple") return encodeSimpleData(frame, echo);
  const isWhole = !isOfBlocks || (flags & COMMAND_FLAGS.dontFragment) !== 0;
  const reply = encodeChunkedData(frame, echo, offsetBytes, isWhole);
  // A short reply must not keep a long frame alive that has memory of its own.
  const isWasteful = frame.byteLength === frame.buffer.byteLength &&
    reply.byteLength * 2 < frame.byteLength;
  return isWasteful ? reply.slice() : reply;
}

function* planZeroData(device: BlockDevice, sector: number, count: number, isFua: boolean): Plan {
  const zeroes = new Uint8Array(sectorsToBytes(Math.min(count, PIECE_SECTORS)));
  for (let done = 0; done < count; done += PIECE_SECTORS) {
    const piece = zeroes.subarray(0, sectorsToBytes(Math.min(PIECE_SECTORS, count - done)));
    yield writeStep(device, piece, sector + done, isFua);
  }
}

/** Zeroes a part of a block at an end of a request, if there is one. */
function* planZeroEnd(device: BlockDevice, from: number, to: number, isFua: boolean): Plan {
  if (from < to) yield* planWriteBytes(device, new Uint8Array(to - from), from, isFua);
}

function* planZeroes(request: NbdRequest, device: BlockDevice): Plan {
  const { flags, offsetBytes, byteCount } = request;
  const isFua = (flags & COMMAND_FLAGS.fua) !== 0;
  if ((flags & COMMAND_FLAGS.fastZero) !== 0) {
    throw new BlockDeviceError("ENOTSUP", "Cannot promise to zero faster than to write");
  }
  const endBytes = offsetBytes + byteCount;
  const { sector, sectorCount } = blocksWithin(device, offsetBytes, byteCount);
  if (sectorCount === 0) return yield* planZeroEnd(device, offsetBytes, endBytes, isFua);
  const end = sector + sectorCount;
  yield* planZeroEnd(device, offsetBytes, sectorsToBytes(sector), isFua);
  for (let at = sector; at < end; at += LONG_SECTORS) {
    // Others want to be heard meanwhile.
    if (at > sector) yield sleepStep(0);
    const count = Math.min(LONG_SECTORS, end - at);
    if ((flags & COMMAND_FLAGS.noHole) === 0) yield zeroStep(device, at, count, isFua);
    else yield* planZeroData(device, at, count, isFua);
  }
  yield* planZeroEnd(device, sectorsToBytes(end), endBytes, isFua);
}

function* planDiscard(device: BlockDevice, { sector, sectorCount }: SectorRange): Plan {
  for (let done = 0; done < sectorCount; done += DISCARD_SECTORS) {
    if (done > 0) yield sleepStep(0);
    yield discardStep(device, sector + done, Math.min(DISCARD_SECTORS, sectorCount - done));
  }
}

function* planCache(device: BlockDevice, { sector, sectorCount }: SectorRange): Plan {
  const wanted = Math.min(sectorCount, LONG_SECTORS);
  const dropped = new Uint8Array(sectorsToBytes(Math.min(wanted, PIECE_SECTORS)));
  for (let done = 0; done < wanted; done += PIECE_SECTORS) {
    const byteCount = sectorsToBytes(Math.min(PIECE_SECTORS, wanted - done));
    yield readStep(device, dropped.subarray(0, byteCount), sector + done);
  }
}

/** Keeps of what was said of whole blocks what is about the bytes that were asked for. */
function cutExtents(
  extents: readonly StatusExtent[],
  fromBytes: number,
  toBytes: number,
): ByteExtent[] {
  const cut: ByteExtent[] = [];
  let at = 0;
  for (const { sectorCount, flags } of extents) {
    const first = Math.max(at, fromBytes);
    at += sectorsToBytes(sectorCount);
    const byteCount = Math.min(at, toBytes) - first;
    if (byteCount > 0) cut.push({ byteCount, flags });
  }
  return cut;
}

function* planStatus(request: NbdRequest, agreement: Agreement): Plan<Uint8Array> {
  const { offsetBytes, byteCount } = request;
  const all = contextsOf(agreement.export);
  const touched = blocksTouched(agreement.export.device, offsetBytes, byteCount);
  const from = offsetBytes - sectorsToBytes(touched.sector);
  const statuses: ContextStatus[] = [];
  for (const id of request.contexts ?? agreement.contexts) {
    const context = all[id] as MetaContext;
    const extents = yield* context.planStatus(touched.sector, touched.sectorCount);
    const cut = cutExtents(extents, from, from + byteCount);
    const isOne = (request.flags & COMMAND_FLAGS.one) !== 0;
    statuses.push({ id, extents: isOne ? cut.slice(0, 1) : cut });
  }
  return encodeStatus(request.echo, statuses);
}

/**
 * Plans what a request asks for.
 *
 * @param request A request that was checked.
 * @param payload What a WRITE writes.
 * @param agreement What was agreed on.
 * @param take Where room for the reply comes from.
 * @returns A plan of the reply.
 */
export function* planReply(
  request: NbdRequest,
  payload: Uint8Array | null,
  agreement: Agreement,
  take: Room = ownRoom,
): Plan<Uint8Array> {
  const { export: { device } } = agreement;
  const { command, flags, offsetBytes, byteCount, echo } = request;
  const isFua = (flags & COMMAND_FLAGS.fua) !== 0;
  switch (command) {
    case COMMANDS.read:
      return yield* planRead(request, agreement, take);
    case COMMANDS.blockStatus:
      return yield* planStatus(request, agreement);
    case COMMANDS.write:
      if (isWholeBlocks(device, offsetBytes, byteCount)) {
        yield writeStep(device, payload as Uint8Array, sectorOf(request), isFua);
      } else yield* planWriteBytes(device, payload as Uint8Array, offsetBytes, isFua);
      break;
    case COMMANDS.flush:
      yield flushStep(device);
      break;
    case COMMANDS.trim:
      yield* planDiscard(device, blocksWithin(device, offsetBytes, byteCount));
      if (isFua) yield flushStep(device);
      break;
    case COMMANDS.writeZeroes:
      yield* planZeroes(request, device);
      break;
    case COMMANDS.cache:
      yield* planCache(device, blocksTouched(device, offsetBytes, byteCount));
      break;
  }
  return encodeDone(echo, take);
}

function isCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof BlockDeviceError && error.code === code;
}

/**
 * Performs a request: at once when the device can and nobody is in the way, or later, in its turn. What is
 * longer than any READ or WRITE is done later, so that others have their turn meanwhile.
 *
 * @param request A request that was checked.
 * @param device What it is about.
 * @param plan Makes the plan of it; made anew when it could not be performed at once. That has changed nothing
 * that performing it again would not change in the same way. It is told whether it may have to wait.
 * @param take Room for a reply that is made at once. One that is made later, beside others, has its own.
 * @returns The reply, or a promise of it.
 */
export function perform(
  request: NbdRequest,
  device: BlockDevice,
  plan: (take: Room, isLater: boolean) => Plan<Uint8Array>,
  take: Room = ownRoom,
): Uint8Array | Promise<Uint8Array> {
  const { offsetBytes, byteCount } = request;
  const fence = isWrite(request) ? partFenceOf(device) : null;
  const isAtOnce = byteCount <= PAYLOAD_BYTES_MAX && isSyncDevice(device) &&
    device.isBusy !== true && (fence?.isFree(device, offsetBytes, byteCount) ?? true);
  if (isAtOnce) {
    try {
      return runSync(plan(take, false));
    } catch (error) {
      if (!isCode(error, "EAGAIN")) throw error;
    }
  }
  const later = plan(ownRoom, true);
  return fence?.runInTurn(device, offsetBytes, byteCount, later) ?? runAsync(later);
}

/**
 * How much is held for a request that is performed later.
 *
 * @param request A request that was checked.
 * @param device What it is about.
 * @returns The bytes that it reads or writes; twice as many where they are joined with the rest of their blocks.
 */
export function heldBytesOf(request: NbdRequest, device: BlockDevice): number {
  const { command, offsetBytes, byteCount } = request;
  if (command !== COMMANDS.read && command !== COMMANDS.write) return 0;
  return isWholeBlocks(device, offsetBytes, byteCount) ? byteCount : 2 * byteCount;
}

const CODES: Readonly<Partial<Record<ErrorCode, NbdErrorCode>>> = {
  EPERM: "EPERM",
  EROFS: "EPERM",
  ENOMEM: "ENOMEM",
  EINVAL: "EINVAL",
  ENOSPC: "ENOSPC",
  ENOTSUP: "ENOTSUP",
  ESHUTDOWN: "ESHUTDOWN",
};

/**
 * What a failure is in NBD's words. Its own words may name files, and stay here.
 *
 * @param error What was thrown.
 * @returns How the request is refused; `EIO` for what has no code of its own.
 */
export function refusalOf(error: unknown): Refusal {
  const code = error instanceof BlockDeviceError ? CODES[error.code] : undefined;
  return { code: code ?? "EIO", sentence: "" };
}
