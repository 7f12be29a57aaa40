/**
 * An origin on its way to the worker in which its disk lives.
 *
 * | the origin | goes as | who reads it |
 * |---|---|---|
 * | a number of sectors | the number | nobody: zeroes |
 * | a URL | the URL, resolved against this page's | the worker, by `openHttpDevice` |
 * | a device | one end of a port; this thread serves the other | this thread, when it is asked to |
 *
 * A device is lent: the worker closes its end, and the device stays open, for a disk does not close
 * its origin.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { lend } from "../../devices/lent_device.ts";
import { serveDevice } from "../../devices/port_server.ts";
import { tagOf } from "../origin_tag.ts";
import type { OriginWish, PlainHttpOptions } from "./disk_protocol.ts";

/** What a disk in a worker may lie on. */
export type RemoteOrigin = BlockDevice | number | string | URL;

/** An origin that is ready to be sent. */
export interface SentOrigin {
  readonly wish: OriginWish;
  /** What of it is to be handed over. */
  readonly handedOver: Transferable[];
  /** Ends what is served from here, when nobody asks any more. */
  recall(): void;
}

/**
 * Makes an origin ready to be sent.
 *
 * @param origin The origin.
 * @param http How it is opened, if it is a URL.
 * @returns What is sent.
 * @throws {TypeError} When it is a word and no URL.
 */
export function sendOrigin(origin: RemoteOrigin, http: PlainHttpOptions = {}): SentOrigin {
  if (typeof origin === "number") {
    const wish: OriginWish = { kind: "zeroes", sectorCount: origin };
    return { wish, handedOver: [], recall() {} };
  }
  if (typeof origin === "string" || origin instanceof URL) {
    // The worker's own address is another one.
    const url = new URL(origin, globalThis.location?.href).href;
    return { wish: { kind: "http", url, options: http }, handedOver: [], recall() {} };
  }
  const { port1, port2 } = new MessageChannel();
  serveDevice(lend(origin), port1);
  return {
    wish: { kind: "port", port: port2, tag: tagOf(origin) },
    handedOver: [port2],
    recall: () => port1.close(),
  };
}
