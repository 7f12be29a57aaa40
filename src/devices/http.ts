/**
 * The HTTP device: a read-only disk in an image on a web server, of which only what is read is
 * fetched.
 *
 * Needs nothing but `fetch`, so it runs in a browser, in a worker and in Deno, and has only the
 * asynchronous face. It is an origin: snapshots and caches of it have their COW device elsewhere.
 *
 * **The server** must answer Range requests and tell which version of the image it sends: by `ETag`,
 * a strong one at best, or by `Last-Modified`. One on another origin has to allow it:
 * `Access-Control-Allow-Origin`, `Access-Control-Expose-Headers: Content-Range, ETag`, and
 * `Access-Control-Allow-Headers: Range, If-Match, If-Range, If-Unmodified-Since` (of the last three
 * none with the option `conditional: false`). What is hidden is refused, with a message that says so;
 * but a `Retry-After` that is not exposed is not seen, and the back-off is ours.
 *
 * **Never a mixture**: an image that is replaced while it is read is noticed by its next answer, and
 * from then on every request fails with `EIO` and "has changed". Nothing is ever served from two
 * versions, and no failure is answered with zeroes.
 *
 * **Fails**: what may pass (the network, a body that breaks off, silence, 408, 425, 429, 5xx) is
 * tried again, a bounded number of times; the rest is told at once: 404 and 410 as `ENOENT`, 401,
 * 403, 407 and 451 as `EPERM`, everything else as `EIO`. A read that fails has not touched its buffer.
 *
 * Reads of the same sectors share one request, neighbours become one, and whoever reads in order is
 * read ahead of. What was read is not kept: for that there is `openCache`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { checked } from "../block/checked.ts";
import { type Clock, systemClock } from "../block/clock.ts";
import type { BlockDevice } from "../block/device.ts";
import { withoutQuery } from "./http/answer.ts";
import { Backoff, type RetryOptions } from "./http/backoff.ts";
import type { Fetch } from "./http/exchange.ts";
import { endOf, type HttpLimits, HttpStorage } from "./http/http_storage.ts";
import type { ImageIdentity } from "./http/image_identity.ts";
import { openImage, RemoteImage } from "./http/remote_image.ts";
import { type HttpProgress, Session } from "./http/session.ts";

export type { RetryOptions } from "./http/backoff.ts";
export type { Fetch } from "./http/exchange.ts";
export type { ImageIdentity } from "./http/image_identity.ts";
export type { HttpProgress } from "./http/session.ts";

/** What {@linkcode openHttpDevice} is told. */
export interface HttpDeviceOptions {
  /** A name for messages. Left out: the URL, without what may be secret in it. */
  readonly name?: string;
  /** Performs requests. Left out: `fetch`. */
  readonly fetch?: Fetch;
  /** Fields that are sent with every request, such as `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends everything when it is raised, as `close` does; also the opening. */
  readonly signal?: AbortSignal;
  /**
   * What is done about redirects: `refuse` tells where they lead, as far as the runtime lets us see.
   *
   * @default {"follow"}
   */
  readonly redirect?: "follow" | "refuse";
  /** Whether bytes behind the last whole sector are left alone. Otherwise such an image is refused. */
  readonly roundDown?: boolean;
  /** Whether an image without ETag and date is taken. Then only its size tells of a change. */
  readonly allowUnpinned?: boolean;
  /**
   * Whether requests carry `If-Match` and `If-Range`, or `If-Unmodified-Since`. Without them, a server
   * on another origin is asked for less permission; answers are compared all the same.
   *
   * @default {true}
   */
  readonly conditional?: boolean;
  /** `once`: a server without Range support is made to send the whole image, which is kept in memory. */
  readonly download?: "once";
  /**
   * The most bytes that `download` takes.
   *
   * @default {268435456}
   */
  readonly downloadBytesMax?: number;
  /**
   * How many requests may be under way.
   *
   * @default {4}
   */
  readonly requestsMax?: number;
  /**
   * The most sectors in one request; longer reads become several.
   *
   * @default {2048}
   */
  readonly requestSectorsMax?: number;
  /**
   * The most sectors that are fetched ahead of whoever reads in order; 0: none.
   *
   * @default {1024}
   */
  readonly readAheadSectorsMax?: number;
  /**
   * The most bytes that are fetched ahead and not read yet, of all readers together.
   *
   * @default {4194304}
   */
  readonly bufferBytesMax?: number;
  /** How failures that may pass are retried. */
  readonly retry?: RetryOptions;
  /**
   * How long nothing may come before a request counts as failed, in milliseconds; `Infinity`: for ever.
   *
   * @default {30000}
   */
  readonly stallTimeoutMs?: number;
  /** What time is told by. */
  readonly clock?: Clock;
  /** Told whenever a request is sent, bytes have come, or something is tried again. Must not throw. */
  readonly onProgress?: (progress: HttpProgress) => void;
}

