/**
 * The format of a write log, byte for byte Linux's.
 *
 * ```
 * block 0     super: magic, version, number of entries (three LE64), bytes in a block (LE32)
 * block 1     entry 0: first block, number of blocks, flags, length of a mark (four LE64)
 * block 2 …   the blocks that entry 0 wrote; none behind a discard, a flush or a mark
 * …           entry 1, and so on
 * ```
 *
 * Where Linux was sent a flush along with a write with FUA, the flush has both flags and no blocks, and
 * the write follows.
 *
 * A block is the logical block of the logged device, 512 bytes or more. The rest of the super's and of
 * an entry's block is zeroes, but that a mark's text follows its entry.
 *
 * On disk everything is counted in blocks; here in sectors of 512 bytes. A log is what a crashed or
 * foreign machine has left, so nothing in it is believed: a number that is not exact, or that no device
 * can have, is refused when it is read.
 *
 * This module is browser compatible.
 *
 * @see drivers/md/dm-log-writes.c
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import { bytesToSectors, isPowerOfTwo, SECTOR_BYTES, SECTORS_MAX } from "../../block/units.ts";

const MAGIC = 0x6a736677736872n;
const VERSION = 1n;
/** Bytes of an entry that come before a mark's text. */
const ENTRY_BYTES = 32;
/** No disk has larger logical blocks. */
const BLOCK_SECTORS_MAX = 128;

/** What an entry is, as bits that can come together. */
export const LOG_FLAGS = {
  /** A flush has ended: what comes before it in the log is durable. */
  flush: 1,
  /** A write that was durable when it ended. */
  fua: 2,
  /** Blocks were discarded; no bytes follow. */
  discard: 4,
  /** A text that somebody wanted to find again. */
  mark: 8,
  /** Linux's file systems call these writes metadata. */
  metadata: 16,
} as const;

/** What the super of a log says. */
export interface LogSuper {
  /** How many entries there are for certain; behind them there may be more. */
  readonly entryCount: number;
  /** Sectors in a block of the log. */
  readonly blockSectors: number;
}

/** What was logged of one request. */
export interface LogEntry {
  /** The first sector, of the logged device. */
  readonly sector: number;
  /** How many sectors were written or discarded. */
  readonly sectorCount: number;
  /** What it is: bits of {@linkcode LOG_FLAGS}. */
  readonly flags: number;
  /** A mark's text; empty in what is no mark. */
  readonly mark: string;
}

function refuse(what: string): BlockDeviceError {
  return new BlockDeviceError("EINVAL", `Cannot read the write log: ${what}`);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The longest mark, in bytes of UTF-8. Linux keeps a byte free for a zero.
 *
 * @param blockSectors Sectors in a block of the log.
 * @returns Its length.
 */
export function markBytesMax(blockSectors: number): number {
  return blockSectors * SECTOR_BYTES - ENTRY_BYTES - 1;
}

/**
 * Whether bytes follow an entry in the log.
 *
 * @param entry The entry.
 * @returns Whether it wrote something.
 */
export function hasLoggedBytes(entry: LogEntry): boolean {
  return entry.sectorCount > 0 && (entry.flags & LOG_FLAGS.discard) === 0;
}

/**
 * Writes a super.
 *
 * @param bytes The log's first block; its rest becomes zeroes.
 * @param entryCount How many entries there are.
 */
export function encodeLogSuper(bytes: Uint8Array, entryCount: number): void {
  bytes.fill(0);
  const view = viewOf(bytes);
  view.setBigUint64(0, MAGIC, true);
  view.setBigUint64(8, VERSION, true);
  view.setBigUint64(16, BigInt(entryCount), true);
  view.setUint32(24, bytes.length, true);
}

/**
 * Reads a super.
 *
 * @param bytes The first sector of the log, or more.
 * @returns What it says.
 * @throws {BlockDeviceError} `EINVAL` when this is no log, or none of version 1.
 */
export function decodeLogSuper(bytes: Uint8Array): LogSuper {
  const view = viewOf(bytes);
  const [magic, version, entryCount] = [0, 8, 16].map((at) => view.getBigUint64(at, true));
  const blockBytes = view.getUint32(24, true);
  if (magic !== MAGIC) throw refuse(`it begins with 0x${magic?.toString(16)}, which is no log`);
  if (version !== VERSION) throw refuse(`it has version ${version}, want ${VERSION}`);
  const blockSectors = bytesToSectors(blockBytes);
  const isSector = blockBytes === blockSectors * SECTOR_BYTES;
  if (!isSector || !isPowerOfTwo(blockSectors) || blockSectors > BLOCK_SECTORS_MAX) {
    const largest = BLOCK_SECTORS_MAX * SECTOR_BYTES;
    throw refuse(`it has blocks of ${blockBytes} bytes, want a power of two up to ${largest}`);
  }
  return { entryCount: exact(entryCount, SECTORS_MAX, "entries"), blockSectors };
}

/** A number of 64 bits, if it can be one. */
function exact(value: bigint | undefined, max: number, what: string): number {
  if (value !== undefined && value <= BigInt(max)) return Number(value);
  throw refuse(`it speaks of ${value} ${what}, more than ${max}`);
}

/**
 * Writes an entry.
 *
 * @param bytes A block of the log; its rest becomes zeroes.
 * @param entry The entry; sectors in multiples of the block, and a mark that fits. A longer text is
 * cut off, as Linux does.
 */
export function encodeLogEntry(bytes: Uint8Array, entry: LogEntry): void {
  bytes.fill(0);
  const view = viewOf(bytes);
  const blockSectors = bytesToSectors(bytes.length);
  const text = new TextEncoder().encode(entry.mark).subarray(0, markBytesMax(blockSectors));
  const { sector, sectorCount, flags } = entry;
  const words = [sector / blockSectors, sectorCount / blockSectors, flags, text.length];
  words.forEach((word, index) => view.setBigUint64(index * 8, BigInt(word), true));
  bytes.set(text, ENTRY_BYTES);
}

/**
 * Reads an entry.
 *
 * @param bytes A block of the log.
 * @returns What it says.
 * @throws {BlockDeviceError} `EINVAL` when a number in it cannot be.
 */
export function decodeLogEntry(bytes: Uint8Array): LogEntry {
  const view = viewOf(bytes);
  const blockSectors = bytesToSectors(bytes.length);
  const [first, count, flagBits, length] = [0, 8, 16, 24].map((at) => view.getBigUint64(at, true));
  const blocksMax = Math.floor(SECTORS_MAX / blockSectors);
  const flags = exact(flagBits, 0x7fffffff, "as flags");
  const isMark = (flags & LOG_FLAGS.mark) !== 0;
  const markBytes = isMark ? exact(length, bytes.length - ENTRY_BYTES, "bytes in a mark") : 0;
  const text = bytes.subarray(ENTRY_BYTES, ENTRY_BYTES + markBytes);
  return {
    sector: exact(first, blocksMax, "as a block") * blockSectors,
    sectorCount: exact(count, blocksMax, "blocks") * blockSectors,
    flags,
    mark: new TextDecoder().decode(text),
  };
}
