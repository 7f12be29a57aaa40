/**
 * `ControlClient`: whoever controls a running server by its control socket.
 *
 * Requests are asked one after the other; every one is answered, or the server has gone.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import type { ServerReport } from "../../nbd/control/control_verbs.ts";
import { Option } from "commander";
import { CommandFailure, EXIT_CODES } from "../failure.ts";

/** A request; its fields are those of `control_verbs.ts`. */
export type ControlWords = Readonly<Record<string, unknown>> & { readonly verb: string };

/** What commands are told that talk to a server. */
export interface ControlFlags {
  /** Its control socket. */
  readonly control?: string;
}

/**
 * The option that says which server.
 *
 * @returns It.
 */
export function controlOption(): Option {
  return new Option("--control <path>", "the control socket of the server");
}

/** What a server answers. */
interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

function whyNot(error: Error): string {
  const code = "code" in error ? error.code : "";
  if (code === "ENOENT") return "there is no such socket";
  if (code === "ECONNREFUSED") return "nobody listens on it";
  return error.message;
}

/** A connection to a server's control socket. */
export class ControlClient implements Disposable {
  readonly #socket: Socket;
  readonly #path: string;
  #heard = "";
  #onLine: (line: string | null) => void = () => {};
  #isGone = false;

  private constructor(socket: Socket, path: string) {
    this.#socket = socket;
    this.#path = path;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#hear(text));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#isGone = true;
      this.#onLine(null);
    });
  }

  /**
   * Connects.
   *
   * @param path The control socket.
   * @returns The connection.
   * @throws {CommandFailure} When none was named, or no server is there.
   */
  static connect(path: string | undefined): Promise<ControlClient> {
    if (path === undefined) {
      const sentence = "Found no --control PATH: want the control socket, which serve tells";
      return Promise.reject(new CommandFailure(sentence, EXIT_CODES.usage));
    }
    const { promise, resolve, reject } = Promise.withResolvers<ControlClient>();
    const socket = connect(path);
    socket.once("connect", () => resolve(new ControlClient(socket, path)));
    socket.once("error", (error) => {
      reject(new CommandFailure(`Cannot reach a server at "${path}": ${whyNot(error)}`));
    });
    return promise;
  }

  #hear(text: string): void {
    this.#heard += text;
    const at = this.#heard.indexOf("\n");
    if (at < 0) return;
    const line = this.#heard.slice(0, at);
    this.#heard = this.#heard.slice(at + 1);
    this.#onLine(line);
  }

  /**
   * Asks for something.
   *
   * @param words What.
   * @returns The result.
   * @throws {CommandFailure} With the server's sentence when it refuses, or when it has gone.
   */
  async ask(words: ControlWords): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<string | null>();
    this.#onLine = resolve;
    if (this.#isGone) resolve(null);
    else this.#socket.write(`${JSON.stringify(words)}\n`);
    const line = await promise;
    if (line === null) throw new CommandFailure(`The server at "${this.#path}" has gone`);
    const { result, error } = JSON.parse(line) as Answer;
    if (error !== undefined) throw new CommandFailure(error.message);
    return result;
  }

  /**
   * Asks how everything is.
   *
   * @returns The server's report.
   */
  async status(): Promise<ServerReport> {
    return await this.ask({ verb: "status" }) as ServerReport;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