/** Reads sectors from a web server. */
export interface HttpDevice extends BlockDevice {
  /** Which version of the image it is, and how surely that is told from another. */
  readonly identity: ImageIdentity;
  /** What has been done so far. */
  readonly progress: HttpProgress;
}

/** The numbers among the options, checked. */
function limitsOf(options: HttpDeviceOptions): HttpLimits & { downloadBytesMax: number } {
  const { requestsMax = 4, requestSectorsMax = 2048, readAheadSectorsMax = 1024 } = options;
  const { bufferBytesMax = 4 * 2 ** 20, downloadBytesMax = 2 ** 28 } = options;
  const limits = {
    requestsMax,
    requestSectorsMax,
    readAheadSectorsMax,
    bufferBytesMax,
    downloadBytesMax,
  };
  for (const [name, count] of Object.entries(limits)) {
    const min = name.startsWith("request") ? 1 : 0;
    if (Number.isSafeInteger(count) && count >= min) continue;
    throw new RangeError(`Cannot use ${name} ${count}: want a whole number from ${min} on`);
  }
  return limits;
}

/** Ends the session when a signal is raised; returns what unties the two. */
function tie(signal: AbortSignal | undefined, name: string, session: Session): () => void {
  if (signal === undefined) return () => {};
  const end = () => session.fail(endOf(name, "it was aborted", signal.reason));
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  return () => signal.removeEventListener("abort", end);
}

/**
 * Opens a disk in an image on a web server.
 *
 * One request is made: it learns the size, whether ranges can be had, and which version it is.
 *
 * @param url Where the image is.
 * @param options How it is read.
 * @returns The device. Closing it ends what is under way.
 * @throws {RangeError} When an option is out of range.
 * @throws {BlockDeviceError} `ENOENT`, `EPERM`, `EINVAL` when the image is no whole number of sectors,
 * `ENOTSUP` when the server has no Range support or does not tell which version it sends, `ENOMEM`
 * when an image to be fetched whole is too large, `ESHUTDOWN` when aborted, otherwise `EIO`.
 *
 * @example A disk of which only what is read is fetched
 * ```ts
 * import { openHttpDevice } from "cowdisk/http";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * // A server of one image, 1 MiB of sevens. Leave `fetch` out for a real one.
 * const sizeBytes = 2 ** 20;
 * const fetch = (_url: string, { headers }: RequestInit) => {
 *   const range = new Headers(headers).get("Range") ?? "";
 *   const [first = 0, last = 0] = range.slice("bytes=".length).split("-").map(Number);
 *   const answer = new Response(new Uint8Array(last - first + 1).fill(7), {
 *     status: 206,
 *     headers: { "Content-Range": `bytes ${first}-${last}/${sizeBytes}`, "ETag": '"v1"' },
 *   });
 *   return Promise.resolve(answer);
 * };
 *
 * await using disk = await openHttpDevice("https://example.com/disk.img?key=secret", { fetch });
 * equal(disk.name, "https://example.com/disk.img");
 * equal(disk.sectorCount, 2048);
 * equal(disk.identity.kind, "strong ETag");
 *
 * const sector = new Uint8Array(512);
 * await disk.read(sector, 2047);
 * deepEqual(sector, new Uint8Array(512).fill(7));
 * equal(disk.progress.fetchedBytes, 65536 + 512);
 * ```
 */
export async function openHttpDevice(
  url: string | URL,
  options: HttpDeviceOptions = {},
): Promise<HttpDevice> {
  const { clock = systemClock, name = withoutQuery(String(url)), signal } = options;
  const { stallTimeoutMs = 30_000 } = options;
  const limits = limitsOf(options);
  if (!(stallTimeoutMs > 0)) {
    throw new RangeError(`Cannot use stallTimeoutMs ${stallTimeoutMs}: want more than 0`);
  }
  const session = new Session({
    name,
    url: String(url),
    // Browsers want `fetch` to be called as a plain function.
    fetch: options.fetch ?? ((target, init) => fetch(target, init)),
    headers: options.headers ?? {},
    redirect: options.redirect ?? "follow",
    clock,
    backoff: new Backoff(options.retry),
    stallTimeoutMs,
    onProgress: options.onProgress ?? (() => {}),
  });
  const imageOptions = {
    name,
    roundDown: options.roundDown ?? false,
    allowUnpinned: options.allowUnpinned ?? false,
    conditional: options.conditional ?? true,
    downloadBytesMax: options.download === "once" ? limits.downloadBytesMax : null,
  };
  const untie = tie(signal, name, session);
  try {
    const opened = await openImage(session, imageOptions);
    const image = new RemoteImage(session, imageOptions, opened.identity);
    const storage = new HttpStorage({ name, session, image, opened, limits, onClose: untie });
    return Object.defineProperties(checked(storage), {
      identity: { value: opened.identity, enumerable: true },
      progress: { get: () => session.progress, enumerable: true },
    }) as HttpDevice;
  } catch (error) {
    untie();
    throw error;
  }
}
