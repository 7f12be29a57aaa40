/**
 * The laws of a connection, tried on one stream by its seed.
 *
 * A stream that is in step: every option has its answers, every request its error and its data, in order,
 * with its offset if heads are extended; a status calls nothing zero that is not;
 * the disk is at last what the requests made of it. However the bytes are cut into pieces.
 *
 * The same stream on a device that takes its time, with requests under way together: every request is
 * answered once, with its error.
 *
 * A stream that is spoilt: nothing is thrown, what comes out is whole messages, and a read-only disk is
 * what it was.
 */
import { Buffer } from "node:buffer";
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { Prng } from "../../src/testing/prng.ts";
import { type Answer, CMD, Dialogue } from "../unit/nbd/dialogue.ts";
import { SlowDevice } from "../unit/nbd/slow_device.ts";
import {
  DISK_BYTES,
  type DrawnRequest,
  drawStream,
  messagesOf,
  spoil,
  statusLength,
  type Stream,
} from "./streams.ts";

/** What is on the disk before a stream: data, and zeroes in between. */
function firstDisk(prng: Prng): Buffer {
  const bytes = Buffer.alloc(DISK_BYTES);
  for (let at = 0; at < DISK_BYTES; at += 4096) {
    if (prng.bool()) bytes.fill(1 + prng.int(255), at, at + 512 * (1 + prng.int(8)));
  }
  return bytes;
}

