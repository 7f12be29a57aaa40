/**
 * An origin as it arrives in the worker: see `origin_sender.ts`.
 *
 * What is opened here is closed here, when its disk has ended or was put on another version.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { connectDevice } from "../../devices/port_device.ts";
import type { OriginWish } from "./disk_protocol.ts";

/** An origin that has arrived. */
export interface ReceivedOrigin {
  /** As a disk takes it. */
  readonly origin: BlockDevice | number;
  /** Ends its use. */
  close(): Promise<void>;
}

/**
 * Opens what was sent.
 *
 * @param wish What was sent.
 * @returns The origin.
 * @throws {BlockDeviceError} As `openHttpDevice` does.
 */
export async function receiveOrigin(wish: OriginWish): Promise<ReceivedOrigin> {
  switch (wish.kind) {
    case "zeroes":
      return { origin: wish.sectorCount, close: () => Promise.resolve() };
    case "http": {
      const { openHttpDevice } = await import("../../devices/http.ts");
      const origin = await openHttpDevice(wish.url, wish.options);
      return { origin, close: () => origin.close() };
    }
    case "port": {
      const device = await connectDevice(wish.port);
      // What its server calls its version is not among what a device says of itself.
      const origin = wish.tag === null
        ? device
        : Object.defineProperties(device, { tag: { value: wish.tag } });
      return { origin, close: () => device.close() };
    }
  }
}
