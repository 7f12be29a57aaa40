/**
 * `ControlServer`: the control socket of a running server. Runs in Deno and Node.
 *
 * It is a Unix socket of this user alone (`unix_socket_deno.ts`); who can open it can do to the images what
 * the server can. What is said on it is `control/control_session.ts`.
 *
 * | a client | then |
 * |---|---|
 * | does not read its answers | its requests are not read |
 * | closes its writing half | what it has asked for is answered, and then our half is closed |
 * | vanishes | what is under way is done |
 * | is one of more than 32 | is turned away |
 *
 * @module
 */

import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { type Clock, systemClock } from "../block/clock.ts";
import { BlockDeviceError } from "../block/errors.ts";
import { ControlSession } from "./control/control_session.ts";
import { type ControlledServer, performControl } from "./control/control_verbs.ts";
import { makeUnixSocket } from "./unix_socket_deno.ts";

/** More clients than this at once are turned away. */
const CLIENTS_MAX = 32;
/** How long a client may take to read its last answer. */
const PARTING_MS = 2000;

/** A client of the control socket. */
class ControlLink {
  /** Kept when it has gone. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #session: ControlSession;
  #isEnding = false;

  constructor(socket: Socket, server: ControlledServer) {
    this.#socket = socket;
    this.ended = new Promise((resolve) => socket.on("close", () => resolve()));
    this.#session = new ControlSession({
      perform: (request) => performControl(request, server),
      send: (bytes) => void (socket.destroyed || socket.write(bytes)),
      onChange: () => this.#settle(),
    });
    socket.on("data", (bytes: Uint8Array) => {
      this.#session.receive(bytes);
      this.#settle();
    });
    socket.on("end", () => {
      this.#session.endInput();
      this.#settle();
    });
    socket.on("drain", () => this.#settle());
    socket.on("error", () => socket.destroy());
  }

  close(): void {
    this.#session.close();
    this.#settle();
  }

  drop(): void {
    this.#socket.destroy();
  }

  /** Does what the session's state asks for. */
  #settle(): void {
    const socket = this.#socket;
    if (socket.destroyed || this.#isEnding) return;
    if (this.#session.hasEnded) {
      this.#isEnding = true;
      socket.end(() => socket.destroy());
    } else if (this.#session.wantsInput && !socket.writableNeedDrain) socket.resume();
    else socket.pause();
  }
}

/** Listens for those who control a server. */
export class ControlServer {
  readonly #server: ControlledServer;
  readonly #clock: Clock;
  readonly #links = new Set<ControlLink>();
  #listener: Server | null = null;
  #path: string | null = null;
  #isClosed = false;

  /**
   * Does not listen yet.
   *
   * @param server What is controlled.
   * @param clock Time, to part from clients.
   */
  constructor(server: ControlledServer, clock: Clock = systemClock) {
    this.#server = server;
    this.#clock = clock;
  }

  /**
   * Listens. Called once.
   *
   * @param path Where the socket is made. One that a dead server left is replaced.
   * @throws {BlockDeviceError} `EEXIST` or `EBUSY` when something else is there; `EIO` when it cannot be made.
   */
  async listen(path: string): Promise<void> {
    await makeUnixSocket(path, (made) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const listener = createServer({ allowHalfOpen: true }, (socket) => this.#welcome(socket));
      listener.on("error", (error) => {
        reject(new BlockDeviceError("EIO", `Cannot listen on ${path}: ${error.message}`));
      });
      listener.listen({ path: made }, () => resolve());
      this.#listener = listener;
      return promise;
    });
    this.#path = path;
  }

  #welcome(socket: Socket): void {
    if (this.#isClosed || this.#links.size >= CLIENTS_MAX) {
      socket.destroy();
      return;
    }
    const link = new ControlLink(socket, this.#server);
    this.#links.add(link);
    link.ended.then(() => void this.#links.delete(link));
  }

  /** Ends: what is under way is answered, nobody new is heard, the socket is removed. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener?.close();
    if (this.#path !== null) rmSync(this.#path, { force: true });
    const links = [...this.#links];
    for (const link of links) link.close();
    const parted = Promise.all(links.map((link) => link.ended));
    await Promise.race([parted, this.#clock.sleep(PARTING_MS)]);
    for (const link of links) link.drop();
    await parted;
  }
}
