/**
 * The port device: a device that is in another thread.
 *
 * It has the asynchronous face only. How bytes get across:
 *
 * | | a write | a read |
 * |---|---|---|
 * | in general | copied into a buffer of its own, which is handed over | handed over, and copied out |
 * | where memory can be shared | copied into a ring that both threads see | read into the ring, and copied out |
 * | and the target is shared memory | | read right into it |
 *
 * "Can be shared" is: in Deno, and on a page that is cross-origin isolated, with its own workers. The
 * first requests do not know it yet. A write is copied once
 * before the call returns, shared memory or not: a writer may change its buffer right after, and the
 * other thread looks at it later. So it is never written from the caller's memory in place.
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
import { PortCalls } from "./port_calls.ts";
import {
  type PortAnswer,
  type PortAsked,
  type PortGreeting,
  unpackError,
} from "./port_protocol.ts";
import { canPost, type SharedRing } from "./shared_ring.ts";

/** The way to a device behind a port. */
export interface PortLine {
  /** Memory that both ends see; `null` where there can be none. */
  readonly ring: SharedRing | null;
  /** Asks the device. */
  ask(asked: PortAsked, handedOver?: Transferable[]): Promise<Partial<PortAnswer>>;
  /** Called when the device was closed. */
  close(): void;
}

class PortStorage implements AsyncImplementation {
  readonly name: string;
  readonly limits: DeviceLimits;
  readonly supports: DeviceSupports;
  sectorCount: number;
  readonly #line: PortLine;
  #canPostShared: boolean | undefined;

  constructor(line: PortLine, { name, sectorCount, limits, supports }: PortGreeting) {
    this.name = name;
    this.sectorCount = sectorCount;
    this.limits = limits;
    this.supports = supports;
    this.#line = line;
  }

  async read(target: Uint8Array, sector: number): Promise<void> {
    if (this.#isPostable(target)) {
      await this.#ask({ verb: "fill", sector, target });
      return;
    }
    const { ring } = this.#line;
    const part = ring?.take(target.length);
    if (ring === null || part === undefined || part === null) {
      const { bytes } = await this.#ask({ verb: "read", sector, byteCount: target.length });
      target.set(bytes!);
      return;
    }
    try {
      await this.#ask({ verb: "fill", sector, target: part.bytes });
      target.set(part.bytes);
    } finally {
      ring.release(part);
    }
  }

  async write(bytes: Uint8Array, sector: number, fua: boolean): Promise<void> {
    const { ring } = this.#line;
    const part = ring?.take(bytes.length);
    if (ring === null || part === undefined || part === null) {
      const source = new Uint8Array(bytes); // A buffer of its own, taken at the call.
      await this.#ask({ verb: "write", sector, source, fua }, [source.buffer]);
      return;
    }
    try {
      part.bytes.set(bytes);
      await this.#ask({ verb: "write", sector, source: part.bytes, fua });
    } finally {
      ring.release(part);
    }
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
      this.#line.close();
    }
  }

  #isPostable({ buffer }: Uint8Array): boolean {
    if (buffer instanceof ArrayBuffer || this.#line.ring === null) return false;
    return this.#canPostShared ??= canPost(buffer);
  }

  /** Asks; an answer tells the device's size as well. */
  async #ask(asked: PortAsked, handedOver?: Transferable[]): Promise<Partial<PortAnswer>> {
    const answer = await this.#line.ask(asked, handedOver);
    this.sectorCount = answer.sectorCount ?? this.sectorCount;
    return answer;
  }
}

/**
 * The device at the other end of a line.
 *
 * @param line The way to it.
 * @param greeting What it says of itself.
 * @returns The device. Close it to close the one that is served.
 */
export function deviceBehind(line: PortLine, greeting: PortGreeting): BlockDevice {
  return checked(new PortStorage(line, greeting));
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
      if ("supports" in first) {
        return resolve(deviceBehind(new PortCalls(port, first.name), first));
      }
      port.close();
      reject(unpackError(first.error!));
    };
  });
}
