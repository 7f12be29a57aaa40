/**
 * `NbdServer`: listens, and serves whoever comes. Runs in Deno and Node.
 *
 * | listens on | who may come |
 * |---|---|
 * | a Unix socket | this user (`unix_socket_deno.ts`); it is removed at the end |
 * | TCP, 127.0.0.1 unless said otherwise | whoever reaches it: NBD without TLS asks for no name. With TLS, and clients' certificates: who has one |
 * | a socket that was handed down to us | whoever it was opened for |
 * | standard input and output | one client, whoever started us; never with TLS |
 *
 * **Idling**: a client that has not chosen an export within ten seconds is dropped. One that has may idle for
 * as long as it likes: so does the disk of a machine that sleeps.
 *
 * **Closing**: nobody new is taken, requests under way are done and answered, every device is flushed, the
 * socket is removed. A client that does not take its answers within two seconds is dropped.
 *
 * @module
 */

import { rmSync } from "node:fs";
import { createServer } from "node:net";
import type { Readable, Writable } from "node:stream";
import { type Clock, systemClock } from "../block/clock.ts";
import { BlockDeviceError } from "../block/errors.ts";
import type { Channel } from "./channel.ts";
import { type NbdExport, requireExports } from "./export.ts";
import { HandshakeLimit } from "./handshake/time_limit.ts";
import { NbdLink, type NbdTls } from "./link_deno.ts";
import { type DenoPlace, findDenoSockets, listenByDeno } from "./socket_channel_deno.ts";
import { StreamChannel } from "./stream_channel_deno.ts";
import { makeUnixSocket } from "./unix_socket_deno.ts";

/** More clients than this at once are turned away. */
const CLIENTS_MAX = 256;
/** How long a client may take to choose an export, TLS included. */
const HANDSHAKE_MS = 10_000;
/** How long a client may take to read its last answers. */
const PARTING_MS = 2000;

/** What a server is made of. */
export interface NbdServerOptions {
  /** What clients can choose from; the first is the default. The list may change at any time. */
  readonly exports: readonly NbdExport[];
  /** Told of a device's failure, of which the client hears only a number. */
  readonly onFailure?: (error: unknown) => void;
  /** TLS for sockets; none, if left out. */
  readonly tls?: NbdTls;
  /** Time, to wait for clients and to part from them. */
  readonly clock?: Clock;
}

function cannotListen(place: string, { message }: Error): BlockDeviceError {
  return new BlockDeviceError("EIO", `Cannot listen on ${place}: ${message}`);
}

/** Serves exports to many clients. */
export class NbdServer {
  readonly #exports: readonly NbdExport[];
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  readonly #tls: NbdTls | undefined;
  readonly #limit: HandshakeLimit;
  readonly #links = new Set<NbdLink>();
  readonly #listeners: { close(): void }[] = [];
  readonly #paths: string[] = [];
  #isClosed = false;

  /**
   * Makes a server that does not listen yet.
   *
   * @param options What it is made of. The devices stay their owner's.
   * @throws {RangeError} When two exports have one name.
   */
  constructor(options: NbdServerOptions) {
    requireExports(options.exports);
    this.#exports = options.exports;
    this.#clock = options.clock ?? systemClock;
    this.#limit = new HandshakeLimit(this.#clock, HANDSHAKE_MS);
    this.#onFailure = options.onFailure ?? (() => {});
    this.#tls = options.tls;
  }

  /** How many clients there are. */
  get clientCount(): number {
    return this.#links.size;
  }

