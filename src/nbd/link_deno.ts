/**
 * `NbdLink`: a connection on a pair of streams, a socket's two halves or standard input and output.
 *
 * | the client | then |
 * |---|---|
 * | does not read its replies | they are held up to the connection's bound; after that its requests are not read |
 * | closes its writing half | what it has asked for is answered, and then our half is closed |
 * | vanishes | nothing is begun any more; what is under way is done |
 *
 * @module
 */

import type { Readable, Writable } from "node:stream";
import { NbdConnection } from "./connection.ts";
import type { NbdExport } from "./export.ts";

/** Pieces shorter than this are joined: they cost more to hand over than to copy. */
const SMALL_BYTES = 16 * 1024;

/** Joins neighbours that are small. */
function* joinSmall(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  for (let from = 0; from < pieces.length;) {
    let to = from;
    let byteCount = 0;
    for (; to < pieces.length; to++) {
      const { byteLength } = pieces[to] as Uint8Array;
      if (byteLength > SMALL_BYTES || byteCount + byteLength > 16 * SMALL_BYTES) break;
      byteCount += byteLength;
    }
    if (to - from < 2) yield pieces[from++] as Uint8Array;
    else {
      const joined = new Uint8Array(byteCount);
      for (let at = 0; from < to; from++) {
        const piece = pieces[from] as Uint8Array;
        joined.set(piece, at);
        at += piece.byteLength;
      }
      yield joined;
    }
  }
}

/** A client at the other end of two streams. */
export class NbdLink {
  /** Kept when nothing of it is left: no request under way, the streams closed. */
  readonly ended: Promise<void>;
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #connection: NbdConnection;
  readonly #resolveEnded: () => void;
  #isGone = false;
  #isEnding = false;

  /**
   * Greets the client.
   *
   * @param input What it says.
   * @param output What it is told; may be the same object.
   * @param exports What there is to choose from.
   * @param onFailure Told of a device's failure.
   */
  constructor(
    input: Readable,
    output: Writable,
    exports: readonly NbdExport[],
    onFailure: (error: unknown) => void = () => {},
  ) {
    this.#input = input;
    this.#output = output;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    input.on("data", (bytes: Uint8Array) => {
      this.#connection.receive(bytes);
      this.#settle();
    });
    input.on("end", () => {
      this.#connection.endInput();
      this.#settle();
    });
    for (const stream of new Set([input, output])) {
      stream.on("error", () => this.drop());
      stream.on("close", () => this.drop());
    }
    this.#connection = new NbdConnection({
      exports,
      send: (pieces) => this.#send(pieces),
      onChange: () => this.#settle(),
      onFailure,
    });
  }

  /** Closes: what is under way is done and answered, nothing else is begun. */
  close(): void {
    this.#connection.close();
  }

  /** Closes at once: nobody is there to be answered. What is under way is done all the same. */
  drop(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#input.destroy();
    this.#output.destroy();
    this.#connection.close();
  }

  #send(pieces: readonly Uint8Array[]): void {
    if (this.#isGone) return;
    this.#output.cork();
    for (const piece of joinSmall(pieces)) {
      this.#output.write(piece, () => this.#connection.sent(piece.byteLength));
    }
    this.#output.uncork();
  }

  /** Does what the connection's state asks for. */
  #settle(): void {
    const { wantsInput, hasEnded } = this.#connection;
    if (hasEnded && this.#isGone) return this.#resolveEnded();
    if (this.#isGone) return;
    if (hasEnded && !this.#isEnding) {
      this.#isEnding = true;
      this.#output.end(() => {
        this.drop();
        this.#settle();
      });
    } else if (wantsInput && this.#input.isPaused()) this.#input.resume();
    else if (!wantsInput && !this.#isEnding) this.#input.pause();
  }
}
