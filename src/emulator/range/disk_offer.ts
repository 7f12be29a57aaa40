/**
 * A disk that a page offers to its service worker, to be read at a URL.
 *
 *     const worker = await registerRangeWorker("/sw.js");
 *     const offer = await offerDevice(worker, "vdisk/windows", device, { version: "1" });
 *     emulator.boot(offer.url);
 *
 * The device stays the page's: it is read for the worker, never written and never closed by it. When
 * the worker was stopped and asks, the page offers the device again; so an offer lasts until it is
 * closed or its page goes. A device of a dedicated worker is offered by its page, which has it through
 * `connectDevice`.
 *
 * **Versions.** A version is a promise: this text will never stand for other bytes, at this URL. It
 * becomes the ETag, by which caches and emulators know the disk again. A device without one may be
 * written while it is served, and then each answer shows it as it was when that piece was read.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type Clock, systemClock } from "../../block/clock.ts";
import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { defer } from "../../block/promises.ts";
import { lend } from "../../devices/lent_device.ts";
import { unpackError } from "../../devices/port_protocol.ts";
import { serveDevice } from "../../devices/port_server.ts";
import type { Disk } from "../../disk/disk.ts";
import { isVersion } from "./image_answer.ts";
import { readToPage, type ToWorker } from "./offer_protocol.ts";

/** How a disk is offered. */
export interface OfferOptions {
  /**
   * Names exactly the device's content, which is not written while it is offered, here or elsewhere:
   * 1 to 200 ASCII characters without space and quote. Left out: the device may be written, its URL
   * has no ETag, and what needs one (`openHttpDevice`) refuses it.
   */
  readonly version?: string;
  /** How long the worker has to answer. @default {10_000} */
  readonly timeoutMs?: number;
  /** What time is told by. Left out: the runtime's clock. */
  readonly clock?: Clock;
  /** Where the worker's messages come from. Left out: `navigator.serviceWorker`. */
  readonly messages?: MessageSource;
}

/** Where a page hears its service workers. `navigator.serviceWorker` is one. */
export interface MessageSource extends EventTarget {
  /** Lets messages come before the page has loaded. */
  startMessages?(): void;
}

/** A disk that is offered. */
export interface DiskOffer extends AsyncDisposable {
  /** Where it is read. */
  readonly url: string;
  /**
   * Ends the offer: what is under way at its URL fails. Kept once the worker reads the device no
   * longer, which stays open.
   */
  close(): Promise<void>;
}

/** Whom offers are made to. A `ServiceWorkerRegistration` is one. */
export interface OfferTarget {
  /** What relative paths start from. */
  readonly scope: string;
  /** The worker; `null` when there is none. */
  readonly active: { postMessage(message: unknown, handedOver: Transferable[]): void } | null;
}

function send(
  target: OfferTarget["active"],
  message: ToWorker,
  handedOver: Transferable[] = [],
): void {
  target?.postMessage(message, handedOver);
}

/**
 * Offers a device to a service worker that runs `serveRanges`.
 *
 * @param target The worker's registration; see `registerRangeWorker`.
 * @param path Where the disk is to be read; from the registration's scope if it is relative. It begins
 * with what the worker serves: `vdisk/`, unless `serveRanges` was told otherwise.
 * @param device The device. It stays open, and the page's.
 * @param options Its version.
 * @returns The offer, once the worker has accepted it.
 * @throws {BlockDeviceError} `EBUSY` when another page offers another disk there, `EINVAL` when the
 * worker does not serve such paths, `ENODEV` when it does not answer.
 * @throws {RangeError} When `version` can be none.
 *
 * @example A page that lends its disk; the worker is played by the test
 * ```ts
 * import { connectDevice, createMemoryDevice } from "cowdisk";
 * import { offerDevice } from "cowdisk/range-worker";
 * import { equal } from "node:assert/strict";
 *
 * const messages = new EventTarget(); // In a page: navigator.serviceWorker, which is the default.
 * let port: MessagePort | undefined;
 * const registration = {
 *   scope: "https://example.com/app/",
 *   active: {
 *     postMessage({ id }: { id: string }, [handedOver]: MessagePort[]) {
 *       port ??= handedOver;
 *       const data = { cowdisk: handedOver ? "accepted" : "withdrawn", id };
 *       messages.dispatchEvent(new MessageEvent("message", { data }));
 *     },
 *   },
 * };
 *
 * const device = createMemoryDevice({ sectorCount: 8, content: new Uint8Array(4096).fill(7) });
 * const offer = await offerDevice(registration as never, "vdisk/one", device, { messages });
 * equal(offer.url, "https://example.com/app/vdisk/one");
 * await using read = await connectDevice(port!);
 * equal(read.supports.write, false);
 * await offer.close();
 * ```
 */