  /**
   * Listens on a Unix socket.
   *
   * @param path Where it is made. A socket that a dead server left is replaced.
   * @throws {BlockDeviceError} `EEXIST` or `EBUSY` when something else is there; `EIO` when it cannot be made.
   */
  async listenUnix(path: string): Promise<void> {
    await makeUnixSocket(path, (made) => this.#listen(path, { transport: "unix", path: made }));
    this.#paths.push(path);
  }

  /**
   * Listens on TCP.
   *
   * @param port The port; 0 for one that is free.
   * @param host The address.
   * @returns The port.
   * @throws {BlockDeviceError} `EIO` when that cannot be had.
   */
  async listenTcp(port: number, host = "127.0.0.1"): Promise<number> {
    const place = { transport: "tcp", hostname: host, port } as const;
    return await this.#listen(`${host}:${port}`, place) ?? port;
  }

  /**
   * Listens on a socket that whoever started us has opened, as systemd does.
   *
   * @param fd The file's number.
   * @throws {BlockDeviceError} `EIO` when it is no socket that can be listened on.
   */
  async listenInherited(fd: number): Promise<void> {
    await this.#listenByNode(`the inherited file ${fd}`, { fd });
  }

  /** Returns the port, of TCP. Deno's own sockets are quicker; TLS and Node want Node's. */
  async #listen(place: string, where: DenoPlace): Promise<number | undefined> {
    const sockets = this.#tls === undefined ? findDenoSockets() : undefined;
    if (sockets === undefined) {
      const options = where.transport === "unix"
        ? { path: where.path }
        : { port: where.port, host: where.hostname };
      return await this.#listenByNode(place, options);
    }
    try {
      const welcome = (channel: Channel) => this.#welcome(channel);
      const listener = listenByDeno(sockets, where, this.#clock, welcome);
      this.#listeners.push(listener);
      return listener.port;
    } catch (error) {
      throw cannotListen(place, error as Error);
    }
  }

  #listenByNode(
    place: string,
    options: { path: string } | { port: number; host: string } | { fd: number },
  ): Promise<number | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const listener = createServer({ allowHalfOpen: true }, (socket) => {
      socket.setNoDelay(true);
      this.#welcome(new StreamChannel(socket, socket));
    });
    listener.on("error", (error) => reject(cannotListen(place, error)));
    listener.listen(options, () => {
      const address = listener.address();
      resolve(address !== null && typeof address === "object" ? address.port : undefined);
    });
    this.#listeners.push(listener);
    return promise;
  }

  #welcome(channel: Channel): void {
    if (this.#isClosed || this.#links.size >= CLIENTS_MAX) return channel.destroy();
    this.#limit.admit(this.#serve(channel, this.#tls));
  }

  /**
   * Serves one client over two streams.
   *
   * @param input What it says.
   * @param output What it is told.
   * @returns A promise that is kept when it has gone.
   */
  serveStreams(input: Readable, output: Writable): Promise<void> {
    return this.#serve(new StreamChannel(input, output)).ended;
  }

  #serve(channel: Channel, tls?: NbdTls): NbdLink {
    const link: NbdLink = new NbdLink(channel, {
      exports: this.#exports,
      onFailure: this.#onFailure,
      onAgreed: () => this.#limit.release(link),
      tls,
    });
    this.#links.add(link);
    void link.ended.then(() => {
      this.#links.delete(link);
      this.#limit.release(link);
    });
    return link;
  }

  /**
   * Ends service; see the head of the module. Closing twice is no mistake.
   *
   * @throws {BlockDeviceError} The device's own, when one cannot be flushed. Everything else is closed
   * before that is told.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const listener of this.#listeners) listener.close();
    for (const path of this.#paths) rmSync(path, { force: true });
    const links = [...this.#links];
    for (const link of links) link.close();
    const parted = Promise.all(links.map((link) => link.ended));
    await Promise.race([parted, this.#clock.sleep(PARTING_MS)]);
    for (const link of links) link.drop();
    await parted;
    const devices = new Set(this.#exports.map(({ device }) => device));
    const endings = await Promise.allSettled(
      [...devices].filter(({ supports }) => supports.write).map((device) => device.flush()),
    );
    for (const ending of endings) if (ending.status === "rejected") throw ending.reason;
  }
}
