/**
 * NBD's numbers, by name: what both ends of a connection have agreed on before they begin.
 *
 * Integers are big-endian. Words of 64 bits are read as two of 32 into a `number`: one that is not exact
 * is beyond the end of every device, and is refused as such.
 *
 * This module is browser compatible.
 *
 * @see doc/proto.md of the NetworkBlockDevice project
 * @module
 */

const TWO_POW_32 = 2 ** 32;

/** Words that begin a message, as the halves of 64 bits or as 32 bits. */
export const MAGICS = {
  /** `NBDMAGIC`: the server's first word. */
  greeting: [0x4e42444d, 0x41474943],
  /** `IHAVEOPT`: the server's second word, and the head of every option. */
  option: [0x49484156, 0x454f5054],
  optionReply: [0x0003e889, 0x045565a9],
  request: 0x25609513,
  simpleReply: 0x67446698,
  structuredReply: 0x668e33ef,
  extendedRequest: 0x21e41c71,
  extendedReply: 0x6e8a278c,
} as const;

/**
 * The messages that a client has agreed on: replies that are a head and data; replies in chunks; requests and
 * chunks with heads of 32 bytes and lengths of 64 bits.
 */
export type NbdMode = "simple" | "structured" | "extended";

/** What either side says of itself before the first option. */
export const HANDSHAKE_FLAGS = { fixedNewstyle: 1, noZeroes: 2 } as const;

/** Options that are understood; all others are answered `unsupported`. */
export const OPTIONS = {
  exportName: 1,
  abort: 2,
  list: 3,
  startTls: 5,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
  extendedHeaders: 11,
} as const;

/** Answers to options. */
export const OPTION_REPLIES = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  unsupported: 0x80000001,
  policy: 0x80000002,
  invalid: 0x80000003,
  tlsRequired: 0x80000005,
  unknown: 0x80000006,
  tooBig: 0x80000009,
  extendedHeadersRequired: 0x8000000a,
} as const;

/** Kinds of information on an export. */
export const INFOS = { export: 0, name: 1, description: 2, blockSize: 3 } as const;

/** What an export can do. */
export const TRANSMISSION_FLAGS = {
  hasFlags: 1 << 0,
  readOnly: 1 << 1,
  sendFlush: 1 << 2,
  sendFua: 1 << 3,
  sendTrim: 1 << 5,
  sendWriteZeroes: 1 << 6,
  sendDf: 1 << 7,
  canMultiConn: 1 << 8,
  sendCache: 1 << 10,
  sendFastZero: 1 << 11,
  blockStatusPayload: 1 << 12,
} as const;

/** Requests. */
export const COMMANDS = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  cache: 5,
  writeZeroes: 6,
  blockStatus: 7,
} as const;

/** How a request is to be done. */
export const COMMAND_FLAGS = {
  fua: 1,
  noHole: 2,
  dontFragment: 4,
  one: 8,
  fastZero: 16,
  /** Extended headers alone: the length is that of a payload behind the head. */
  payload: 32,
} as const;

/** Kinds of chunks of a structured reply. */
export const CHUNKS = {
  none: 0,
  offsetData: 1,
  offsetHole: 2,
  blockStatus: 5,
  blockStatusExtended: 6,
  error: 0x8001,
} as const;

/** The flag of the last chunk of a reply. */
export const CHUNK_DONE = 1;

/** What `base:allocation` says of an extent. */
export const ALLOCATION = { hole: 1, zero: 2 } as const;

/** The errors that NBD knows, which are no more than these. */
export const NBD_ERRORS = {
  EPERM: 1,
  EIO: 5,
  ENOMEM: 12,
  EINVAL: 22,
  ENOSPC: 28,
  EOVERFLOW: 75,
  ENOTSUP: 95,
  ESHUTDOWN: 108,
} as const;

/** The name of an error that NBD knows. */
export type NbdErrorCode = keyof typeof NBD_ERRORS;

/** The longest READ or WRITE. */
export const PAYLOAD_BYTES_MAX = 32 * 1024 * 1024;

/** The longest name or description of anything. */
export const STRING_BYTES_MAX = 4096;

/**
 * Reads a word of 16 bits; as all that follow, without a view, which would have to be made.
 *
 * @param bytes Where from.
 * @param at Where in it.
 * @returns The number.
 */
export function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) << 8 | (bytes[at + 1] as number);
}

/**
 * Reads a word of 32 bits.
 *
 * @param bytes Where from.
 * @param at Where in it.
 * @returns The number.
 */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (readUint16(bytes, at) << 16 | readUint16(bytes, at + 2)) >>> 0;
}

/**
 * Reads a word of 64 bits.
 *
 * @param bytes Where from.
 * @param at Where in it.
 * @returns The number, exact up to 2^53.
 */
export function readUint64(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) * TWO_POW_32 + readUint32(bytes, at + 4);
}

/**
 * Writes a word of 64 bits.
 *
 * @param bytes Where to.
 * @param at Where in it.
 * @param value A whole number up to 2^53.
 */
export function writeUint64(bytes: Uint8Array, at: number, value: number): void {
  writeUint32(bytes, at, Math.floor(value / TWO_POW_32));
  writeUint32(bytes, at + 4, value % TWO_POW_32);
}

/**
 * Writes a word of 16 bits.
 *
 * @param bytes Where to.
 * @param at Where in it.
 * @param value A whole number up to 2^16.
 */
export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/**
 * Writes a word of 32 bits.
 *
 * @param bytes Where to.
 * @param at Where in it.
 * @param value A whole number up to 2^32.
 */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/**
 * A view of bytes as numbers.
 *
 * @param bytes The bytes.
 * @returns A view of the same memory.
 */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
