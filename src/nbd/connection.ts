/**
 * `NbdConnection`: one client, as a machine that takes bytes and gives bytes.
 *
 * It knows no socket. Whoever has one gives it what comes in, sends what it gives out, and tells when that
 * has gone.
 *
 * | state | is in | leaves by |
 * |---|---|---|
 * | handshake | `handshake/handshake.ts` | an agreement; an end |
 * | head | waits for a request | a request; DISC; what is no request; the end of the input |
 * | payload | waits for what a WRITE writes, or a BLOCK_STATUS is about | all of it |
 * | skip | drops the payload of a request that is refused, whatever its length | all of it |
 * | closing | takes nothing more | the last request that is under way |
 *
 * **Invariants**
 * - Every request is answered once, in the order in which they end. One that is refused changes nothing,
 *   and the next one is found behind it.
 * - What a client can make us hold is bounded: no request is begun while 512 KiB of replies have not gone
 *   out, 32 MiB of payloads and replies are held, or 256 requests are under way. So at most 96 MiB, while the
 *   memory for one more payload grows with it. Of what has gone, 8 MiB are kept to be used again, of a client
 *   with long requests. While {@linkcode NbdConnection.wantsInput} is false, whoever has the socket stops
 *   reading it.
 * - What is under way when a connection closes is done to its end.
 * - While {@linkcode NbdConnection.wantsTls} is true, nothing is welcome before
 *   {@linkcode NbdConnection.secured}: what comes in all the same came in the clear, and ends the connection.
 *
 * Longer than the others: the states of one machine, which share nearly all of what they know.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { ByteQueue } from "./byte_queue.ts";
import type { NbdExport } from "./export.ts";
import { type Agreement, Handshake, type TlsPolicy } from "./handshake/handshake.ts";
import { COMMANDS } from "./protocol.ts";
import { heldBytesOf, perform, planReply, refusalOf } from "./transmission/performance.ts";
import { encodeError } from "./transmission/reply.ts";
import { ReplyOutput, type Room } from "./transmission/reply_output.ts";
import {
  checkRequest,
  decodeRequest,
  type NbdRequest,
  readFilter,
  type Refusal,
  requestHeadBytes,
} from "./transmission/request.ts";

/** No request is begun while as many bytes are held. */
const HELD_BYTES_MAX = 32 * 1024 * 1024;
/**
 * Nor while as many bytes of replies have not gone. More would wait longer, and be out of the processor's
 * cache when their turn comes.
 */
const REPLY_BYTES_MAX = 512 * 1024;
/** Nor while as many requests are under way. */
const REQUESTS_MAX = 256;

/** What a connection is made of. */
export interface NbdConnectionOptions {
  /** What there is to choose from; looked at anew for every choice. */
  readonly exports: readonly NbdExport[];
  /**
   * Takes bytes for the client. Not called from inside the constructor's caller only: a request that takes
   * time is answered later.
   *
   * @param pieces Bytes in order. They must not be changed, and are used again for others once
   * {@linkcode NbdConnection.sent} has told that they are gone.
   */
  readonly send: (pieces: readonly Uint8Array[]) => void;
  /**
   * Whether the client may or must use TLS: `off` unless said. Whoever has the socket provides it, when
   * `wantsTls` says so.
   */
  readonly tls?: TlsPolicy;
  /** Told of a device's failure, of which the client hears only a number. */
  readonly onFailure?: (error: unknown) => void;
  /** Called when `wantsInput` or `hasEnded` may have changed without anything being received. */
  readonly onChange?: () => void;
}

type State = "handshake" | "head" | "payload" | "skip" | "closing";

/**
 * One client.
 *
 * @example A server is greeted by, and says goodbye to, a client in one function
 * ```ts
 * import { createMemoryDevice } from "cowdisk";
 * import { NbdConnection } from "cowdisk/nbd";
 * import { equal } from "node:assert/strict";
 *
 * const device = createMemoryDevice({ sectorCount: 8 });
 * const sent: Uint8Array[] = [];
 * const connection = new NbdConnection({
 *   exports: [{ name: "disk", description: "a small one", device }],
 *   send: (pieces) => sent.push(...pieces),
 * });
 * equal(new TextDecoder().decode(sent[0]?.subarray(0, 16)), "NBDMAGICIHAVEOPT");
 * connection.endInput();
 * equal(connection.hasEnded, true);
 * ```
 */
