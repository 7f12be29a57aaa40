/**
 * The range worker: a service worker that serves disks at URLs, for emulators that take nothing else.
 *
 *     emulator ── GET /vdisk/windows, Range ──▶ service worker ── port ──▶ page: device or snapshot
 *
 * The service worker's script is two lines, served as modules, or bundled and registered as `classic`:
 *
 *     import { serveRanges } from "cowdisk/range-worker";
 *     serveRanges({ isolation: "require-corp" });
 *
 * and the page that has the disk says
 *
 *     const worker = await registerRangeWorker("/sw.js");
 *     const { url } = await offerSnapshot(worker, "vdisk/windows", disk, "installed");
 *     new V86({ hda: { url, async: true, size: disk.device.sectorCount * 512 } });
 *
 * | a request under `vdisk/` | is answered |
 * |---|---|
 * | GET, HEAD of a disk | 200, 206, 304, 412, 416 as RFC 9110 has it (`range/image_answer.ts`) |
 * | of a disk that nobody offers, and nobody does when asked | 404 |
 * | of a disk whose page is gone, and no other page offers | 503; in the middle of a body: it errors |
 * | of a disk whose device fails | 500; in the middle of a body: it errors |
 * | with another method | 405 |
 *
 * Nothing is ever cut short without an error, and no failure is answered with zeroes. A URL answers for
 * pages under the worker alone: it is no door to other origins or machines.
 *
 * A body holds 256 KiB at most, and reads on when it is read (`range/image_body.ts`).
 *
 * Other requests are not touched, unless `isolation` is asked for (`range/isolation.ts`). Then a page
 * that begins with `if (await isolatePage("/sw.js") === "reloading") …` may share memory on a host that
 * sends no headers.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type Clock, systemClock } from "../block/clock.ts";
import { codeOf } from "../block/errors.ts";
import { defer } from "../block/promises.ts";
import type { WorkerClient, WorkerClients } from "./range/offered_disk.ts";
import { OfferedDisks } from "./range/offered_disks.ts";
import { isolate, type Isolation, passedThrough } from "./range/isolation.ts";
import { openAnswer, sayNo, sayWhy } from "./range/range_answer.ts";

export {
  type DiskOffer,
  type MessageSource,
  offerDevice,
  type OfferOptions,
  offerSnapshot,
  type OfferTarget,
} from "./range/disk_offer.ts";
export type { Isolation } from "./range/isolation.ts";
export {
  isolatePage,
  type PageOutcome,
  type RegisterOptions,
  registerRangeWorker,
} from "./range/isolated_page.ts";
export type { WorkerClient, WorkerClients } from "./range/offered_disk.ts";
export { answerRange, type ServedImage } from "./range/range_answer.ts";

/** What a service worker serves, and how. */
export interface RangeWorkerOptions {
  /** Where disks are, from the worker's scope. @default {"vdisk/"} */
  readonly prefix?: string;
  /** Makes pages under the worker cross-origin isolated. Left out: they are as their host has them. */
  readonly isolation?: Isolation;
  /** Whether a new worker takes over from an older one, and open pages, at once. @default {true} */
  readonly takesOver?: boolean;
  /** How long pages have to offer a disk that is asked for. @default {3000} */
  readonly offerTimeoutMs?: number;
  /** What time is told by. Left out: the runtime's clock. */
  readonly clock?: Clock;
  /** Performs the requests that are passed through. Left out: `fetch`. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** What is used of a service worker's global scope. */
export interface WorkerScope {
  /** Where its pages are. */
  readonly registration: { readonly scope: string };
  /** Its pages. */
  readonly clients: WorkerClients;
  /** Takes over from an older worker. */
  skipWaiting(): Promise<void>;
  /** Hears of `install`, `activate`, `message` and `fetch`. */
  addEventListener(type: string, listener: (event: never) => void): void;
}

interface LastingEvent {
  waitUntil(promise: Promise<unknown>): void;
}

interface FetchEvent extends LastingEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

interface ClientMessage extends LastingEvent, Pick<MessageEvent<unknown>, "data" | "ports"> {
  readonly source: WorkerClient | null;
}

/** Serves a disk; asks for it once more when its page went before a byte was sent. */
async function serve(disks: OfferedDisks, event: FetchEvent): Promise<Response> {
  const { request } = event;
  const { pathname } = new URL(request.url);
  const { promise: read, resolve: onEnd } = defer<void>();
  event.waitUntil(read); // A worker that is still sending is not to be stopped.
  let failure: Response | null = null;
  for (let attempt = 0; attempt < 2; attempt++) {
    const disk = await disks.find(pathname);
    if (disk === null) break;
    try {
      return await openAnswer(request, disk, onEnd);
    } catch (error) {
      failure = sayWhy(error);
      if (codeOf(error) !== "ENODEV") break;
      disk.end("its page has gone");
    }
  }
  onEnd();
  return failure ?? sayNo(404, `No page offers a disk at ${pathname}.`);
}

/**
 * Makes this service worker serve the disks that pages offer. To be called once, while its script is
 * run for the first time.
 *
 * @param options Where disks are, and whether pages are isolated.
 * @param scope The service worker's global scope. Left out: the one it is called in.
 *
 * @example What it answers for a disk that nobody offers; the worker's scope is played by the test
 * ```ts
 * import { serveRanges } from "cowdisk/range-worker";
 * import { equal } from "node:assert/strict";
 *
 * const listeners = new Map<string, (event: never) => void>();
 * serveRanges({}, {
 *   registration: { scope: "https://example.com/app/" },
 *   clients: {
 *     get: () => Promise.resolve(undefined),
 *     matchAll: () => Promise.resolve([]),
 *     claim: () => Promise.resolve(),
 *   },
 *   skipWaiting: () => Promise.resolve(),
 *   addEventListener: (type, listener) => void listeners.set(type, listener),
 * });
 *
 * const request = new Request("https://example.com/app/vdisk/windows");
 * let answer: Promise<Response> | undefined;
 * const respondWith = (response: Promise<Response>) => void (answer = response);
 * listeners.get("fetch")!({ request, respondWith, waitUntil() {} } as never);
 * equal((await answer)?.status, 404);
 * ```
 */
export function serveRanges(
  options: RangeWorkerOptions = {},
  scope: WorkerScope = globalThis as unknown as WorkerScope,
): void {
  const { isolation, takesOver = true, clock = systemClock } = options;
  const perform = options.fetch ?? ((request: Request) => fetch(request));
  const home = new URL(options.prefix ?? "vdisk/", scope.registration.scope);
  const disks = new OfferedDisks({
    clients: scope.clients,
    prefix: home.pathname,
    clock,
    offerTimeoutMs: options.offerTimeoutMs ?? 3000,
  });
  const passThrough = async (request: Request, isolation: Isolation) =>
    isolate(await perform(request), isolation);

  scope.addEventListener("install", (event: LastingEvent) => {
    if (takesOver) event.waitUntil(scope.skipWaiting());
  });
  scope.addEventListener("activate", (event: LastingEvent) => {
    if (takesOver) event.waitUntil(scope.clients.claim());
  });
  scope.addEventListener("message", (event: ClientMessage) => {
    if (event.source === null) return;
    event.waitUntil(disks.hear(event.data, event.source, event.ports[0]));
  });
  scope.addEventListener("fetch", (event: FetchEvent) => {
    const url = new URL(event.request.url);
    if (url.origin === home.origin && url.pathname.startsWith(home.pathname)) {
      return event.respondWith(serve(disks, event));
    }
    if (isolation === undefined) return;
    const request = passedThrough(event.request, isolation, home.origin);
    if (request !== null) event.respondWith(passThrough(request, isolation));
  });
}
