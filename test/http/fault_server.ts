/**
 * An image host as a real server on this machine, with faults in its answers and in its connections.
 *
 * It allows requests from pages of other origins, so that tests in a browser can use it too. Where a
 * fault needs it, the bytes of the answer go straight to the socket: `node:http` would not lie.
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ImageHost, Reply } from "./image_host.ts";

const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "Range, If-Match, If-Range, If-Unmodified-Since",
  "Access-Control-Expose-Headers": "Content-Range, ETag",
} as const;

/** How a server is run. */
export interface FaultServerOptions {
  /** Header fields of every answer. Left out: what CORS needs. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server under test. */
export class FaultServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #host: ImageHost;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #waiters: { readonly count: number; readonly wake: () => void }[] = [];

  private constructor(host: ImageHost, options: FaultServerOptions) {
    this.#host = host;
    this.#headers = options.headers ?? CORS;
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  /**
   * Starts a server on a free port.
   *
   * @param host What it answers.
   * @param options How it is run.
   */
  static async start(host: ImageHost, options: FaultServerOptions = {}): Promise<FaultServer> {
    const server = new FaultServer(host, options);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  /** Where the image is. `/moved.img` redirects there. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/disk.img`;
  }

  /** Waits until so many requests were answered, or are kept waiting for their answer. */
  visited(count: number): Promise<void> {
    if (this.#host.visits.length >= count) return Promise.resolve();
    return new Promise((wake) => void this.#waiters.push({ count, wake }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === "OPTIONS") {
      response.writeHead(204, this.#headers).end();
      return;
    }
    if (request.url?.startsWith("/moved.img")) {
      response.writeHead(302, { ...this.#headers, "Location": "/disk.img?key=secret" }).end();
      return;
    }
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value));
    this.#perform(this.#host.answer(headers), request, response);
    for (const { count, wake } of this.#waiters) if (count <= this.#host.visits.length) wake();
  }

  #perform(reply: Reply, { socket }: IncomingMessage, response: ServerResponse): void {
    const { status, body, ending } = reply;
    if (status === -1) return;
    if (status === 0) return void socket.destroy();
    const told = Object.entries({ ...this.#headers, ...reply.headers });
    response.writeHead(status, Object.fromEntries(told.filter(([, value]) => value !== "")));
    if (ending === "whole") return void response.end(body);
    response.write(body, () => {
      if (ending === "drop") socket.destroy();
      if (ending === "endless") flood(response);
    });
    if (body.length === 0) response.flushHeaders();
  }
}

/** Writes until the other side has had enough. */
function flood(response: ServerResponse): void {
  const piece = new Uint8Array(16 * 1024).fill(0xee);
  const goOn = () => {
    while (!response.destroyed && response.write(piece));
  };
  response.on("drain", goOn);
  goOn();
}
