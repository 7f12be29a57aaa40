/**
 * A static server for the page, with the headers that isolate it; or without, as most hosts are.
 *
 * | a request | is answered |
 * |---|---|
 * | GET, HEAD of a file in the folder, or of a folder with an `index.html` | 200 |
 * | of a folder without its slash | 301, to the one with it: URLs in the page are relative |
 * | of anything else, be it outside of the folder | 404 |
 * | with another method | 405 |
 *
 * For this machine and for tests: no ranges, nothing is kept by the browser.
 *
 * @module
 */
import { extname, join, normalize } from "node:path";
import { ISOLATION_HEADERS } from "./isolation_headers.ts";

/** How a folder is served. */
export interface ServeOptions {
  /** The folder. */
  readonly folder: string;
  /** The port, 0 for any that is free; or one that is wished for, and any if somebody else has it. */
  readonly port: number | { readonly preferred: number };
  /** Whether the headers are sent. @default {true} */
  readonly isIsolated?: boolean;
  /** The path that the folder is served at. @default {"/"} */
  readonly under?: string;
}

/** A server that was started. */
export interface PageServer extends AsyncDisposable {
  /** Where the page is. */
  readonly url: string;
}

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".md": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** This machine alone. */
const HOSTNAME = "127.0.0.1";

function listen(
  port: ServeOptions["port"],
  handler: Deno.ServeHandler,
): Deno.HttpServer<Deno.NetAddr> {
  const serve = (port: number) => Deno.serve({ hostname: HOSTNAME, port, onListen() {} }, handler);
  if (typeof port === "number") return serve(port);
  try {
    return serve(port.preferred);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return serve(0);
    throw error;
  }
}

/** A file of the folder that a path stands for; `null` when there is none. */
async function fileAt(folder: string, pathname: string): Promise<string | "folder" | null> {
  let path: string;
  try {
    path = normalize(join(folder, decodeURIComponent(pathname)));
    if (!path.startsWith(join(folder, "/"))) return null;
    const { isFile, isDirectory } = await Deno.stat(path);
    if (isFile) return path;
    if (isDirectory && !pathname.endsWith("/")) return "folder";
    return isDirectory ? await fileAt(folder, `${pathname}index.html`) : null;
  } catch {
    return null; // Not there, or no path at all.
  }
}

/** Answers one request. */
async function answer(request: Request, folder: string, under: string): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("405 Method Not Allowed\n", {
      status: 405,
      headers: { Allow: "GET, HEAD" },
    });
  }
  const { pathname } = new URL(request.url);
  const inside = pathname.startsWith(under) ? pathname.slice(under.length - 1) : null;
  const path = inside === null ? null : await fileAt(folder, inside);
  if (path === null) return new Response("404 Not Found\n", { status: 404 });
  if (path === "folder") {
    return new Response(null, { status: 301, headers: { Location: `${pathname}/` } });
  }
  const file = await Deno.open(path);
  const headers = {
    "Content-Type": TYPES[extname(path)] ?? "application/octet-stream",
    "Content-Length": String((await file.stat()).size),
  };
  if (request.method === "GET") return new Response(file.readable, { headers });
  file.close();
  return new Response(null, { headers });
}

/**
 * Serves a folder until it is disposed of.
 *
 * @param options What, and where.
 * @returns The server, which listens already.
 * @throws {Deno.errors.AddrInUse} When the port was asked for and somebody else has it.
 */
export function servePage(
  { folder, port, isIsolated = true, under = "/" }: ServeOptions,
): PageServer {
  const fields = { "Cache-Control": "no-cache", ...isIsolated ? ISOLATION_HEADERS : {} };
  const server = listen(port, async (request) => {
    const response = await answer(request, folder, under);
    for (const [name, value] of Object.entries(fields)) response.headers.set(name, value);
    return response;
  });
  return {
    url: `http://localhost:${server.addr.port}${under}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