function requireEqual(what: string, found: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: found ${a}, want ${b}`);
}

function requireSame(what: string, found: Buffer, wanted: Buffer): void {
  if (found.equals(wanted)) return;
  const at = found.findIndex((byte, index) => byte !== wanted[index]);
  throw new Error(`${what}: differs from byte ${at} on`);
}

function deviceOf(bytes: Buffer) {
  const device = createMemoryDevice({ sectorCount: DISK_BYTES / 512 });
  device.writeSync(bytes, 0);
  return device;
}

function contentOf(device: ReturnType<typeof deviceOf>): Buffer {
  const bytes = Buffer.alloc(DISK_BYTES);
  device.readSync(bytes, 0);
  return bytes;
}

/** Says bytes in pieces of any length. */
function sayInPieces(prng: Prng, dialogue: Dialogue, bytes: Buffer): void {
  const longest = Math.max(prng.pick([3, 100, 5000, 70_000]), Math.floor(bytes.length / 100));
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + prng.int(longest);
    dialogue.say(bytes.subarray(at, end));
    at = end;
  }
}

function checkOffset({ offset: found }: Answer, wanted: number): void {
  if (found !== undefined) requireEqual("a reply's offset", found, wanted);
}

/** Puts a read together from its chunks; every byte has to come once. */
function assemble(dialogue: Dialogue, length: number, offset: number, cookie: number) {
  const content = Buffer.alloc(length);
  const answers = dialogue.reply({ command: CMD.read, cookie, length });
  let bytesLeft = length;
  let error = 0;
  for (const answer of answers) {
    requireEqual("a chunk's cookie", answer.cookie, cookie);
    checkOffset(answer, offset);
    error ||= answer.error;
    if (answer.error !== 0) continue;
    const { chunk, body } = answer;
    const at = chunk === -1 ? 0 : Number(body.readBigUInt64BE()) - offset;
    const bytes = chunk === 2
      ? Buffer.alloc(body.readUInt32BE(8))
      : body.subarray(chunk === 1 ? 8 : 0);
    bytesLeft -= bytes.length;
    content.set(bytes, at);
  }
  if (error === 0) requireEqual("bytes that were not told of", bytesLeft, 0);
  return { content, error };
}

/** A status has one chunk whose extents tell, unit for unit, what is zero. */
function checkStatus(dialogue: Dialogue, { ask, content }: DrawnRequest): void {
  const { body, chunk, isLast, error } = dialogue.answer();
  requireEqual("a status", [body.readUInt32BE(), isLast, error], [0, true, 0]);
  const isExtended = chunk === 6;
  requireEqual("a status's kind", chunk, isExtended ? 6 : 5);
  const [first, step] = isExtended ? [8, 16] : [4, 8];
  if (isExtended) requireEqual("extents", body.readUInt32BE(4), (body.length - first) / step);
  const begin = ask.offset! % 512;
  let at = begin;
  for (let from = first; from < body.length; from += step) {
    const extent = body.subarray(from, from + step);
    const length = isExtended ? Number(extent.readBigUInt64BE()) : extent.readUInt32BE();
    const flags = isExtended ? Number(extent.readBigUInt64BE(8)) : extent.readUInt32BE(4);
    for (const end = at + length; at < end;) {
      const unitAt = at - at % 4096;
      const unit = content!.subarray(unitAt, unitAt + 4096);
      requireEqual(`zero at ${at}`, flags, unit.every((byte) => byte === 0) ? 2 : 0);
      at = Math.min(end, unitAt + 4096);
    }
  }
  const isOne = (ask.flags! & 8) !== 0;
  if (isOne) requireEqual("extents when one is wanted", body.length, first + step);
  else requireEqual("bytes that a status tells of", at - begin, statusLength(ask));
}

function checkHandshake(dialogue: Dialogue, stream: Stream): void {
  dialogue.read(18);
  for (const { kinds } of stream.options) {
    let kind: number;
    const found: number[] = [];
    do {
      const head = dialogue.read(20);
      kind = head.readUInt32BE(12);
      dialogue.read(head.readUInt32BE(16));
      found.push(kind);
    } while (kind > 1 && kind < 0x80000000);
    const isInfo = kinds.length === 3;
    // INFO may tell of a name and a description besides.
    const told = isInfo
      ? [...found.slice(0, 2), ...found.slice(2).filter((each) => each !== 3)]
      : found;
    requireEqual("the answers to an option", told, kinds);
  }
}

function checkInStep(prng: Prng, stream: Stream, first: Buffer): void {
  const device = deviceOf(first);
  const { isReadOnly } = stream;
  const dialogue = new Dialogue([{ name: "disk", description: "", device, isReadOnly }]);
  sayInPieces(prng, dialogue, Buffer.concat(messagesOf(stream)));
  checkHandshake(dialogue, stream);
  dialogue.mode = stream.mode;
  for (const request of stream.requests) {
    const { ask, error, content } = request;
    if (ask.command === CMD.status && error === 0) {
      checkStatus(dialogue, request);
      continue;
    }
    const what = `request ${ask.cookie}, command ${ask.command}`;
    if (ask.command !== CMD.read) {
      const answer = dialogue.answer();
      requireEqual(what, [answer.cookie, answer.error], [ask.cookie, error]);
      checkOffset(answer, ask.offset ?? 0);
      continue;
    }
    const length = error === 0 ? ask.length! : 0;
    const read = assemble(dialogue, length, ask.offset!, ask.cookie);
    requireEqual(what, read.error, error);
    if (content !== null) requireSame(what, read.content, content);
  }
  requireEqual("bytes behind the last reply", dialogue.unread.length, 0);
  requireSame("the disk", contentOf(device), stream.disk);
}

async function checkTogether(prng: Prng, stream: Stream, first: Buffer): Promise<void> {
  const device = new SlowDevice(deviceOf(first));
  const { isReadOnly } = stream;
  const dialogue = new Dialogue([{ name: "disk", description: "", device, isReadOnly }]);
  sayInPieces(prng, dialogue, Buffer.concat(messagesOf(stream)));
  dialogue.connection.endInput();
  while (!dialogue.connection.hasEnded) {
    prng.shuffle(device.waiting);
    await device.answerAll();
  }
  checkHandshake(dialogue, stream);
  dialogue.mode = stream.mode;
  const wanted = new Map(stream.requests.map((each) => [each.ask.cookie, each]));
  while (dialogue.unread.length > 0) {
    // It lies in the same place in both kinds of reply.
    const cookie = dialogue.unread.readUInt32BE(12);
    const request = wanted.get(cookie);
    if (request === undefined) throw new Error(`Found a second answer to ${cookie}, or to nothing`);
    wanted.delete(cookie);
    const length = request.error === 0 ? request.ask.length ?? 0 : 0;
    const found = request.ask.command === CMD.read
      ? assemble(dialogue, length, request.ask.offset!, cookie).error
      : dialogue.reply({ command: request.ask.command, cookie })[0]!.error;
    requireEqual(`request ${cookie} among others`, found, request.error);
  }
  requireEqual("requests without an answer", [...wanted.keys()], []);
}

const REPLY_MAGICS = [0x67446698, 0x668e33ef, 0x6e8a278c];

/** Reads all that comes out as messages. Returns how many. */
function countMessages(dialogue: Dialogue): number {
  let count = 0;
  let isStructured = false;
  dialogue.read(18);
  while (dialogue.unread.length > 0) {
    const magic = dialogue.unread.readUInt32BE();
    if (magic === 0x0003e889) {
      const head = dialogue.read(20);
      dialogue.read(head.readUInt32BE(16));
      const isGranted = head.readUInt32BE(12) === 1;
      if (isGranted && [8, 11].includes(head.readUInt32BE(8))) isStructured = true;
      // Behind a GO that is granted to a client of simple replies come data without a length.
      if (head.readUInt32BE(8) === 7 && head.readUInt32BE(12) === 1 && !isStructured) return count;
    } else {
      if (count === 0 || !REPLY_MAGICS.includes(magic)) return count;
      dialogue.answer();
    }
    count++;
  }
  return count;
}

function checkSpoilt(prng: Prng, stream: Stream, first: Buffer): void {
  const device = deviceOf(first);
  const exports = [{ name: "disk", description: "", device, isReadOnly: true }];
  const dialogue = new Dialogue(exports);
  sayInPieces(prng, dialogue, spoil(prng, messagesOf(stream)));
  dialogue.connection.endInput();
  requireEqual("an end after the end", dialogue.connection.hasEnded, true);
  countMessages(dialogue);
  requireSame("a read-only disk", contentOf(device), first);
}

/**
 * Tries the laws.
 *
 * @param seed The stream's.
 * @throws {Error} When one does not hold, with the seed.
 */
export async function tryStream(seed: string): Promise<void> {
  const prng = Prng.fromSeed(seed);
  const first = firstDisk(prng);
  const stream = drawStream(prng, first);
  try {
    checkInStep(prng, stream, first);
    checkSpoilt(prng, stream, first);
    // Takes turns of the event loop, which cost more than everything else.
    if (prng.bool(0.2)) await checkTogether(prng, stream, first);
  } catch (error) {
    const why = error instanceof Error ? error.stack : String(error);
    throw new Error(`deno task fuzz:nbd --seed ${seed}\n${why}`, { cause: error });
  }
}
