/**
 * The checked edge: where arguments are checked, once.
 *
 * An implementer of a device writes a {@linkcode DeviceImplementation}: plain methods that receive
 * exactly valid arguments. {@linkcode checked} puts the public {@linkcode BlockDevice} around it: it
 * refuses requests that are out of range, misaligned, after `close`, or beyond what the device
 * supports, each with a sentence and a code, before anything happens; it writes zeroes for devices
 * that have no better way; it gives a synchronous implementation its asynchronous face.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice, DeviceLimits, DeviceSupports, WriteOptions } from "./device.ts";
import type { KernelMemoryDevice, SyncBlockDevice } from "./device.ts";
import { type DeviceFacts, Edge } from "./edge.ts";
import { SECTOR_BYTES } from "./units.ts";

/** A device whose requests finish at once; arguments are already checked. */
export interface SyncImplementation extends DeviceFacts {
  /** Fills `target` whole. */
  readSync(target: Uint8Array, sector: number): void;
  /** Writes `source`; durable on return if `fua`. */
  writeSync(source: Uint8Array, sector: number, fua: boolean): void;
  /** Makes sectors read as zeroes. Left out: zeroes are written. */
  writeZeroesSync?(sector: number, sectorCount: number, fua: boolean): void;
  /** Only called if `supports.discard`. */
  discardSync?(sector: number, sectorCount: number): void;
  /** Makes what was written durable. */
  flushSync(): void;
  /** A flush that does not hold up the caller's thread. Left out: `flushSync`. */
  flush?(): Promise<void>;
  /** Called once. */
  closeSync(): void;
  /** A close that waits for a flush under way. Left out: `closeSync`. Only one of them is called. */
  close?(): Promise<void>;
  /**
   * See {@linkcode KernelMemoryDevice}. Both ranges are checked, and `target` is the other device's
   * implementation, so that an implementer knows its own kind by `instanceof`.
   */
  copySectorsSync?(
    sector: number,
    target: SyncImplementation,
    targetSector: number,
    sectorCount: number,
  ): boolean;
}

/** A device whose requests take time; arguments are already checked. */
export interface AsyncImplementation extends DeviceFacts {
  /** Fills `target` whole. */
  read(target: Uint8Array, sector: number): Promise<void>;
  /** Writes `source`, whose bytes are taken before the call returns. */
  write(source: Uint8Array, sector: number, fua: boolean): Promise<void>;
  /** Makes sectors read as zeroes. Left out: zeroes are written. */
  writeZeroes?(sector: number, sectorCount: number, fua: boolean): Promise<void>;
  /** Only called if `supports.discard`. */
  discard?(sector: number, sectorCount: number): Promise<void>;
  /** Makes what was written durable. */
  flush(): Promise<void>;
  /** Called once. */
  close(): Promise<void>;
}

/** The most bytes of zeroes that are written in one request. */
const ZEROES = new Uint8Array(64 * 1024);

function limitsOf(facts: DeviceFacts): DeviceLimits {
  return Object.freeze({ logicalSectors: 1, preferredSectors: 8, ...facts.limits });
}

// What is private to one checked device is open to the others: a copy checks both of its ends.
let edgeOf: (device: CheckedSyncDevice) => Edge;
let innerOf: (device: CheckedSyncDevice) => SyncImplementation;

class CheckedSyncDevice implements SyncBlockDevice {
  static {
    edgeOf = (device) => device.#edge;
    innerOf = (device) => device.#inner;
  }

  /** Never: work is done at the call. Said because a property that is missing is slower to look for. */
  readonly isBusy = false;
  readonly name: string;
  readonly limits: DeviceLimits;
  readonly supports: DeviceSupports;
  readonly #inner: SyncImplementation;
  readonly #edge: Edge;

  constructor(inner: SyncImplementation) {
    this.name = inner.name;
    this.limits = limitsOf(inner);
    this.supports = Object.freeze({ ...inner.supports, sync: true });
    this.#inner = inner;
    this.#edge = new Edge(inner);
  }

  get sectorCount(): number {
    return this.#inner.sectorCount;
  }

  readSync(target: Uint8Array, sector: number): void {
    this.#edge.range("read", sector, target.byteLength / SECTOR_BYTES);
    this.#inner.readSync(target, sector);
  }

  writeSync(source: Uint8Array, sector: number, options?: WriteOptions): void {
    this.#edge.writeRange("write", sector, source.byteLength / SECTOR_BYTES);
    this.#inner.writeSync(source, sector, options?.fua ?? false);
  }

  writeZeroesSync(sector: number, sectorCount: number, options?: WriteOptions): void {
    this.#edge.writeRange("write zeroes to", sector, sectorCount);
    const fua = options?.fua ?? false;
    if (this.#inner.writeZeroesSync !== undefined) {
      return this.#inner.writeZeroesSync(sector, sectorCount, fua);
    }
    for (let done = 0; done < sectorCount;) {
      const count = Math.min(sectorCount - done, ZEROES.length / SECTOR_BYTES);
      this.#inner.writeSync(ZEROES.subarray(0, count * SECTOR_BYTES), sector + done, fua);
      done += count;
    }
  }

  discardSync(sector: number, sectorCount: number): void {
    this.#edge.discardRange(sector, sectorCount);
    this.#inner.discardSync?.(sector, sectorCount);
  }

