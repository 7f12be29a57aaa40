/**
 * A client that says what it is told to, right or wrong, and reads what comes back. It is written from the
 * protocol's text and shares no code with what it tests.
 */
import { Buffer } from "node:buffer";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { NbdConnection } from "../../../src/nbd/connection.ts";
import type { NbdExport } from "../../../src/nbd/export.ts";
import type { NbdMode } from "../../../src/nbd/protocol.ts";
import type { TlsPolicy } from "../../../src/nbd/handshake/handshake.ts";

/** Numbers of the protocol, by hand. */
export const OPT = {
  ...{ name: 1, abort: 2, list: 3, tls: 5, info: 6, go: 7, structured: 8, extended: 11 },
} as const;
export const LIST_META = 9;
export const SET_META = 10;
export const CMD = {
  ...{ read: 0, write: 1, disc: 2, flush: 3, trim: 4, cache: 5, zeroes: 6, status: 7 },
} as const;

/** An answer to an option. */
export interface OptionAnswer {
  readonly option: number;
  readonly kind: number;
  readonly body: Buffer;
}

/** A reply, or a chunk of one. */
export interface Answer {
  readonly cookie: number;
  /** -1 for a simple reply. */
  readonly chunk: number;
  readonly isLast: boolean;
  readonly error: number;
  readonly body: Buffer;
  /** Of the request; extended heads alone have it. */
  readonly offset?: number;
}

export const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
};

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

export const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};

/** Text with its length before it. */
export const text = (value: string): Buffer =>
  Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(value)]);

/** An option, whole. */
export function option(kind: number, ...body: Uint8Array[]): Buffer {
  const all = Buffer.concat(body);
  return Buffer.concat([Buffer.from("IHAVEOPT"), u32(kind), u32(all.length), all]);
}

/** INFO's or GO's body. */
export const info = (name: string, ...infos: number[]): Buffer =>
  Buffer.concat([text(name), u16(infos.length), ...infos.map(u16)]);

/** The body of a choice of contexts. */
export const contexts = (name: string, ...queries: string[]): Buffer =>
  Buffer.concat([text(name), u32(queries.length), ...queries.map(text)]);

/** A request's parts; what is left out is 0. */
export interface Ask {
  readonly command: number;
  readonly cookie: number;
  readonly flags?: number;
  readonly offset?: number;
  readonly length?: number;
  readonly payload?: Uint8Array;
}

/** The flag that says that the length is a payload's. */
export const PAYLOAD_FLAG = 32;

/** A request with an extended head, whole. The flag is its asker's. */
export function askExtended(what: Ask): Buffer {
  const { command, cookie, flags = 0, offset = 0, length = 0, payload } = what;
  return Buffer.concat([
    u32(0x21e41c71),
    u16(flags),
    u16(command),
    u64(cookie),
    u64(offset),
    u64(payload?.length ?? length),
    payload ?? Buffer.alloc(0),
  ]);
}

/** A request with a compact head, whole. */
export function ask({ command, cookie, flags = 0, offset = 0, length = 0, payload }: Ask): Buffer {
  return Buffer.concat([
    u32(0x25609513),
    u16(flags),
    u16(command),
    u64(cookie),
    u64(offset),
    u32(payload?.length ?? length),
    payload ?? Buffer.alloc(0),
  ]);
}

/** Exports on memory: "disk", of 64 KiB unless said. */
export function memoryExports(sectorCount = 128): [NbdExport] {
  const device = createMemoryDevice({ sectorCount });
  return [{ name: "disk", description: "for tests", device }];
}

/** A connection and its client. */
export class Dialogue {
  readonly connection: NbdConnection;
  #unread: Buffer = Buffer.alloc(0);
  #sent: Uint8Array[] = [];
  /** Whether what is sent is told to have gone at once. */
  isPrompt = true;
  mode: NbdMode = "simple";
  changes = 0;

