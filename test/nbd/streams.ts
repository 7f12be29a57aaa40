/**
 * Streams of a client, drawn by seed from NBD's grammar, with what each message must come to.
 *
 * The expectation is worked out here from the protocol's text and from a disk that is an array. It knows
 * nothing of the code under test.
 */
import { Buffer } from "node:buffer";
import type { Prng } from "../../src/testing/prng.ts";
import {
  type Ask,
  ask,
  CMD,
  contexts,
  info,
  LIST_META,
  OPT,
  option,
  SET_META,
  u32,
} from "../unit/nbd/dialogue.ts";

/** The disk of all streams: small, so that requests meet. */
export const DISK_BYTES = 64 * 1024;

const PAYLOAD_BYTES_MAX = 32 * 1024 * 1024;
const [EPERM, EINVAL, ENOSPC, ENOTSUP] = [1, 22, 28, 95];

/** An option, and the kinds of answers to it. */
export interface DrawnOption {
  readonly bytes: Buffer;
  readonly kinds: readonly number[];
}

/** A request, its error, and for a read that is done what is read. */
export interface DrawnRequest {
  readonly ask: Ask;
  readonly bytes: Buffer;
  readonly error: number;
  readonly content: Buffer | null;
}

/** A whole conversation. */
export interface Stream {
  readonly isStructured: boolean;
  readonly isReadOnly: boolean;
  readonly options: readonly DrawnOption[];
  readonly requests: readonly DrawnRequest[];
  /** The disk after all of it. */
  readonly disk: Buffer;
}

const ACK = 1;
const SERVER = 2;
const INFO = 3;
const CONTEXT = 4;
const UNSUPPORTED = 0x80000001;
const INVALID = 0x80000003;
const UNKNOWN = 0x80000006;
const TOO_BIG = 0x80000009;

function drawOption(prng: Prng, isStructured: boolean): DrawnOption {
  const name = prng.pick(["disk", "", "other", "../disk", "disk\0", "é".repeat(prng.int(9))]);
  const isThere = name === "disk" || name === "";
  const junk = Buffer.from(prng.bytes(1 + prng.int(3)));
  switch (prng.int(9)) {
    case 0:
      return { bytes: option(OPT.list), kinds: [SERVER, ACK] };
    case 1:
      return {
        bytes: option(OPT.info, info(name, prng.int(3), 3, prng.int(65536))),
        // Size and blocks always; name or description if they were asked for.
        kinds: isThere ? [INFO, INFO, ACK] : [UNKNOWN],
      };
    case 2: {
      const kind = prng.pick([OPT.list, OPT.info, OPT.go, OPT.structured]);
      return { bytes: option(kind, junk), kinds: [INVALID] };
    }
    case 3: {
      const kind = prng.pick([0, 4, 11, 12 + prng.int(2 ** 31)]);
      return { bytes: option(kind, Buffer.from(prng.bytes(prng.int(200)))), kinds: [UNSUPPORTED] };
    }
    case 4:
      return {
        bytes: option(prng.pick([OPT.info, 99]), Buffer.alloc(65537 + prng.int(1000))),
        kinds: [TOO_BIG],
      };
    case 5:
    case 6: {
      const kind = prng.pick([LIST_META, SET_META]);
      if (!isStructured) return { bytes: option(kind, contexts(name, "x")), kinds: [INVALID] };
      const query = prng.pick(["base:allocation", "base:", "x:y", ""]);
      const isFound = query === "base:allocation" || (query === "base:" && kind === LIST_META);
      const found = isFound ? [CONTEXT, ACK] : [ACK];
      return { bytes: option(kind, contexts(name, query)), kinds: isThere ? found : [UNKNOWN] };
    }
    case 7:
      return { bytes: option(OPT.info, info("disk", 7).subarray(0, 9)), kinds: [INVALID] };
    default:
      return { bytes: option(OPT.structured), kinds: [isStructured ? INVALID : ACK] };
  }
}

function drawAsk(prng: Prng, cookie: number): Ask {
  const command = prng.bool(0.95)
    ? prng.pick([
      CMD.read,
      CMD.read,
      CMD.write,
      CMD.write,
      CMD.zeroes,
      CMD.trim,
      CMD.cache,
      CMD.flush,
    ])
    : prng.pick([CMD.status, 8, 9, 4096, 65535]);
  const flags = prng.bool(0.8) ? 0 : prng.pick([1, 2, 4, 8, 16, 3, 17, 32, 32768]);
  let offset = prng.int(128) * 512;
  let length = prng.bool() ? 512 * (1 + prng.int(4)) : 4096 * (1 + prng.int(6));
  if (prng.bool(0.08)) offset = prng.pick([1, 511, DISK_BYTES, DISK_BYTES - 512, 2 ** 33, 2 ** 62]);
  if (prng.bool(0.08)) length = prng.pick([0, 1, 513, DISK_BYTES, DISK_BYTES * 2]);
  if (command === CMD.flush && prng.bool(0.9)) [offset, length] = [0, 0];
  if (command === CMD.write) {
    return { command, cookie, flags, offset, payload: Buffer.alloc(length, 1 + prng.int(255)) };
  }
  if (prng.bool(0.02)) length = prng.pick([PAYLOAD_BYTES_MAX + 512, 0xfffffe00, 0xffffffff]);
  return { command, cookie, flags, offset, length };
}

