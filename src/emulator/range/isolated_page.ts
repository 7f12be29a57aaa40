/**
 * The page's side of the service worker: registering it, and being isolated by it.
 *
 * The headers of a page are those that it was loaded with. So a page that was loaded past the worker
 * is loaded once more:
 *
 * | isolated | in a frame, or no service workers | has been loaded again for this | then |
 * |---|---|---|---|
 * | yes | | | `isolated` |
 * | no | yes | | `impossible` |
 * | no | no | yes | `impossible`: something above the worker forbids it, or the worker is bypassed |
 * | no | no | no | loaded again: `reloading` |
 *
 * That it has been loaded again stands in the page's own entry of the history, which a reload keeps
 * and another visit does not have, and is erased when it is read. So there is no loop, nothing is left
 * in a storage, and after a forced reload, which passes the worker by, the page is isolated again.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type Clock, systemClock } from "../../block/clock.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { defer } from "../../block/promises.ts";
import type { ToWorker } from "./offer_protocol.ts";

/** How a worker is registered. */
export interface RegisterOptions {
  /** Which pages are under it. Left out: the folder that its script is in. */
  readonly scope?: string;
  /** What its script is. @default {"module"} */
  readonly type?: WorkerType;
  /** How long it may take until the page is under it. @default {10_000} */
  readonly timeoutMs?: number;
  /** What time is told by. Left out: the runtime's clock. */
  readonly clock?: Clock;
}

/** What has become of a page that wants to be isolated. */
export type PageOutcome = "isolated" | "reloading" | "impossible";

/** What is known of a page. */
export interface PageFacts {
  /** Whether it is isolated already. */
  readonly isIsolated: boolean;
  /** Whether it is in a frame, or there are no service workers. */
  readonly isBound: boolean;
  /** Whether it has been loaded again for this. */
  readonly hasReloaded: boolean;
}

/**
 * Decides what becomes of a page; see the module's head.
 *
 * @param page What is known of it.
 * @returns What to do: `reloading` is still to be done.
 */
export function decideOutcome(page: PageFacts): PageOutcome {
  if (page.isIsolated) return "isolated";
  return page.isBound || page.hasReloaded ? "impossible" : "reloading";
}

function untilActive(registration: ServiceWorkerRegistration): Promise<void> {
  const { promise, resolve, reject } = defer<void>();
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  const look = () => {
    if (worker?.state === "activated") resolve();
    if (worker?.state === "redundant") {
      const message =
        `Cannot use the service worker ${worker.scriptURL}: it could not be installed`;
      reject(new BlockDeviceError("ENODEV", message));
    }
  };
  worker?.addEventListener("statechange", look);
  look();
  return promise;
}

function untilControlled(registration: ServiceWorkerRegistration): Promise<void> {
  const { serviceWorker } = navigator;
  const { promise, resolve } = defer<void>();
  // Another worker, of a wider scope, may have been there before.
  const isOurs = () => serviceWorker.controller?.scriptURL === registration.active?.scriptURL;
  const look = () => {
    if (isOurs()) resolve();
  };
  serviceWorker.addEventListener("controllerchange", look);
  look();
  // A page that was loaded past the worker, by a forced reload, has to ask.
  const claim: ToWorker = { cowdisk: "claim" };
  if (!isOurs()) registration.active?.postMessage(claim);
  return promise;
}

/**
 * Registers the service worker whose script calls `serveRanges`, and waits until it serves this page.
 *
 * @param script The script's URL.
 * @param options Its scope.
 * @returns The registration, to which disks are offered.
 * @throws {BlockDeviceError} `ENOTSUP` where there are no service workers: on a page that was not
 * loaded securely. `ENODEV` when the worker cannot be installed, or the page is not under it in time.
 * @throws {DOMException} What the browser refuses a script or a scope with.
 */
export async function registerRangeWorker(
  script: string | URL,
  options: RegisterOptions = {},
): Promise<ServiceWorkerRegistration> {
  const { scope, type = "module", timeoutMs = 10_000, clock = systemClock } = options;
  if (!("serviceWorker" in navigator)) {
    const message = `Cannot use the service worker ${script}: this page may have none`;
    throw new BlockDeviceError("ENOTSUP", message);
  }
  const registration = await navigator.serviceWorker.register(script, {
    type,
    ...scope === undefined ? {} : { scope },
  });
  const isUnder = location.href.startsWith(registration.scope);
  const ready = untilActive(registration)
    .then(() => isUnder ? untilControlled(registration) : undefined).then(() => true);
  if (await Promise.race([ready, clock.sleep(timeoutMs).then(() => false)])) return registration;
  const why = `it does not serve this page after ${timeoutMs} ms`;
  throw new BlockDeviceError("ENODEV", `Cannot use the service worker ${script}: ${why}`);
}

/** What marks an entry of the history; the page's own state is kept in it meanwhile. */
const MARK = "cowdiskHasReloaded";

/**
 * Makes this page cross-origin isolated by a service worker that calls `serveRanges` with `isolation`.
 * A page that is not yet is loaded again, once; call this first, and stop when it says `reloading`.
 *
 * @param script The script's URL.
 * @param options Its scope, which this page must be in.
 * @returns What has become of the page. `impossible` is no error: the page goes on without isolation,
 * and everything in cowdisk works so.
 * @throws {BlockDeviceError} What {@linkcode registerRangeWorker} refuses, but for `ENOTSUP`.
 * @throws {DOMException} As there.
 */
export async function isolatePage(
  script: string | URL,
  options: RegisterOptions = {},
): Promise<PageOutcome> {
  const hasReloaded = takeMark();
  const isBound = !("serviceWorker" in navigator) || globalThis.parent !== globalThis.self;
  const outcome = decideOutcome({
    isIsolated: crossOriginIsolated,
    isBound,
    hasReloaded,
  });
  if (!isBound) await registerRangeWorker(script, options);
  if (outcome !== "reloading") return outcome;
  history.replaceState({ [MARK]: { state: history.state } }, "");
  location.reload();
  return outcome;
}

/** Whether the page's entry is marked; then what was there before is put back. */
function takeMark(): boolean {
  const mark = history.state?.[MARK];
  if (mark === undefined) return false;
  history.replaceState(mark.state, "");
  return true;
}