  constructor(readonly exports: readonly NbdExport[] = memoryExports(), tls: TlsPolicy = "off") {
    const early: Uint8Array[] = [];
    let take = (pieces: readonly Uint8Array[]) => void early.push(...pieces);
    this.connection = new NbdConnection({
      exports,
      tls,
      send: (pieces) => take(pieces),
      onChange: () => void this.changes++,
    });
    take = (pieces) => {
      // What has gone is used again: a client has bytes of its own.
      this.#sent.push(...pieces.map((piece) => piece.slice()));
      if (!this.isPrompt) return;
      this.connection.sent(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
    };
    take(early);
  }

  /** What was sent and not read. */
  get unread(): Buffer {
    if (this.#sent.length > 0) {
      this.#unread = Buffer.concat([this.#unread, ...this.#sent.splice(0)]);
    }
    return this.#unread;
  }

  set unread(bytes: Buffer) {
    this.#sent = [];
    this.#unread = bytes;
  }

  say(...pieces: Uint8Array[]): void {
    for (const piece of pieces) this.connection.receive(Buffer.from(piece));
  }

  read(byteCount: number): Buffer {
    if (this.unread.length < byteCount) {
      throw new Error(`Found ${this.unread.length} bytes, want ${byteCount}`);
    }
    const bytes = this.unread.subarray(0, byteCount);
    this.unread = this.unread.subarray(byteCount);
    return bytes;
  }

  /** The answers to options that are there. */
  optionAnswers(): OptionAnswer[] {
    const all: OptionAnswer[] = [];
    while (this.unread.length > 0) {
      const head = this.read(20);
      if (head.readBigUInt64BE() !== 0x3e889045565a9n) throw new Error("Found no option's answer");
      const body = this.read(head.readUInt32BE(16));
      all.push({ option: head.readUInt32BE(8), kind: head.readUInt32BE(12), body });
    }
    return all;
  }

  /** The kinds of the answers that are there. */
  kinds(): number[] {
    return this.optionAnswers().map(({ kind }) => kind);
  }

  /** Greets, agrees on messages, enters an export. */
  enter(mode: NbdMode = "structured", name = "disk", ...queries: string[]): this {
    this.read(18);
    this.mode = mode;
    this.say(u32(3));
    if (mode !== "simple") this.say(option(OPT[mode]));
    if (queries.length > 0) this.say(option(SET_META, contexts(name, ...queries)));
    this.say(option(OPT.go, info(name)));
    const last = this.kinds().at(-1);
    if (last !== 1) throw new Error(`Found ${last} as the answer to GO`);
    return this;
  }

  /** One reply or chunk. `readLength` is what a simple reply to a READ has behind it. */
  answer(readLength = 0): Answer {
    const magic = this.unread.readUInt32BE();
    if (magic === 0x67446698 && this.mode !== "extended") {
      const head = this.read(16);
      const error = head.readUInt32BE(4);
      const body = this.read(error === 0 ? readLength : 0);
      return { cookie: Number(head.readBigUInt64BE(8)), chunk: -1, isLast: true, error, body };
    }
    const isExtended = magic === 0x6e8a278c;
    if (!isExtended && (magic !== 0x668e33ef || this.mode === "extended")) {
      throw new Error(`Found ${magic.toString(16)}, want a reply`);
    }
    const head = this.read(isExtended ? 32 : 20);
    const chunk = head.readUInt16BE(6);
    const body = this.read(isExtended ? Number(head.readBigUInt64BE(24)) : head.readUInt32BE(16));
    return {
      ...isExtended && { offset: Number(head.readBigUInt64BE(16)) },
      cookie: Number(head.readBigUInt64BE(8)),
      chunk,
      isLast: (head.readUInt16BE(4) & 1) === 1,
      error: chunk >= 0x8000 ? body.readUInt32BE() : 0,
      body,
    };
  }

  /** Says a request and reads its reply, all chunks of it. */
  ask(what: Ask): Answer[] {
    if (this.mode !== "extended") this.say(ask(what));
    else {
      const flags = (what.flags ?? 0) | (what.payload === undefined ? 0 : PAYLOAD_FLAG);
      this.say(askExtended({ ...what, flags }));
    }
    return this.reply(what);
  }

  /** Reads a reply, all chunks of it. */
  reply(what: Ask): Answer[] {
    const all: Answer[] = [];
    do all.push(this.answer(what.command === CMD.read ? what.length : 0)); while (
      !all.at(-1)!.isLast
    );
    return all;
  }

  /** Reads a stretch of the export, whatever chunks it comes in. */
  content(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length, 0xee);
    for (
      const { error, chunk, body } of this.ask({ command: CMD.read, cookie: 77, offset, length })
    ) {
      if (error !== 0) throw new Error(`Found error ${error} for a read`);
      if (chunk === -1) body.copy(bytes);
      const at = chunk > 0 ? Number(body.readBigUInt64BE()) - offset : 0;
      if (chunk === 1) body.copy(bytes, at, 8);
      if (chunk === 2) bytes.fill(0, at, at + body.readUInt32BE(8));
    }
    return bytes;
  }
}
