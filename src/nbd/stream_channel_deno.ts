/**
 * `StreamChannel`: a channel of a pair of Node's streams: standard input and output, a socket, or TLS on one.
 * Runs in Deno and Node.
 *
 * @module
 */

import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { Channel, ChannelListener } from "./channel.ts";
import { beginTls, type TlsCredentials } from "./tls_deno.ts";

/** Two streams. */
export class StreamChannel implements Channel {
  readonly #input: Readable;
  readonly #output: Writable;
  #listener: ChannelListener | undefined;

  /**
   * A channel that is not listened to yet.
   *
   * @param input What the client says.
   * @param output What it is told; may be the same object.
   */
  constructor(input: Readable, output: Writable) {
    [this.#input, this.#output] = [input, output];
  }

  get isPaused(): boolean {
    return this.#input.isPaused();
  }

  readonly #take = (bytes: Uint8Array) => this.#listener?.take(bytes);
  readonly #end = () => this.#listener?.ended();
  readonly #lose = () => this.#listener?.lost();

  /** An input of its own closes when it has ended well, and its replies are still to go. */
  readonly #closeInput = () => {
    if (!this.#input.readableEnded || this.#output.destroyed) this.#lose();
  };

  listen(listener: ChannelListener): void {
    this.#listener = listener;
    this.#input.on("data", this.#take);
    this.#input.on("end", this.#end);
    this.#input.on("close", this.#closeInput);
    this.#input.on("error", this.#lose);
    this.#output.on("close", this.#lose);
    this.#output.on("error", this.#lose);
  }

  pause(): void {
    this.#input.pause();
  }

  resume(): void {
    this.#input.resume();
  }

  write(piece: Uint8Array, whenGone: () => void): void {
    this.#output.write(piece, (error) => {
      if (error === null || error === undefined) whenGone();
    });
  }

  end(whenGone: () => void): void {
    this.#output.end(whenGone);
  }

  destroy(): void {
    this.#input.destroy();
    this.#output.destroy();
  }

  /** Leaves what comes from here on to TLS, which may be there before we know that our answer has gone. */
  leaveToTls(): void {
    this.#input.pause();
    this.#input.off("data", this.#take);
    this.#input.off("end", this.#end);
  }

  /**
   * Begins TLS, where both streams are one socket.
   *
   * @param credentials Who we are, and whom we believe.
   * @returns What comes and goes through TLS; rejected when that fails.
   */
  async secure(credentials: TlsCredentials): Promise<StreamChannel> {
    const secured = await beginTls(this.#input as Socket, credentials);
    // Its end is told by TLS from here on, behind all that came before it.
    this.#input.off("close", this.#closeInput);
    this.#output.off("close", this.#lose);
    return new StreamChannel(secured, secured);
  }
}
