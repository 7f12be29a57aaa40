/**
 * A device served over a port: for whoever uses it from another thread.
 *
 * Requests are begun in the order they come and answered as they end. When the user closes the device
 * it is closed here, and so is the port. Requests come from our own client, and are checked again by
 * the device's own edge.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { PortAnswers } from "./port_answers.ts";
import {
  packError,
  type PortAnswer,
  type PortAsked,
  type PortGreeting,
  type PortRequest,
} from "./port_protocol.ts";

async function perform(device: BlockDevice, request: PortAsked): Promise<Uint8Array | undefined> {
  switch (request.verb) {
    case "read": {
      const bytes = new Uint8Array(request.byteCount);
      await device.read(bytes, request.sector);
      return bytes;
    }
    case "fill":
      await device.read(request.target, request.sector);
      return;
    case "write":
      await device.write(request.source, request.sector, { fua: request.fua });
      return;
    case "zero":
      await device.writeZeroes(request.sector, request.sectorCount, { fua: request.fua });
      return;
    case "discard":
      await device.discard(request.sector, request.sectorCount);
      return;
    case "flush":
      await device.flush();
      return;
    case "close":
      await device.close();
  }
}

/** What a device is, for whoever is to use it from another thread. */
export function greetingOf({ name, sectorCount, limits, supports }: BlockDevice): PortGreeting {
  return { name, sectorCount, limits, supports };
}

/** What a device answers. */
export async function answerOf(
  device: BlockDevice,
  request: PortAsked,
): Promise<Omit<PortAnswer, "id">> {
  try {
    const bytes = await perform(device, request);
    const { sectorCount } = device;
    return bytes === undefined ? { sectorCount } : { sectorCount, bytes };
  } catch (error) {
    return { sectorCount: device.sectorCount, error: packError(error) };
  }
}

/**
 * Serves a device.
 *
 * @param device The device. It belongs to the port's other end from now on, which closes it.
 * @param port One end of a `MessageChannel`; the other is given to `connectDevice`.
 *
 * @example A device and its user, who may be in another thread
 * ```ts
 * import { connectDevice, createMemoryDevice, serveDevice } from "cowdisk";
 * import { equal } from "node:assert/strict";
 *
 * const { port1, port2 } = new MessageChannel();
 * serveDevice(createMemoryDevice({ sectorCount: 8 }), port1); // In the worker.
 * const device = await connectDevice(port2); // In the page.
 * await device.write(new Uint8Array(512).fill(7), 3);
 * const sector = new Uint8Array(512);
 * await device.read(sector, 3);
 * equal(sector[511], 7);
 * await device.close();
 * ```
 */
export function serveDevice(device: BlockDevice, port: MessagePort): void {
  const answers = new PortAnswers(port, async (request: PortRequest) => {
    const answer = await answerOf(device, request);
    if (request.verb === "close") answers.close();
    return answer;
  });
  answers.tell(greetingOf(device));
}
