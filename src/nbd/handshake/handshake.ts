/**
 * `Handshake`: from the greeting to the choice of an export, as a state machine.
 *
 * | state | waits for | then |
 * |---|---|---|
 * | flags | the client's flags | option; ended, if one is unknown |
 * | option | the head of an option | body; skip, if it is too long; ended, if it is no option |
 * | body | what the option holds | an answer, and option; agreed (GO, EXPORT_NAME); ended (ABORT) |
 * | skip | the rest of what is too long | option |
 * | securing | TLS, which whoever has the socket begins | option, with nothing kept of what was agreed before |
 * | agreed, ended | nothing | |
 *
 * **Invariants**
 * - Every option is answered once, and its whole body is taken whatever is wrong with it, so the stream
 *   stays in step. EXPORT_NAME alone has no way to say no: the connection ends.
 * - At most 64 KiB of an option are held. What is longer is dropped as it comes.
 * - Where TLS is required, every option before it but STARTTLS and ABORT is refused, unread.
 * - Nothing that came in the clear is believed under TLS: what was agreed is forgotten, and bytes behind
 *   STARTTLS, which no client sends before it has its answer, end the connection.
 * - Contexts are chosen for a name. They hold if that name is the one that is entered, and a new choice, or
 *   one that fails, forgets the one before.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { ByteQueue } from "../byte_queue.ts";
import { findExport, type NbdExport } from "../export.ts";
import { chooseContexts, contextsOf } from "../meta_context.ts";
import { HANDSHAKE_FLAGS, MAGICS, type NbdMode, OPTIONS, viewOf } from "../protocol.ts";
import { decodeName, readContextRequest, readInfoRequest } from "./option_reader.ts";
import {
  encodeContext,
  encodeExportName,
  encodeGreeting,
  encodeInfos,
  encodeListed,
  encodeOptionReply,
  type OptionReply,
} from "./option_writer.ts";

const OPTION_HEAD_BYTES = 16;
/** Longer than every option that makes sense. */
const OPTION_BYTES_MAX = 64 * 1024;

/**
 * Whether a client may use TLS: never; whenever it wants to; or it must, and learns nothing before.
 */
export type TlsPolicy = "off" | "on" | "require";

/** What a handshake came to. */
export interface Agreement {
  /** What the client uses. */
  readonly export: NbdExport;
  /** The messages that both sides use. */
  readonly mode: NbdMode;
  /** The contexts that it chose, as places in {@linkcode contextsOf}. */
  readonly contexts: readonly number[];
}

type State = "flags" | "option" | "body" | "skip" | "securing" | "agreed" | "ended";

/** What a client may say before TLS where TLS is required. */
const BEFORE_TLS: ReadonlySet<number> = new Set([OPTIONS.startTls, OPTIONS.abort]);

/** One client's way to an export. */
export class Handshake {
  readonly #exports: readonly NbdExport[];
  readonly #input: ByteQueue;
  readonly #send: (bytes: Uint8Array) => void;
  #tls: TlsPolicy;
  #state: State = "flags";
  #isSecure = false;
  #hasNoZeroes = false;
  #mode: NbdMode = "simple";
  #chosen: { readonly export: NbdExport; readonly contexts: readonly number[] } | null = null;
  #option = 0;
  #bytesLeft = 0;
  #agreement: Agreement | null = null;

  /**
   * Greets.
   *
   * @param exports What there is to choose from.
   * @param input What the client says.
   * @param send Takes what the client is told.
   * @param tls Whether it may or must use TLS.
   */
  constructor(
    exports: readonly NbdExport[],
    input: ByteQueue,
    send: (bytes: Uint8Array) => void,
    tls: TlsPolicy = "off",
  ) {
    this.#exports = exports;
    this.#input = input;
    this.#send = send;
    this.#tls = tls;
    send(encodeGreeting());
  }

  /** What it came to; nothing yet, or nothing ever. */
  get agreement(): Agreement | null {
    return this.#agreement;
  }