const isWriting = (command: number) =>
  command === CMD.write || command === CMD.trim || command === CMD.zeroes;

function flagsAllowed(command: number, isStructured: boolean): number {
  if (command === CMD.zeroes) return 1 | 2 | 16;
  return command === CMD.read && isStructured ? 1 | 4 : 1;
}

/** The errors that a request may be refused with; 0 alone when it is done. */
function errorOf(what: Ask, isStructured: boolean, isReadOnly: boolean): number {
  const { command, flags = 0, offset = 0, payload } = what;
  const length = payload?.length ?? what.length ?? 0;
  if (isWriting(command) && isReadOnly) return EPERM;
  if (command > CMD.zeroes || command === CMD.disc) return EINVAL;
  if ((flags & ~flagsAllowed(command, isStructured)) !== 0) return EINVAL;
  if (command === CMD.flush) return offset === 0 && length === 0 ? 0 : EINVAL;
  if (length === 0) return EINVAL;
  const isLong = length > PAYLOAD_BYTES_MAX;
  if (isLong && (command === CMD.read || command === CMD.write)) return EINVAL;
  if (offset % 512 !== 0 || length % 512 !== 0) return EINVAL;
  if (offset + length > DISK_BYTES) return isWriting(command) ? ENOSPC : EINVAL;
  return (flags & 16) !== 0 ? ENOTSUP : 0;
}

/** Does a request to an array. Discarded bytes read as zeroes on the devices that are tested. */
function perform(what: Ask, disk: Buffer): Buffer | null {
  const { command, offset = 0, length = 0, payload } = what;
  if (command === CMD.read) return Buffer.from(disk.subarray(offset, offset + length));
  if (command === CMD.write) disk.set(payload!, offset);
  if (command === CMD.zeroes || command === CMD.trim) disk.fill(0, offset, offset + length);
  return null;
}

/**
 * Draws a stream.
 *
 * @param prng Chance.
 * @param first What is on the disk; left alone.
 * @returns It.
 */
export function drawStream(prng: Prng, first: Buffer): Stream {
  const isReadOnly = prng.bool(0.15);
  const options: DrawnOption[] = [];
  let isStructured = false;
  for (let left = prng.int(8); left > 0; left--) {
    const drawn = drawOption(prng, isStructured);
    if (drawn.bytes.readUInt32BE(8) === OPT.structured && drawn.kinds[0] === ACK) {
      isStructured = true;
    }
    options.push(drawn);
  }
  // A choice that finds nothing: none of the streams has a context, so that BLOCK_STATUS is refused.
  if (isStructured) options.push({ bytes: option(SET_META, contexts("disk")), kinds: [ACK] });
  options.push({ bytes: option(OPT.go, info("disk", 3)), kinds: [INFO, INFO, ACK] });
  const disk = Buffer.from(first);
  const requests: DrawnRequest[] = [];
  const count = prng.int(24);
  for (let cookie = 1; cookie <= count; cookie++) {
    const drawn = drawAsk(prng, cookie);
    const error = errorOf(drawn, isStructured, isReadOnly);
    const content = error === 0 ? perform(drawn, disk) : null;
    requests.push({ ask: drawn, bytes: ask(drawn), error, content });
  }
  return { isStructured, isReadOnly, options, requests, disk };
}

/**
 * All that a client says in a stream.
 *
 * @param stream The stream.
 * @returns Its messages, the flags of the greeting first.
 */
export function messagesOf({ options, requests }: Stream): Buffer[] {
  return [u32(3), ...options.map(({ bytes }) => bytes), ...requests.map(({ bytes }) => bytes)];
}

/**
 * Spoils a stream: cuts, flips, doubles or drops bytes of it.
 *
 * @param prng Chance.
 * @param messages The stream's.
 * @returns Bytes that may or may not be in step.
 */
export function spoil(prng: Prng, messages: readonly Buffer[]): Buffer {
  let bytes = Buffer.concat(messages);
  for (let count = 1 + prng.int(3); count > 0 && bytes.length > 4; count--) {
    const at = prng.int(bytes.length);
    const length = 1 + prng.int(Math.min(40, bytes.length - at));
    switch (prng.int(5)) {
      case 0:
        bytes[at] = bytes[at]! ^ (1 << prng.int(8));
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      case 3:
        bytes = bytes.subarray(0, at);
        break;
      default:
        bytes.fill(prng.pick([0, 255]), at, at + Math.min(length, 4));
    }
  }
  return bytes;
}
