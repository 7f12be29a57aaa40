/**
 * The two faces of a device behind a ring, and the two as one.
 *
 * Reads and writes larger than a slot's area are done in parts, one after the other, each of whole
 * logical blocks. **In place**: when the served device is synchronous and the caller's buffer lies in
 * a memory that the server was shown, the server moves the bytes itself, and there is no area.
 * Asynchronous writes are never in place, for their bytes are taken at the call.
 *
 * When a request in place has failed because its time was up, its buffer may be read or written until
 * a later request has ended well. Other reads touch the caller's buffer only when they succeed.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type AsyncImplementation, checked, type SyncImplementation } from "../../block/checked.ts";
import type { BlockDevice, SyncBlockDevice } from "../../block/device.ts";
import type { DeviceFacts } from "../../block/edge.ts";
import { bytesToSectors, SECTOR_BYTES } from "../../block/units.ts";
import type { Greeting } from "./greeting.ts";
import { bufferOf, type SharedMemory, type Verb, writePlace, writeRequest } from "./request.ts";
import { type RingClient, SYNC_SLOT } from "./ring_client.ts";
import { IN_AREA } from "./slot.ts";

/** The most that one request moves in place: so much must be done within its time. */
const IN_PLACE_BYTES_MAX = 16 * 1024 * 1024;

/** What both faces know. */
class RingFace {
  readonly name: string;
  readonly limits: DeviceFacts["limits"] & { logicalSectors: number };
  readonly supports: DeviceFacts["supports"];
  readonly client: RingClient;
  readonly #memories: readonly SharedMemory[];
  readonly #unitBytes: number;
  readonly #areaBytes: number;

  constructor(client: RingClient, greeting: Greeting, memories: readonly SharedMemory[]) {
    this.name = greeting.name;
    this.limits = greeting.limits;
    this.supports = greeting.supports;
    this.client = client;
    this.#memories = greeting.supports.sync ? memories : [];
    this.#unitBytes = greeting.limits.logicalSectors * SECTOR_BYTES;
    this.#areaBytes = greeting.size.areaBytes;
  }

  get sectorCount(): number {
    return this.client.sectorCount;
  }

  /** The memory that bytes lie in, or `IN_AREA` when they must go through a slot's area. */
  memoryOf(bytes: Uint8Array): number {
    for (let index = 0; index < this.#memories.length; index++) {
      if (bufferOf(this.#memories[index]!) === bytes.buffer) return index;
    }
    return IN_AREA;
  }

  /** The most bytes of a part. */
  partBytes(memory: number): number {
    const bytesMax = memory === IN_AREA ? this.#areaBytes : IN_PLACE_BYTES_MAX;
    return bytesMax - bytesMax % this.#unitBytes;
  }

  /** Fills a slot with a part of a read or write. */
  fillPart(
    slot: number,
    verb: "read" | "write",
    bytes: Uint8Array,
    at: number,
    sector: number,
    isFua: boolean,
    memory: number,
  ): number {
    const { ring } = this.client;
    const byteCount = Math.min(this.partBytes(memory), bytes.length - at);
    writeRequest(ring, slot, verb, sector + at / SECTOR_BYTES, bytesToSectors(byteCount), isFua);
    if (memory !== IN_AREA) writePlace(ring, slot, memory, bytes.byteOffset + at);
    else if (verb === "write") ring.area(slot, byteCount).set(part(bytes, at, byteCount));
    return byteCount;
  }
}

function part(bytes: Uint8Array, at: number, byteCount: number): Uint8Array {
  return byteCount === bytes.length ? bytes : bytes.subarray(at, at + byteCount);
}

/** The face that blocks. */
class BlockingFace extends RingFace implements SyncImplementation {
  readSync(target: Uint8Array, sector: number): void {
    const memory = this.memoryOf(target);
    for (let at = 0; at < target.length;) {
      this.client.claimSync();
      const byteCount = this.fillPart(SYNC_SLOT, "read", target, at, sector, false, memory);
      this.client.callSync();
      if (memory === IN_AREA) target.set(this.client.ring.area(SYNC_SLOT, byteCount), at);
      this.client.free(SYNC_SLOT);
      at += byteCount;
    }
  }

  writeSync(source: Uint8Array, sector: number, isFua: boolean): void {
    const memory = this.memoryOf(source);
    for (let at = 0; at < source.length;) {
      this.client.claimSync();
      const byteCount = this.fillPart(SYNC_SLOT, "write", source, at, sector, isFua, memory);
      this.client.callSync();
      this.client.free(SYNC_SLOT);
      at += byteCount;
    }
  }

  writeZeroesSync(sector: number, sectorCount: number, isFua: boolean): void {
    this.#do("zero", sector, sectorCount, isFua);
  }

  discardSync(sector: number, sectorCount: number): void {
    this.#do("discard", sector, sectorCount, false);
  }

  flushSync(): void {
    this.#do("flush", 0, 0, false);
  }

  closeSync(): void {
    if (!this.client.beginClose()) return;
    try {
      this.#do("close", 0, 0, false);
    } finally {
      this.client.close();
    }
  }

  #do(verb: Verb, sector: number, sectorCount: number, isFua: boolean): void {
    this.client.claimSync();
    writeRequest(this.client.ring, SYNC_SLOT, verb, sector, sectorCount, isFua);
    this.client.callSync();
    this.client.free(SYNC_SLOT);
  }
}

/** The face that does not. */
class WaitingFace extends RingFace implements AsyncImplementation {
  async read(target: Uint8Array, sector: number): Promise<void> {
    const memory = this.memoryOf(target);
    for (let at = 0; at < target.length;) {
      const slot = await this.client.claim();
      const byteCount = this.fillPart(slot, "read", target, at, sector, false, memory);
      await this.client.call(slot);
      if (memory === IN_AREA) target.set(this.client.ring.area(slot, byteCount), at);
      this.client.free(slot);
      at += byteCount;
    }
  }

