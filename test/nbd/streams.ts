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
  askExtended,
  CMD,
  contexts,
  info,
  LIST_META,
  OPT,
  option,
  PAYLOAD_FLAG,
  SET_META,
  u32,
  u64,
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

/** A request, its error, and for a read or a status that is done what the disk holds there, for a status in
 * all sectors that it touches. */
export interface DrawnRequest {
  readonly ask: Ask;
  readonly bytes: Buffer;
  readonly error: number;
  readonly content: Buffer | null;
}

/** What both sides have agreed on. */
interface Terms {
  readonly mode: "simple" | "structured" | "extended";
  readonly isReadOnly: boolean;
  /** Whether `base:allocation` was chosen, as number 0. */
  readonly hasContext: boolean;
}

/** A whole conversation. */
export interface Stream {
  readonly mode: Terms["mode"];
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
const POLICY = 0x80000002;
const INVALID = 0x80000003;
const UNKNOWN = 0x80000006;
const TOO_BIG = 0x80000009;
const EXTENDED_REQUIRED = 0x8000000a;

/** Asks for other messages. */
function drawMode(prng: Prng, mode: Terms["mode"]): DrawnOption {
  const wanted = prng.bool(0.5) ? "extended" : "structured";
  const granted = mode === "extended" ? [EXTENDED_REQUIRED] : [ACK];
  return { bytes: option(OPT[wanted]), kinds: mode === wanted ? [INVALID] : granted };
}

function drawOption(prng: Prng, mode: Terms["mode"]): DrawnOption {
  const name = prng.pick(["disk", "", "other", "../disk", "disk\0", "é".repeat(prng.int(9))]);
  const isThere = name === "disk" || name === "";
  const junk = Buffer.from(prng.bytes(1 + prng.int(3)));
  switch (prng.int(10)) {
    case 0:
      return { bytes: option(OPT.list), kinds: [SERVER, ACK] };
    case 1:
      return {
        bytes: option(OPT.info, info(name, prng.int(3), 3, prng.int(65536))),
        // Size and blocks always; name or description if they were asked for.
        kinds: isThere ? [INFO, INFO, ACK] : [UNKNOWN],
      };
    case 2: {
      const kind = prng.pick([
        ...[OPT.list, OPT.tls, OPT.info, OPT.go, OPT.structured, OPT.extended],
      ]);
      return { bytes: option(kind, junk), kinds: [INVALID] };
    }
    case 3: {
      const kind = prng.pick([0, 4, 12 + prng.int(2 ** 31)]);
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
      if (mode === "simple") return { bytes: option(kind, contexts(name, "x")), kinds: [INVALID] };
      const query = prng.pick(["base:allocation", "base:", "x:y", ""]);
      const isFound = query === "base:allocation" || (query === "base:" && kind === LIST_META);
      const found = isFound ? [CONTEXT, ACK] : [ACK];
      return { bytes: option(kind, contexts(name, query)), kinds: isThere ? found : [UNKNOWN] };
    }
    case 7:
      return { bytes: option(OPT.info, info("disk", 7).subarray(0, 9)), kinds: [INVALID] };
    case 8:
      return { bytes: option(OPT.tls), kinds: [POLICY] };
    default:
      return drawMode(prng, mode);
  }
}

/** What a BLOCK_STATUS with a payload asks for; sometimes nonsense. */
function drawFilter(prng: Prng, length: number): Buffer {
  const ids = prng.bool(0.7) ? [0] : prng.pick([[], [1], [0, 0], [0, 1], [7, 0, 0]]);
  const filter = Buffer.concat([u64(length), ...ids.map(u32)]);
  return prng.bool(0.9) ? filter : filter.subarray(0, prng.int(filter.length + 1));
}

/** Makes an extended request of one: its flag and its payload mostly go together. */
function extend(prng: Prng, compact: Ask): Ask {
  const { payload, ...bare } = { ...compact, flags: compact.flags! & ~PAYLOAD_FLAG };
  const { command, flags, length = 0 } = bare;
  const withPayload = (payload: Uint8Array) => ({ ...bare, flags: flags | PAYLOAD_FLAG, payload });
  if (payload !== undefined) {
    return prng.bool(0.95) ? withPayload(payload) : { ...bare, length: payload.length };
  }
  if (command === CMD.status && prng.bool(0.6)) return withPayload(drawFilter(prng, length));
  if (prng.bool(0.03)) return withPayload(prng.bytes(prng.int(300)));
  return prng.bool(0.02) ? { ...bare, length: prng.pick([2 ** 32, 2 ** 40, 2 ** 62]) } : bare;
}

function drawAsk(prng: Prng, cookie: number, { hasContext }: Terms): Ask {
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
      ...hasContext ? [CMD.status, CMD.status] : [],
    ])
    : prng.pick([CMD.status, 8, 9, 4096, 65535]);
  const flags = prng.bool(0.8) ? 0 : prng.pick([1, 2, 4, 8, 16, 3, 17, 32, 32768]);
  let offset = prng.int(128) * 512;
  let length = prng.bool() ? 512 * (1 + prng.int(4)) : 4096 * (1 + prng.int(6));
  if (prng.bool(0.08)) offset = prng.pick([1, 511, DISK_BYTES, DISK_BYTES - 512, 2 ** 33, 2 ** 62]);
  if (prng.bool(0.08)) length = prng.pick([0, 1, 513, DISK_BYTES, DISK_BYTES * 2]);
  if (prng.bool(0.3)) [offset, length] = [offset + prng.int(1024), length + prng.int(1024)];
  if (command === CMD.flush && prng.bool(0.9)) [offset, length] = [0, 0];
  if (command === CMD.write) {
    return { command, cookie, flags, offset, payload: Buffer.alloc(length, 1 + prng.int(255)) };
  }
  if (prng.bool(0.02)) length = prng.pick([PAYLOAD_BYTES_MAX + 512, 0xfffffe00, 0xffffffff]);
  return { command, cookie, flags, offset, length };
}