export async function offerDevice(
  target: OfferTarget,
  path: string,
  device: BlockDevice,
  options: OfferOptions = {},
): Promise<DiskOffer> {
  const { version = null, timeoutMs = 10_000, clock = systemClock } = options;
  const messages: MessageSource = options.messages ?? navigator.serviceWorker;
  if (version !== null && !isVersion(version)) {
    throw new RangeError(
      `Cannot use the version "${version}": want 1 to 200 ASCII characters without space and quote`,
    );
  }
  const url = new URL(path, target.scope);
  const id = crypto.randomUUID();
  const offer: ToWorker = { cowdisk: "offer", id, path: url.pathname, version };
  const accepted = defer<true>();
  const withdrawn = defer<true>();
  const offerTo = (worker: OfferTarget["active"]) => {
    const { port1, port2 } = new MessageChannel();
    serveDevice(lend(device), port1);
    send(worker, offer, [port2]);
  };
  const listen = (event: Event) => {
    const { data: message, source } = event as MessageEvent;
    const said = readToPage(message);
    if (said?.cowdisk === "who offers") {
      if (said.path === url.pathname && !isEnding) offerTo(source as OfferTarget["active"]);
    } else if (said?.id === id) {
      if (said.cowdisk === "accepted") accepted.resolve(true);
      if (said.cowdisk === "withdrawn") withdrawn.resolve(true);
      if (said.cowdisk === "refused") accepted.reject(unpackError(said.error));
    }
  };
  let isEnding = false;
  const inTime = (answer: Promise<true>) =>
    Promise.race([answer, clock.sleep(timeoutMs).then(() => false)]);
  const withdraw = async (isAwaited: boolean) => {
    isEnding = true;
    send(target.active, { cowdisk: "withdraw", id, path: url.pathname });
    // A worker that is gone answers no more, and reads no more.
    if (isAwaited && target.active !== null) await inTime(withdrawn.promise);
    messages.removeEventListener("message", listen);
  };
  messages.addEventListener("message", listen);
  messages.startMessages?.();
  try {
    offerTo(target.active);
    if (!await inTime(accepted.promise)) throw silent(url.href, timeoutMs);
  } catch (error) {
    await withdraw(false);
    throw error;
  }
  let closing: Promise<void> | null = null;
  const close = () => closing ??= withdraw(true);
  return { url: url.href, close, [Symbol.asyncDispose]: close };
}

function silent(url: string, timeoutMs: number): BlockDeviceError {
  const why = `no service worker has answered for ${timeoutMs} ms`;
  return new BlockDeviceError("ENODEV", `Cannot offer a disk at ${url}: ${why}`);
}

/**
 * Offers a snapshot of a disk, as it was taken, while the disk is written on. It is read from a branch
 * of its own, which is removed with the offer; one whose page went before is called `served …`, and can
 * be removed like any other.
 *
 * @param target The worker's registration.
 * @param path Where it is to be read; see {@linkcode offerDevice}.
 * @param disk The disk. It stays open while the snapshot is offered.
 * @param snapshot The snapshot's name.
 * @param options Its version. Left out: one that no other offer ever has, for the snapshot does not
 * change while it is offered; then nothing knows it again after the page was loaded anew.
 * @returns The offer.
 * @throws {BlockDeviceError} `ENOENT` when there is no such snapshot; what {@linkcode offerDevice}
 * refuses.
 *
 * @example What is written later is not served
 * ```ts
 * import { Disk } from "cowdisk";
 * import { offerSnapshot } from "cowdisk/range-worker";
 * import { deepEqual, rejects } from "node:assert/strict";
 *
 * await using disk = await Disk.open("scratch", { origin: 2048, storage: "memory" });
 * const nobody = { scope: "https://example.com/", active: null };
 * const options = { messages: new EventTarget(), timeoutMs: 1 };
 * await rejects(offerSnapshot(nobody, "vdisk/a", disk, "a", options), { code: "ENOENT" });
 * await disk.snapshot("a");
 * await rejects(offerSnapshot(nobody, "vdisk/a", disk, "a", options), { code: "ENODEV" });
 * deepEqual(disk.branches, ["main"]);
 * ```
 */
export async function offerSnapshot(
  target: OfferTarget,
  path: string,
  disk: Disk,
  snapshot: string,
  options: OfferOptions = {},
): Promise<DiskOffer> {
  const name = `served ${crypto.randomUUID()}`;
  const branch = await disk.fork(snapshot, name);
  const remove = async () => {
    await branch.close();
    await disk.removeBranch(name);
  };
  try {
    const version = options.version ?? crypto.randomUUID();
    const offer = await offerDevice(target, path, branch.device, { ...options, version });
    let closing: Promise<void> | null = null;
    const close = () => closing ??= offer.close().then(remove);
    return { url: offer.url, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await remove();
    throw error;
  }
}
