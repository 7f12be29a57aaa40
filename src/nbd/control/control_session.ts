/**
 * `ControlSession`: one client of a server's control socket, as a machine that takes bytes and gives bytes.
 *
 *     {"verb":"drop","name":"monday"}
 *     {"result":{"path":"/srv/monday.cow"}}
 *     {"verb":"drop","name":"monday"}
 *     {"error":{"code":"ENXIO","message":"Cannot drop \"monday\": there is no such device"}}
 *
 * A request is one line of JSON, and so is its answer.
 *
 * | state | takes | leaves by |
 * |---|---|---|
 * | line | bytes, up to a newline; too many are dropped as they come | a line |
 * | busy | nothing: a request is under way | its answer |
 * | closed | nothing | |
 *
 * **Invariants**
 * - Every line is answered once, in order, whatever it is; one that is no request changes nothing. A line
 *   that is cut off by the end of the input was none.
 * - No more is held than one line of 256 KiB, and what came in with its end: while `wantsInput` is false,
 *   whoever has the socket stops reading it.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import { ControlRequest } from "./control_request.ts";

/** No request is longer. */
export const LINE_BYTES_MAX = 256 * 1024;

const NEWLINE = 0x0a;

/** What a session is made of. */
export interface ControlSessionOptions {
  /** Does what is asked for. */
  readonly perform: (request: ControlRequest) => Promise<unknown>;
  /** Takes an answer. */
  readonly send: (bytes: Uint8Array) => void;
  /** Called when `wantsInput` or `hasEnded` may have changed without anything being received. */
  readonly onChange: () => void;
}

function encode(answer: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(answer)}\n`);
}

function encodeError(error: unknown): Uint8Array {
  const code = error instanceof BlockDeviceError ? error.code : "EINVAL";
  const message = error instanceof Error ? error.message : String(error);
  return encode({ error: { code, message } });
}

/** A line as it comes in: whole, in part, or too long to be kept. */
class Line {
  #bytes = new Uint8Array(1024);
  #byteLength = 0;

  /** Adds bytes; those past the limit are only counted. */
  add(bytes: Uint8Array): void {
    const end = this.#byteLength + bytes.byteLength;
    if (end > this.#bytes.byteLength && end <= LINE_BYTES_MAX) {
      const larger = new Uint8Array(Math.min(LINE_BYTES_MAX, Math.max(end, 2 * this.#byteLength)));
      larger.set(this.#bytes.subarray(0, this.#byteLength));
      this.#bytes = larger;
    }
    if (end <= LINE_BYTES_MAX) this.#bytes.set(bytes, this.#byteLength);
    this.#byteLength = Math.min(end, LINE_BYTES_MAX + 1);
  }

  /** What the line says. */
  get text(): string {
    if (this.#byteLength > LINE_BYTES_MAX) {
      throw unreadable(`want at most ${LINE_BYTES_MAX} bytes in a line`);
    }
    try {
      return new TextDecoder("utf-8", { fatal: true })
        .decode(this.#bytes.subarray(0, this.#byteLength));
    } catch {
      throw unreadable("want UTF-8");
    }
  }
}

function unreadable(why: string): BlockDeviceError {
  return new BlockDeviceError("EINVAL", `Cannot read the request: ${why}`);
}

/** One client of a control socket. */
export class ControlSession {
  readonly #options: ControlSessionOptions;
  /** What came in and was not looked at. */
  #unread: Uint8Array[] = [];
  #line = new Line();
  #isBusy = false;
  #hasInputEnded = false;
  #isClosed = false;

  /**
   * A session that waits for its first line.
   *
   * @param options What it is made of.
   */
  constructor(options: ControlSessionOptions) {
    this.#options = options;
  }

  /** Whether more bytes are welcome. */
  get wantsInput(): boolean {
    return !this.#isBusy && !this.#isClosed;
  }

  /** Whether nothing more will be sent. */
  get hasEnded(): boolean {
    return !this.#isBusy && (this.#isClosed || this.#hasInputEnded);
  }

  /**
   * Takes what the client says.
   *
   * @param bytes Any part of it; they belong to the session from here on.
   */
  receive(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#unread.push(bytes);
    if (!this.#isBusy) this.#advance();
  }

  /** Told when the client will say no more. What it has asked for is still answered. */
  endInput(): void {
    this.#hasInputEnded = true;
  }

  /** Closes: nothing is begun any more; what is under way is answered. */
  close(): void {
    this.#isClosed = true;
    this.#unread = [];
  }

  /** Reads on, up to the end of a line or of what there is. */
  #advance(): void {
    for (let piece = this.#unread.shift(); piece !== undefined; piece = this.#unread.shift()) {
      const at = piece.indexOf(NEWLINE);
      this.#line.add(at < 0 ? piece : piece.subarray(0, at));
      if (at < 0) continue;
      if (at + 1 < piece.byteLength) this.#unread.unshift(piece.subarray(at + 1));
      const line = this.#line;
      this.#line = new Line();
      return this.#begin(line);
    }
  }

  #begin(line: Line): void {
    this.#isBusy = true;
    this.#answerTo(line).then((answer) => {
      this.#isBusy = false;
      this.#options.send(answer);
      this.#advance();
      this.#options.onChange();
    });
  }

  /** Never fails: that is an answer too. */
  async #answerTo(line: Line): Promise<Uint8Array> {
    try {
      const request = ControlRequest.parse(line.text);
      return encode({ result: await this.#options.perform(request) ?? null });
    } catch (error) {
      return encodeError(error);
    }
  }
}