export class NbdConnection {
  readonly #send: (pieces: readonly Uint8Array[]) => void;
  readonly #onChange: () => void;
  readonly #onFailure: (error: unknown) => void;
  readonly #input = new ByteQueue();
  readonly #handshake: Handshake;
  readonly #output = new ReplyOutput();
  #state: State = "handshake";
  #agreement: Agreement | null = null;
  #request: NbdRequest | null = null;
  #refusal: Refusal | null = null;
  #headBytes = 0;
  #skipLeft = 0;
  /** Bytes of requests under way. */
  #requestBytes = 0;
  #underWay = 0;
  #hasInputEnded = false;

  /**
   * Greets a client.
   *
   * @param options What the connection is made of.
   */
  constructor(options: NbdConnectionOptions) {
    this.#send = options.send;
    this.#onChange = options.onChange ?? (() => {});
    this.#onFailure = options.onFailure ?? (() => {});
    this.#handshake = new Handshake(
      options.exports,
      this.#input,
      (bytes) => this.#output.put(bytes),
      options.tls,
    );
    this.#sendOutput();
  }

  /** Whether more bytes are welcome. */
  get wantsInput(): boolean {
    return this.#state !== "closing" && !this.#isFull && !this.wantsTls;
  }

  /**
   * Whether TLS is to begin, as soon as what was given out has gone in the clear. Nothing more is given out
   * before {@linkcode secured}.
   */
  get wantsTls(): boolean {
    return this.#state === "handshake" && this.#handshake.wantsTls;
  }

  /** Whether the client has entered an export. */
  get hasAgreed(): boolean {
    return this.#agreement !== null;
  }

  /** Whether nothing more will be sent: close the socket when all has gone. */
  get hasEnded(): boolean {
    return this.#state === "closing" && this.#underWay === 0;
  }

  /** How many requests are under way. */
  get underWay(): number {
    return this.#underWay;
  }

  get #isFull(): boolean {
    const heldBytes = this.#requestBytes + this.#output.heldBytes;
    return heldBytes >= HELD_BYTES_MAX || this.#output.heldBytes >= REPLY_BYTES_MAX ||
      this.#underWay >= REQUESTS_MAX;
  }

  /**
   * Takes what the client says.
   *
   * @param bytes Any part of it; taken at the call.
   */
  receive(bytes: Uint8Array): void {
    if (!this.#isListening()) return;
    this.#input.push(bytes);
    this.#advance();
  }

  /**
   * Gives room for what the client says next. Whoever can read a socket to there spares a copy.
   *
   * @returns Bytes to be filled from their beginning on, and told by {@linkcode received}. They are the
   * connection's own, and room until this is called again or bytes are given to {@linkcode receive}.
   */
  room(): Uint8Array<ArrayBuffer> {
    return this.#input.room();
  }

  /**
   * Takes what the client has said, as {@linkcode receive}.
   *
   * @param byteCount How much of the {@linkcode room} was filled.
   */
  received(byteCount: number): void {
    if (!this.#isListening()) return;
    this.#input.filled(byteCount);
    this.#advance();
  }

  /** Whether what comes in is taken. Before TLS nothing may come: it ends the connection. */
  #isListening(): boolean {
    if (this.wantsTls) this.#stop();
    return this.#state !== "closing";
  }

  /** Told when TLS has begun: what is received from here on came through it. */
  secured(): void {
    if (this.wantsTls) this.#handshake.secured();
  }

  /** Told when the client will say no more. What it has said is still answered. */
  endInput(): void {
    this.#hasInputEnded = true;
    this.#advance();
  }

  /**
   * Told when bytes have gone out.
   *
   * @param byteCount How many.
   */
  sent(byteCount: number): void {
    const wasFull = this.#isFull;
    this.#output.sent(byteCount);
    if (wasFull && !this.#isFull) this.#advanceLater();
  }

  /** Closes: no request is begun any more; those under way are done to their end. */
  close(): void {
    this.#stop();
    this.#onChange();
  }

  /** As {@linkcode close}, from inside: whoever listens is told when the output was sent, not before. */
  #stop(): void {
    this.#state = "closing";
    this.#input.clear();
  }

  #sendOutput(): void {
    const pieces = this.#output.pieces();
    if (pieces.length > 0) this.#send(pieces);
  }

  #advanceLater(): void {
    this.#advance();
    this.#onChange();
  }

  /** Takes all messages that are there and may be begun, and sends what they came to. */
  #advance(): void {
    while (this.#step());
    this.#sendOutput();
    // What is left over is a part of a message that will never be whole, or waits for its turn.
    if (this.#hasInputEnded && !this.#isFull) this.#stop();
  }

  /** Takes one message. */
  #step(): boolean {
    switch (this.#state) {
      case "handshake":
        return this.#shakeHands();
      case "head":
        return !this.#isFull && this.#input.byteLength >= this.#headBytes && this.#takeHead();
      case "payload":
        return this.#takePayload();
      case "skip":
        return this.#skip();
      case "closing":
        return false;
    }
  }

  #shakeHands(): boolean {
    this.#handshake.advance();
    if (this.#handshake.hasEnded) this.#stop();
    const { agreement } = this.#handshake;
    if (agreement === null) return false;
    this.#agreement = agreement;
    this.#headBytes = requestHeadBytes(agreement.mode);
    this.#state = "head";
    return true;
  }

  #takeHead(): boolean {
    const agreement = this.#agreement as Agreement;
    const request = decodeRequest(this.#input.take(this.#headBytes), agreement.mode);
    if (request === null || request.command === COMMANDS.disconnect) {
      this.#stop();
      return false;
    }
    const refusal = checkRequest(request, agreement);
    if (request.payloadBytes > 0) {
      this.#request = request;
      this.#refusal = refusal;
      this.#skipLeft = request.payloadBytes;
      this.#state = refusal === null ? "payload" : "skip";
    } else if (refusal === null) this.#begin(request, null);
    else this.#refuse(request, refusal);
    return true;
  }

  #takePayload(): boolean {
    const request = this.#request as NbdRequest;
    if (this.#input.byteLength < request.payloadBytes) return false;
    this.#state = "head";
    const payload = this.#input.take(request.payloadBytes);
    if (request.command === COMMANDS.write) this.#begin(request, payload);
    else this.#beginFiltered(request, payload);
    return true;
  }

  #beginFiltered(request: NbdRequest, payload: Uint8Array): void {
    const filtered = readFilter(request, payload, this.#agreement as Agreement);
    if ("code" in filtered) this.#refuse(request, filtered);
    else this.#begin(filtered, null);
  }

  #skip(): boolean {
    this.#skipLeft -= this.#input.skip(this.#skipLeft);
    if (this.#skipLeft > 0) return false;
    this.#state = "head";
    this.#refuse(this.#request as NbdRequest, this.#refusal as Refusal);
    return true;
  }

  #refuse({ echo }: NbdRequest, refusal: Refusal): void {
    const { mode } = this.#agreement as Agreement;
    this.#output.put(encodeError(echo, refusal, mode));
  }

  #fail(request: NbdRequest, error: unknown): void {
    const refusal = refusalOf(error);
    // That something is not supported is an answer, and no failure.
    if (refusal.code !== "ENOTSUP") this.#onFailure(error);
    this.#refuse(request, refusal);
  }

  /** Begins a request, and ends it when the device answers at once. */
  #begin(request: NbdRequest, payload: Uint8Array | null): void {
    const agreement = this.#agreement as Agreement;
    agreement.export.traffic?.count(request.command, request.byteCount);
    let reply: Uint8Array | Promise<Uint8Array>;
    try {
      // Whoever writes later has bytes of its own: these lie where more will come in.
      const plan = (take: Room, isLater: boolean) =>
        planReply(request, isLater ? payload?.slice() ?? null : payload, agreement, take);
      reply = perform(request, agreement.export.device, plan, this.#output.take);
    } catch (error) {
      return this.#fail(request, error);
    }
    if (!(reply instanceof Promise)) return this.#output.put(reply);
    const byteCount = heldBytesOf(request, agreement.export.device);
    this.#underWay++;
    this.#requestBytes += byteCount;
    reply.then(
      (bytes) => this.#output.put(bytes),
      (error) => this.#fail(request, error),
    ).then(() => {
      this.#underWay--;
      this.#requestBytes -= byteCount;
      this.#advanceLater();
    });
  }
}