  /** Whether there is nothing left to be said. */
  get hasEnded(): boolean {
    return this.#state === "ended";
  }

  /** Whether TLS is to begin: what was sent goes out in the clear, and nothing after it. */
  get wantsTls(): boolean {
    return this.#state === "securing";
  }

  /** Told when TLS has begun. */
  secured(): void {
    this.#isSecure = true;
    this.#state = "option";
  }

  get #lacksTls(): boolean {
    return this.#tls === "require" && !this.#isSecure && !BEFORE_TLS.has(this.#option);
  }

  /** Takes all messages that are there. */
  advance(): void {
    while (this.#step());
  }

  /** Takes one message. */
  #step(): boolean {
    const { byteLength } = this.#input;
    switch (this.#state) {
      case "flags":
        return byteLength >= 4 && this.#takeFlags();
      case "option":
        return byteLength >= OPTION_HEAD_BYTES && this.#takeHead();
      case "body":
        return byteLength >= this.#bytesLeft && this.#takeBody();
      case "skip":
        return this.#skip();
      default:
        return false;
    }
  }

  #takeFlags(): boolean {
    const flags = viewOf(this.#input.take(4)).getUint32(0);
    const { fixedNewstyle, noZeroes } = HANDSHAKE_FLAGS;
    this.#hasNoZeroes = (flags & noZeroes) !== 0;
    const isKnown = (flags & ~(fixedNewstyle | noZeroes)) === 0;
    // Who is not of the fixed newstyle cannot be told of TLS, and is never offered it.
    const isFixed = (flags & fixedNewstyle) !== 0;
    this.#state = isKnown && (isFixed || this.#tls !== "require") ? "option" : "ended";
    if (!isFixed) this.#tls = "off";
    return true;
  }

  #takeHead(): boolean {
    const head = viewOf(this.#input.take(OPTION_HEAD_BYTES));
    const isOption = head.getUint32(0) === MAGICS.option[0] &&
      head.getUint32(4) === MAGICS.option[1];
    this.#option = head.getUint32(8);
    this.#bytesLeft = head.getUint32(12);
    const isLong = this.#bytesLeft > OPTION_BYTES_MAX;
    if (!isOption || (isLong && this.#option === OPTIONS.exportName)) this.#state = "ended";
    else this.#state = isLong ? "skip" : "body";
    return true;
  }

  #skip(): boolean {
    this.#bytesLeft -= this.#input.skip(this.#bytesLeft);
    if (this.#bytesLeft > 0) return false;
    if (this.#lacksTls) this.#refuseWithoutTls();
    else this.#reply("tooBig", `Want at most ${OPTION_BYTES_MAX} bytes`);
    this.#state = "option";
    return true;
  }

  #takeBody(): boolean {
    const body = this.#input.take(this.#bytesLeft);
    this.#state = "option";
    if (this.#lacksTls) this.#refuseWithoutTls();
    else this.#answer(body);
    return true;
  }

  #answer(body: Uint8Array): void {
    switch (this.#option) {
      case OPTIONS.exportName:
        this.#enterByName(body);
        break;
      case OPTIONS.abort:
        this.#reply("ack");
        this.#state = "ended";
        break;
      case OPTIONS.list:
        this.#list(body);
        break;
      case OPTIONS.startTls:
        this.#startTls(body);
        break;
      case OPTIONS.info:
      case OPTIONS.go:
        this.#inform(body);
        break;
      case OPTIONS.structuredReply:
        this.#use("structured", body);
        break;
      case OPTIONS.extendedHeaders:
        this.#use("extended", body);
        break;
      case OPTIONS.listMetaContext:
      case OPTIONS.setMetaContext:
        this.#answerContexts(body);
        break;
      default:
        this.#reply("unsupported");
    }
  }

  #reply(kind: OptionReply, sentence = ""): void {
    this.#send(encodeOptionReply(this.#option, kind, sentence));
  }

  #refuseWithoutTls(): void {
    if (this.#option === OPTIONS.exportName) this.#state = "ended";
    else this.#reply("tlsRequired", "Want TLS first");
  }

  #startTls(body: Uint8Array): void {
    if (body.byteLength > 0) return this.#reply("invalid", "Want nothing in this option");
    if (this.#isSecure) return this.#reply("invalid", "TLS is in use already");
    if (this.#tls === "off") return this.#reply("policy", "TLS is not offered here");
    if (this.#input.byteLength > 0) {
      this.#state = "ended";
      return;
    }
    this.#reply("ack");
    this.#mode = "simple";
    this.#chosen = null;
    this.#state = "securing";
  }

  #enter(each: NbdExport): void {
    this.#agreement = { export: each, mode: this.#mode, contexts: this.#contextsFor(each) };
    this.#state = "agreed";
  }

  #contextsFor(each: NbdExport): readonly number[] {
    return this.#chosen?.export === each ? this.#chosen.contexts : [];
  }

  /** What is to be entered. The list may have changed since contexts were chosen: they keep their numbers. */
  #find(name: string): NbdExport | null {
    const found = findExport(this.#exports, name);
    const chosen = this.#chosen?.export;
    const isChosen = chosen?.name === found?.name && chosen?.device === found?.device;
    return isChosen ? chosen ?? null : found;
  }

  #enterByName(body: Uint8Array): void {
    const name = decodeName(body);
    const each = name === null ? null : this.#find(name);
    // With extended headers this option is forbidden.
    if (each === null || this.#mode === "extended") {
      this.#state = "ended";
      return;
    }
    this.#send(encodeExportName(each, this.#mode, this.#hasNoZeroes));
    this.#enter(each);
  }

  #list(body: Uint8Array): void {
    if (body.byteLength > 0) return this.#reply("invalid", "Want nothing in this option");
    for (const each of this.#exports) this.#send(encodeListed(this.#option, each));
    this.#reply("ack");
  }

  #inform(body: Uint8Array): void {
    const request = readInfoRequest(body);
    if (request === null) return this.#reply("invalid", "Found parts that do not fill the option");
    const each = this.#find(request.name);
    if (each === null) return this.#reply("unknown", "There is no export of that name");
    const hasContexts = this.#contextsFor(each).length > 0;
    const infos = encodeInfos(this.#option, each, request.infos, this.#mode, hasContexts);
    for (const info of infos) this.#send(info);
    this.#reply("ack");
    if (this.#option === OPTIONS.go) this.#enter(each);
  }

  /** Agrees on messages. There is no way back from the richer ones. */
  #use(mode: NbdMode, body: Uint8Array): void {
    if (body.byteLength > 0) return this.#reply("invalid", "Want nothing in this option");
    if (this.#mode === mode) return this.#reply("invalid", "That is agreed already");
    if (this.#mode === "extended") {
      return this.#reply("extendedHeadersRequired", "Extended headers are agreed already");
    }
    this.#mode = mode;
    this.#reply("ack");
  }

  #answerContexts(body: Uint8Array): void {
    const isChoice = this.#option === OPTIONS.setMetaContext;
    if (isChoice) this.#chosen = null;
    if (this.#mode === "simple") return this.#reply("invalid", "Want structured replies first");
    const request = readContextRequest(body);
    if (request === null) return this.#reply("invalid", "Found parts that do not fill the option");
    const each = findExport(this.#exports, request.name);
    if (each === null) return this.#reply("unknown", "There is no export of that name");
    const all = contextsOf(each);
    const isForAll = !isChoice && request.queries.length === 0;
    const found = isForAll ? [...all.keys()] : chooseContexts(all, request.queries, !isChoice);
    for (const id of found) this.#send(encodeContext(this.#option, id, all[id]?.name ?? ""));
    this.#reply("ack");
    if (isChoice) this.#chosen = { export: each, contexts: found };
  }
}
