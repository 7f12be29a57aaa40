/**
 * `SocketChannel`: a channel of a socket of Deno's own, and listening for such.
 *
 * Node's sockets, as Deno has them, give what they read in new memory, 64 KiB at a time, and copy what they
 * write. Deno's own read to where they are told to, as much as is there, and write from where the bytes lie:
 * of 256 KiB that are written to the disk, one copy is left in this process instead of three. Node has no such
 * sockets, and in Deno they cannot begin TLS as a server in the midst of a conversation: there,
 * `stream_channel_deno.ts` does.
 *
 * Reading goes on for as long as there is something to read. The runtime breaks that off itself from time to
 * time, so that all others have their turn.
 *
 * @module
 */

import type { Clock } from "../block/clock.ts";
import type { Channel, ChannelListener } from "./channel.ts";

/** How long a listener waits when nobody can be taken: there are too many files. */
const ACCEPT_AGAIN_MS = 100;

/** The part of a socket that is used. Written out here because Node's type checker has no Deno. */
export interface DenoSocket {
  read(target: Uint8Array): Promise<number | null>;
  write(source: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
  /** Of TCP. */
  setNoDelay?(isOn: boolean): void;
}

/** A socket that is listened on. */
interface DenoListener {
  readonly addr: { readonly port?: number };
  accept(): Promise<DenoSocket>;
  close(): void;
}

/** Where to listen, in Deno's words. */
export type DenoPlace =
  | { readonly transport: "unix"; readonly path: string }
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number };

/** The part of Deno that is used. */
export interface DenoSockets {
  listen(place: DenoPlace): DenoListener;
}

/**
 * Looks for Deno's own sockets.
 *
 * @returns Them; nothing in Node.
 */
export function findDenoSockets(): DenoSockets | undefined {
  return (globalThis as { Deno?: DenoSockets }).Deno;
}

/** A socket. */
export class SocketChannel implements Channel {
  readonly #socket: DenoSocket;
  #listener: ChannelListener | undefined;
  #isPaused = false;
  #isReading = false;
  #isClosed = false;

  /**
   * A channel that is not listened to yet.
   *
   * @param socket The socket; it belongs to the channel from here on.
   */
  constructor(socket: DenoSocket) {
    this.#socket = socket;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  listen(listener: ChannelListener): void {
    this.#listener = listener;
    void this.#read(listener);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#listener !== undefined) void this.#read(this.#listener);
  }

  /** Reads until it is to pause. Behind the end nothing is read any more. */
  async #read(listener: ChannelListener): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    while (!this.#isPaused && !this.#isClosed) {
      let byteCount: number | null;
      try {
        byteCount = await this.#socket.read(listener.room());
      } catch {
        return this.#lose();
      }
      if (this.#isClosed) return;
      if (byteCount === null) return listener.ended();
      listener.received(byteCount);
    }
    this.#isReading = false;
  }

  write(piece: Uint8Array, whenGone: () => void): void {
    void this.#write(piece, whenGone);
  }

  async #write(piece: Uint8Array, whenGone: () => void): Promise<void> {
    try {
      let at = await this.#socket.write(piece);
      while (at < piece.byteLength) at += await this.#socket.write(piece.subarray(at));
    } catch {
      return this.#lose();
    }
    if (!this.#isClosed) whenGone();
  }

  end(whenGone: () => void): void {
    // Whoever has gone does not hear that we go.
    void this.#socket.closeWrite().catch(() => {}).then(whenGone);
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  #lose(): void {
    if (!this.#isClosed) this.#listener?.lost();
  }
}

async function acceptAll(
  listener: DenoListener,
  clock: Clock,
  isClosed: () => boolean,
  welcome: (channel: Channel) => void,
): Promise<void> {
  while (!isClosed()) {
    let socket: DenoSocket;
    try {
      socket = await listener.accept();
    } catch {
      if (!isClosed()) await clock.sleep(ACCEPT_AGAIN_MS);
      continue;
    }
    socket.setNoDelay?.(true);
    welcome(new SocketChannel(socket));
  }
}

/**
 * Listens.
 *
 * @param sockets Deno's.
 * @param place Where.
 * @param clock Time, to wait when nobody can be taken.
 * @param welcome Given whoever comes.
 * @returns The port, of TCP; and what ends it.
 * @throws {Error} The system's, when the place cannot be had.
 */
export function listenByDeno(
  sockets: DenoSockets,
  place: DenoPlace,
  clock: Clock,
  welcome: (channel: Channel) => void,
): { readonly port: number | undefined; close(): void } {
  const listener = sockets.listen(place);
  let isClosed = false;
  void acceptAll(listener, clock, () => isClosed, welcome);
  return {
    port: listener.addr.port,
    close() {
      isClosed = true;
      listener.close();
    },
  };
}