  async write(bytes: Uint8Array, sector: number, isFua: boolean): Promise<void> {
    const source = bytes.slice(); // Taken at the call: there may be no slot for them now.
    for (let at = 0; at < source.length;) {
      const slot = await this.client.claim();
      const byteCount = this.fillPart(slot, "write", source, at, sector, isFua, IN_AREA);
      await this.client.call(slot);
      this.client.free(slot);
      at += byteCount;
    }
  }

  async writeZeroes(sector: number, sectorCount: number, isFua: boolean): Promise<void> {
    await this.#do("zero", sector, sectorCount, isFua);
  }

  async discard(sector: number, sectorCount: number): Promise<void> {
    await this.#do("discard", sector, sectorCount, false);
  }

  async flush(): Promise<void> {
    await this.#do("flush", 0, 0, false);
  }

  async close(): Promise<void> {
    if (!this.client.beginClose()) return;
    try {
      await this.#do("close", 0, 0, false);
    } finally {
      this.client.close();
    }
  }

  async #do(verb: Verb, sector: number, sectorCount: number, isFua: boolean): Promise<void> {
    const slot = await this.client.claim();
    writeRequest(this.client.ring, slot, verb, sector, sectorCount, isFua);
    await this.client.call(slot);
    this.client.free(slot);
  }
}

/**
 * The device of a thread that may not block.
 *
 * @param client The client.
 * @param greeting What the served device is.
 * @param memories What the server was shown.
 */
export function asynchronousDevice(
  client: RingClient,
  greeting: Greeting,
  memories: readonly SharedMemory[],
): BlockDevice {
  return checked(new WaitingFace(client, greeting, memories));
}

/**
 * The device of a thread that may block: blocking methods, and asynchronous ones that do not block.
 * Both are closed together, by whichever is closed first.
 *
 * @param client The client.
 * @param greeting What the served device is.
 * @param memories What the server was shown.
 */
export function synchronousDevice(
  client: RingClient,
  greeting: Greeting,
  memories: readonly SharedMemory[],
): SyncBlockDevice {
  const device = checked(new BlockingFace(client, greeting, memories));
  const asynchronous = checked(new WaitingFace(client, greeting, memories));
  const shut = device.closeSync.bind(device);
  const closeBoth = async () => {
    const ending = asynchronous.close();
    shut(); // Asks nothing: the other has.
    await ending;
  };
  return Object.defineProperties(device, {
    read: { value: asynchronous.read.bind(asynchronous) },
    write: { value: asynchronous.write.bind(asynchronous) },
    writeZeroes: { value: asynchronous.writeZeroes.bind(asynchronous) },
    discard: { value: asynchronous.discard.bind(asynchronous) },
    flush: { value: asynchronous.flush.bind(asynchronous) },
    close: { value: closeBoth },
    closeSync: {
      value: () => {
        try {
          shut();
        } finally {
          void asynchronous.close(); // Asks nothing: the other has.
        }
      },
    },
    [Symbol.asyncDispose]: { value: closeBoth },
  });
}