  flushSync(): void {
    this.#edge.open("flush");
    this.#inner.flushSync();
  }

  closeSync(): void {
    if (this.#edge.close()) this.#inner.closeSync();
  }

  // The asynchronous face does the work at the call, so it takes the bytes then; `async` turns a
  // refusal into a rejected promise.
  // deno-lint-ignore require-await
  async read(target: Uint8Array, sector: number): Promise<void> {
    this.readSync(target, sector);
  }

  // deno-lint-ignore require-await
  async write(source: Uint8Array, sector: number, options?: WriteOptions): Promise<void> {
    this.writeSync(source, sector, options);
  }

  // deno-lint-ignore require-await
  async writeZeroes(sector: number, sectorCount: number, options?: WriteOptions): Promise<void> {
    this.writeZeroesSync(sector, sectorCount, options);
  }

  // deno-lint-ignore require-await
  async discard(sector: number, sectorCount: number): Promise<void> {
    this.discardSync(sector, sectorCount);
  }

  async flush(): Promise<void> {
    this.#edge.open("flush");
    if (this.#inner.flush === undefined) this.#inner.flushSync();
    else await this.#inner.flush();
  }

  async close(): Promise<void> {
    if (!this.#edge.close()) return;
    if (this.#inner.close === undefined) this.#inner.closeSync();
    else await this.#inner.close();
  }

  [Symbol.dispose](): void {
    this.closeSync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class CheckedKernelMemoryDevice extends CheckedSyncDevice implements KernelMemoryDevice {
  copySectorsSync(
    sector: number,
    target: BlockDevice,
    targetSector: number,
    sectorCount: number,
  ): boolean {
    edgeOf(this).range("copy", sector, sectorCount);
    if (!(target instanceof CheckedKernelMemoryDevice)) return false;
    edgeOf(target).writeRange("copy to", targetSector, sectorCount);
    return innerOf(this).copySectorsSync?.(sector, innerOf(target), targetSector, sectorCount) ??
      false;
  }
}

class CheckedAsyncDevice implements BlockDevice {
  readonly name: string;
  readonly limits: DeviceLimits;
  readonly supports: DeviceSupports;
  readonly #inner: AsyncImplementation;
  readonly #edge: Edge;

  constructor(inner: AsyncImplementation) {
    this.name = inner.name;
    this.limits = limitsOf(inner);
    this.supports = Object.freeze({ ...inner.supports, sync: false });
    this.#inner = inner;
    this.#edge = new Edge(inner);
  }

  get sectorCount(): number {
    return this.#inner.sectorCount;
  }

  async read(target: Uint8Array, sector: number): Promise<void> {
    this.#edge.range("read", sector, target.byteLength / SECTOR_BYTES);
    await this.#inner.read(target, sector);
  }

  async write(source: Uint8Array, sector: number, options?: WriteOptions): Promise<void> {
    this.#edge.writeRange("write", sector, source.byteLength / SECTOR_BYTES);
    await this.#inner.write(source, sector, options?.fua ?? false);
  }

  async writeZeroes(sector: number, sectorCount: number, options?: WriteOptions): Promise<void> {
    this.#edge.writeRange("write zeroes to", sector, sectorCount);
    const fua = options?.fua ?? false;
    if (this.#inner.writeZeroes !== undefined) {
      return await this.#inner.writeZeroes(sector, sectorCount, fua);
    }
    for (let done = 0; done < sectorCount;) {
      const count = Math.min(sectorCount - done, ZEROES.length / SECTOR_BYTES);
      await this.#inner.write(ZEROES.subarray(0, count * SECTOR_BYTES), sector + done, fua);
      done += count;
    }
  }

  async discard(sector: number, sectorCount: number): Promise<void> {
    this.#edge.discardRange(sector, sectorCount);
    await this.#inner.discard?.(sector, sectorCount);
  }

  async flush(): Promise<void> {
    this.#edge.open("flush");
    await this.#inner.flush();
  }

  async close(): Promise<void> {
    if (this.#edge.close()) await this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Puts the checked edge around a device.
 *
 * @param implementation The device; its methods receive exactly valid arguments.
 * @returns The public device.
 *
 * @example A device of one's own
 * ```ts
 * import { checked } from "cowdisk";
 * import { equal, throws } from "node:assert/strict";
 *
 * const sevens = checked({
 *   name: "sevens",
 *   sectorCount: 100,
 *   supports: { write: false, discard: false, discardZeroes: false, permanence: true },
 *   readSync: (target) => void target.fill(7),
 *   writeSync() {},
 *   flushSync() {},
 *   closeSync() {},
 * });
 * const sector = new Uint8Array(512);
 * sevens.readSync(sector, 99);
 * equal(sector[511], 7);
 * throws(() => sevens.readSync(sector, 100), { code: "EINVAL" });
 * throws(() => sevens.writeSync(sector, 0), { code: "EROFS" });
 * ```
 */
export function checked(implementation: SyncImplementation): SyncBlockDevice;
/** As above, for a device whose requests take time. */
export function checked(implementation: AsyncImplementation): BlockDevice;
export function checked(implementation: SyncImplementation | AsyncImplementation): BlockDevice {
  if ("read" in implementation) return new CheckedAsyncDevice(implementation);
  if (implementation.copySectorsSync === undefined) return new CheckedSyncDevice(implementation);
  return new CheckedKernelMemoryDevice(implementation);
}