const isWriting = (command: number) =>
  command === CMD.write || command === CMD.trim || command === CMD.zeroes;

function flagsAllowed(command: number, mode: Terms["mode"]): number {
  const payload = mode === "extended" ? PAYLOAD_FLAG : 0;
  if (command === CMD.zeroes) return 1 | 2 | 16;
  if (command === CMD.status) return 1 | 8 | payload;
  if (command === CMD.write) return 1 | payload;
  return command === CMD.read && mode !== "simple" ? 1 | 4 : 1;
}

/**
 * The length that a BLOCK_STATUS is about.
 *
 * @param ask The request.
 * @returns Bytes; 0 when its payload makes no sense.
 */
export function statusLength({ flags = 0, length = 0, payload }: Ask): number {
  if ((flags & PAYLOAD_FLAG) === 0) return length;
  const filter = Buffer.from(payload!);
  const isRight = filter.length === 12 && filter.readUInt32BE(8) === 0;
  return isRight ? Number(filter.readBigUInt64BE()) : 0;
}

/** The errors that a request may be refused with; 0 alone when it is done. */
function errorOf(what: Ask, { mode, isReadOnly, hasContext }: Terms): number {
  const { command, flags = 0, offset = 0, payload } = what;
  if (isWriting(command) && isReadOnly) return EPERM;
  if (command > CMD.status || command === CMD.disc) return EINVAL;
  if (command === CMD.status && !hasContext) return EINVAL;
  if ((flags & ~flagsAllowed(command, mode)) !== 0) return EINVAL;
  const length = command === CMD.status ? statusLength(what) : payload?.length ?? what.length ?? 0;
  if (command === CMD.flush) return offset === 0 && length === 0 ? 0 : EINVAL;
  if (command === CMD.write && payload === undefined) return EINVAL;
  if (length === 0) return EINVAL;
  const isLong = length > PAYLOAD_BYTES_MAX;
  if (isLong && (command === CMD.read || command === CMD.write)) return EINVAL;
  if (offset + length > DISK_BYTES) return isWriting(command) ? ENOSPC : EINVAL;
  return (flags & 16) !== 0 ? ENOTSUP : 0;
}

const down = (at: number) => at - at % 512;
const up = (at: number) => down(at + 511);

/**
 * Does a request to an array. Discarded sectors read as zeroes on the devices that are tested. A status is
 * about whole sectors: it is given all of those that it touches.
 */
function perform(what: Ask, disk: Buffer): Buffer | null {
  const { command, offset = 0, length = 0, payload } = what;
  if (command === CMD.read) return Buffer.from(disk.subarray(offset, offset + length));
  if (command === CMD.status) {
    return Buffer.from(disk.subarray(down(offset), up(offset + statusLength(what))));
  }
  if (command === CMD.write) disk.set(payload!, offset);
  if (command === CMD.zeroes) disk.fill(0, offset, offset + length);
  const [from, to] = [up(offset), down(offset + length)];
  if (command === CMD.trim && from < to) disk.fill(0, from, to);
  return null;
}

/** Draws the handshake's options up to the entry, and what they come to. */
function drawOptions(prng: Prng): { options: DrawnOption[]; terms: Terms } {
  const options: DrawnOption[] = [];
  let mode: Terms["mode"] = "simple";
  for (let left = prng.int(8); left > 0; left--) {
    const drawn = drawOption(prng, mode);
    const kind = drawn.bytes.readUInt32BE(8);
    if (drawn.kinds[0] === ACK && kind === OPT.structured) mode = "structured";
    if (drawn.kinds[0] === ACK && kind === OPT.extended) mode = "extended";
    options.push(drawn);
  }
  const hasContext = mode !== "simple" && prng.bool();
  // What was chosen before is forgotten.
  if (mode !== "simple") {
    const names = hasContext ? ["base:allocation"] : [];
    const kinds = hasContext ? [CONTEXT, ACK] : [ACK];
    options.push({ bytes: option(SET_META, contexts("disk", ...names)), kinds });
  }
  options.push({ bytes: option(OPT.go, info("disk", 3)), kinds: [INFO, INFO, ACK] });
  return { options, terms: { mode, hasContext, isReadOnly: prng.bool(0.15) } };
}

/**
 * Draws a stream.
 *
 * @param prng Chance.
 * @param first What is on the disk; left alone.
 * @returns It.
 */
export function drawStream(prng: Prng, first: Buffer): Stream {
  const { options, terms } = drawOptions(prng);
  const { mode, isReadOnly } = terms;
  const disk = Buffer.from(first);
  const requests: DrawnRequest[] = [];
  const count = prng.int(24);
  for (let cookie = 1; cookie <= count; cookie++) {
    const compact = drawAsk(prng, cookie, terms);
    const drawn = mode === "extended" ? extend(prng, compact) : compact;
    const error = errorOf(drawn, terms);
    const content = error === 0 ? perform(drawn, disk) : null;
    const bytes = mode === "extended" ? askExtended(drawn) : ask(drawn);
    requests.push({ ask: drawn, bytes, error, content });
  }
  return { mode, isReadOnly, options, requests, disk };
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
