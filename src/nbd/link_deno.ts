/**
 * `NbdLink`: a connection on a channel, which is a socket, or standard input and output.
 *
 * | the client | then |
 * |---|---|
 * | does not read its replies | they are held up to the connection's bound; after that its requests are not read |
 * | closes its writing half | what it has asked for is answered, and then our half is closed |
 * | vanishes | nothing is begun any more; what is under way is done |
 * | agrees on TLS | the answer goes out in the clear; nothing else is read or sent before TLS has begun |
 * | fails at TLS | it hears so from TLS, and the socket is closed |
 *
 * @module
 */

import type { Channel } from "./channel.ts";
import { NbdConnection } from "./connection.ts";
import type { NbdExport } from "./export.ts";
import type { TlsPolicy } from "./handshake/handshake.ts";
import type { StreamChannel } from "./stream_channel_deno.ts";
import type { TlsCredentials } from "./tls_deno.ts";

/** Pieces that are no longer are joined: they cost more to hand over than to copy. */
const SMALL_BYTES = 16 * 1024;
/** What is joined is no longer than this. */
const JOINED_BYTES_MAX = 256 * 1024;

/** Takes the first piece out of a queue, with all the small ones behind it if it is small itself. */
function takeJoined(queue: Uint8Array[]): Uint8Array {
  let count = 0;
  let byteCount = 0;
  for (; count < queue.length; count++) {
    const { byteLength } = queue[count] as Uint8Array;
    if (byteLength > SMALL_BYTES || byteCount + byteLength > JOINED_BYTES_MAX) break;
    byteCount += byteLength;
  }
  if (count < 2) return queue.shift() as Uint8Array;
  const joined = new Uint8Array(byteCount);
  let at = 0;
  for (const piece of queue.splice(0, count)) {
    joined.set(piece, at);
    at += piece.byteLength;
  }
  return joined;
}

/** TLS, where it is offered. */
export interface NbdTls {
  /** Whether clients may use it, or must. */
  readonly policy: Exclude<TlsPolicy, "off">;
  /** Who we are, and whom we believe. */
  readonly credentials: TlsCredentials;
}

/** What a link is made of, besides its channel. */
export interface NbdLinkOptions {
  /** What there is to choose from. */
  readonly exports: readonly NbdExport[];
  /** Told of a device's failure. */
  readonly onFailure?: (error: unknown) => void;
  /** Told once, when the client has entered an export. */
  readonly onAgreed?: () => void;
  /** TLS. Only where the channel is a `StreamChannel` on one socket. */
  readonly tls?: NbdTls | undefined;
}

/** A client at the other end of a channel. */
export class NbdLink {
  /** Kept when nothing of it is left: no request under way, the channel closed. */
  readonly ended: Promise<void>;
  readonly #connection: NbdConnection;
  readonly #resolveEnded: () => void;
  readonly #credentials: TlsCredentials | undefined;
  readonly #onAgreed: () => void;
  #channel: Channel;
  /** What waits until the piece before it has gone. */
  readonly #unsent: Uint8Array[] = [];
  #isWriting = false;
  #isGone = false;
  #isEnding = false;
  #isLeft = false;
  #isSecuring = false;
  #hasAgreed = false;

  /**
   * Greets the client.
   *
   * @param channel The way to it; it belongs to the link from here on.
   * @param options What there is to choose from, and how.
   */
  constructor(channel: Channel, options: NbdLinkOptions) {
    const { exports, onFailure = () => {}, tls } = options;
    this.#credentials = tls?.credentials;
    this.#onAgreed = options.onAgreed ?? (() => {});
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.#channel = channel;
    this.#connection = new NbdConnection({
      exports,
      tls: tls?.policy ?? "off",
      send: (pieces) => this.#send(pieces),
      onChange: () => this.#settle(),
      onFailure,
    });
    this.#listen();
  }

  #listen(): void {
    const told = (what: () => void) => {
      what();
      this.#settle();
    };
    this.#channel.listen({
      room: () => this.#connection.room(),
      received: (byteCount) => told(() => this.#connection.received(byteCount)),
      take: (bytes) => told(() => this.#connection.receive(bytes)),
      ended: () => told(() => this.#connection.endInput()),
      lost: () => this.drop(),
    });
  }

  /** Puts TLS between the socket and the connection. */
  async #secure(): Promise<void> {
    this.#isSecuring = true;
    let secured: Channel;
    try {
      secured = await (this.#channel as StreamChannel).secure(this.#credentials as TlsCredentials);
    } catch {
      return this.drop();
    }
    if (this.#isGone) return secured.destroy();
    this.#channel = secured;
    this.#listen();
    this.#connection.secured();
    this.#settle();
  }

  /** Closes: what is under way is done and answered, nothing else is begun. */
  close(): void {
    this.#connection.close();
  }

  /** Closes at once: nobody is there to be answered. What is under way is done all the same. */
  drop(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#channel.destroy();
    this.#connection.close();
  }

  #send(pieces: readonly Uint8Array[]): void {
    if (this.#isGone) return;
    this.#unsent.push(...pieces);
    if (!this.#isWriting) this.#write();
  }

  /**
   * Writes the next piece, and the others when it has gone. A stream that is given many would copy them all
   * into one.
   */
  #write(): void {
    this.#isWriting = this.#unsent.length > 0;
    if (!this.#isWriting) return;
    const piece = takeJoined(this.#unsent);
    this.#channel.write(piece, () => {
      this.#connection.sent(piece.byteLength);
      if (this.#isGone) return;
      this.#write();
      if (!this.#isWriting) this.#settle();
    });
  }

  /** Does what the connection's state asks for. */
  #settle(): void {
    const { wantsInput, wantsTls, hasAgreed, hasEnded } = this.#connection;
    if (hasAgreed && !this.#hasAgreed) {
      this.#hasAgreed = true;
      this.#onAgreed();
    }
    if (hasEnded && this.#isGone) return this.#resolveEnded();
    if (this.#isGone) return;
    if (wantsTls) {
      if (!this.#isLeft) {
        this.#isLeft = true;
        (this.#channel as StreamChannel).leaveToTls();
      }
      if (!this.#isWriting && !this.#isSecuring) void this.#secure();
    } else if (hasEnded && !this.#isEnding) {
      if (this.#isWriting) return;
      this.#isEnding = true;
      this.#channel.end(() => {
        this.drop();
        this.#settle();
      });
    } else if (wantsInput && this.#channel.isPaused) this.#channel.resume();
    else if (!wantsInput && !this.#isEnding) this.#channel.pause();
  }
}
