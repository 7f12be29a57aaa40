/**
 * The port device: a device that is in another thread.
 *
 * It has the asynchronous face only. Bytes are handed over in buffers, one copy each way; a read into
 * shared memory is done in place where the page is cross-origin isolated.
 *
 * Fails: as the device behind the port does. When the port is closed from the other side, because
 * its worker has ended, every request is refused with `ENODEV`; not every browser tells.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type AsyncImplementation, checked } from "../block/checked.ts";
import type { BlockDevice, DeviceLimits, DeviceSupports } from "../block/device.ts";
import { BlockDeviceError } from "../block/errors.ts";
import {
  type PortAnswer,
  type PortGreeting,
  type PortRequest,
  unpackError,
} from "./port_protocol.ts";

interface Waiter {
  resolve(answer: PortAnswer): void;
  reject(error: unknown): void;
}

/** A request without its number, for each kind of request. */
type Asked = PortRequest extends infer Request
  ? Request extends PortRequest ? Omit<Request, "id"> : never
  : never;

/** Whether memory can be given to other threads to see. Only a page that is isolated may. */
function canPost(memory: ArrayBufferLike): boolean {
  const { port1 } = new MessageChannel();
  try {
    port1.postMessage(memory);
    return true;
  } catch {
    return false;
  } finally {
    port1.close();
  }
}

class PortStorage implements AsyncImplementation {
  readonly name: string;
  readonly limits: DeviceLimits;
  readonly supports: DeviceSupports;
  sectorCount: number;
  readonly #port: MessagePort;
  readonly #waiters = new Map<number, Waiter>();
  #requestCount = 0;
  #canPostShared: boolean | undefined;
  #end: BlockDeviceError | undefined;

  constructor(port: MessagePort, { name, sectorCount, limits, supports }: PortGreeting) {
    this.name = name;
    this.sectorCount = sectorCount;
    this.limits = limits;
    this.supports = supports;
    this.#port = port;
    port.onmessage = ({ data: answer }: MessageEvent<PortAnswer>) => this.#answered(answer);
    port.addEventListener("close", () => this.#ended("its thread has ended"));
    port.onmessageerror = () => this.#ended("an answer could not be read");
  }

  async read(target: Uint8Array, sector: number): Promise<void> {
    if (this.#isPostable(target)) {
      await this.#ask({ verb: "fill", sector, target });
      return;
    }
    const { bytes } = await this.#ask({ verb: "read", sector, byteCount: target.length });
    target.set(bytes!);
  }

  async write(bytes: Uint8Array, sector: number, fua: boolean): Promise<void> {
    const source = new Uint8Array(bytes); // A buffer of its own, taken at the call, to be handed over.
    await this.#ask({ verb: "write", sector, source, fua }, [source.buffer]);
  }

  async writeZeroes(sector: number, sectorCount: number, fua: boolean): Promise<void> {
    await this.#ask({ verb: "zero", sector, sectorCount, fua });
  }

  async discard(sector: number, sectorCount: number): Promise<void> {
    await this.#ask({ verb: "discard", sector, sectorCount });
  }

  async flush(): Promise<void> {
    await this.#ask({ verb: "flush" });
  }

  async close(): Promise<void> {
    try {
      await this.#ask({ verb: "close" });
    } finally {
      this.#port.close();
    }
  }

  #isPostable({ buffer }: Uint8Array): boolean {
    if (buffer instanceof ArrayBuffer) return false;
    return this.#canPostShared ??= canPost(buffer);
  }

  #ask(asked: Asked, handedOver: Transferable[] = []): Promise<PortAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end);
      const id = this.#requestCount++;
      this.#waiters.set(id, { resolve, reject });
      this.#port.postMessage({ ...asked, id }, handedOver);
    });
  }

  #answered(answer: PortAnswer): void {
    const waiter = this.#waiters.get(answer.id);
    this.#waiters.delete(answer.id);
    this.sectorCount = answer.sectorCount ?? this.sectorCount;
    if (answer.error === undefined) waiter?.resolve(answer);
    else waiter?.reject(unpackError(answer.error));
  }

  #ended(why: string): void {
    const { name: device } = this;
    this.#end ??= new BlockDeviceError("ENODEV", `Cannot use "${device}": ${why}`, { device });
    for (const waiter of this.#waiters.values()) waiter.reject(this.#end);
    this.#waiters.clear();
  }
}

/**
 * Uses a device that another thread serves.
 *
 * @param port The other end of the port that was given to `serveDevice`.
 * @returns The device. Close it to close the one that is served.
 * @throws {BlockDeviceError} What the server could not open its device with.
 *
 * @example What the served device refuses is refused here
 * ```ts
 * import { connectDevice, createMemoryDevice, serveDevice } from "cowdisk";
 * import { rejects } from "node:assert/strict";
 *
 * const { port1, port2 } = new MessageChannel();
 * serveDevice(createMemoryDevice({ sectorCount: 8, readOnly: true }), port1);
 * const device = await connectDevice(port2);
 * await rejects(device.write(new Uint8Array(512), 0), { code: "EROFS" });
 * await device.close();
 * ```
 */
export function connectDevice(port: MessagePort): Promise<BlockDevice> {
  return new Promise((resolve, reject) => {
    port.onmessage = ({ data: first }: MessageEvent<PortGreeting | PortAnswer>) => {
      if ("supports" in first) return resolve(checked(new PortStorage(port, first)));
      port.close();
      reject(unpackError(first.error!));
    };
  });
}
