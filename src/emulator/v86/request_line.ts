/**
 * The requests to one device: at once, where the device can, or in one line.
 *
 * A device that answers at once does so within the call, and allocates nothing: what is read lies in one
 * buffer, which the next read uses again. Whatever it refuses, because it is busy or because it fails,
 * and everything to a device that takes its time, stands in the line. As long as anything does, all that
 * comes joins it. So requests have their effect in the order in which they came, without a copy of what
 * was written being looked up by those that read.
 *
 * **Failure**: what is tried at once and refused tells so by `null` or `false`; in the line the device's
 * error is thrown, to whoever asked.
 *
 * This module is browser compatible.
 *
 * @module
 */

import {
  type BlockDevice,
  isSyncDevice,
  type SyncBlockDevice,
  type WriteOptions,
} from "../../block/device.ts";
import { bytesToSectors, SECTOR_BYTES } from "../../block/units.ts";
import { Turns } from "../../disk/turns.ts";

/** The largest buffer that is kept. */
const KEPT_BYTES_MAX = 2 * 1024 * 1024;

/** Takes requests by bytes. */
export class RequestLine {
  readonly #device: BlockDevice;
  readonly #now: SyncBlockDevice | null;
  readonly #writeOptions: WriteOptions;
  readonly #turns = new Turns();
  #kept = new Uint8Array(SECTOR_BYTES);
  #view = this.#kept;

  /**
   * A line to a device.
   *
   * @param device The device.
   * @param writeOptions How everything is written.
   */
  constructor(device: BlockDevice, writeOptions: WriteOptions) {
    this.#device = device;
    this.#now = isSyncDevice(device) ? device : null;
    this.#writeOptions = writeOptions;
  }

  // At once.

  /**
   * Reads, if that can be done at once.
   *
   * @param startByte Where.
   * @param byteCount How much.
   * @returns The bytes, until the next read; `null` when it is for the line.
   */
  readNow(startByte: number, byteCount: number): Uint8Array | null {
    if (this.#now === null || this.#turns.isTaken) return null;
    const bytes = this.#bufferOf(byteCount);
    try {
      this.#now.readSync(bytes, bytesToSectors(startByte));
    } catch {
      return null; // The asynchronous face waits if need be, and says why if it fails.
    }
    return bytes;
  }

  /**
   * Writes, if that can be done at once.
   *
   * @param startByte Where.
   * @param bytes What.
   * @returns Whether it was done.
   */
  writeNow(startByte: number, bytes: Uint8Array): boolean {
    if (this.#now === null || this.#turns.isTaken) return false;
    try {
      this.#now.writeSync(bytes, bytesToSectors(startByte), this.#writeOptions);
    } catch {
      return false;
    }
    return true;
  }

  /**
   * Flushes, if that can be done at once.
   *
   * @returns Whether it was done.
   */
  flushNow(): boolean {
    if (this.#now === null || this.#turns.isTaken) return false;
    try {
      this.#now.flushSync();
    } catch {
      return false;
    }
    return true;
  }

  // In the line.

  /**
   * Waits for the turn, and performs a request with its answer: what comes later waits for both.
   *
   * @param request What is done.
   * @returns What the request returns.
   */
  take<Result>(request: () => Promise<Result>): Promise<Result> {
    return this.#turns.take(request);
  }

  /**
   * Reads; the turn is the caller's.
   *
   * @param bytes Filled whole.
   * @param startByte Where.
   */
  read(bytes: Uint8Array, startByte: number): Promise<void> {
    return this.#device.read(bytes, bytesToSectors(startByte));
  }

  /**
   * Writes; the turn is the caller's.
   *
   * @param bytes What.
   * @param startByte Where.
   */
  write(bytes: Uint8Array, startByte: number): Promise<void> {
    return this.#device.write(bytes, bytesToSectors(startByte), this.#writeOptions);
  }

  /** Flushes; the turn is the caller's. */
  flush(): Promise<void> {
    return this.#device.flush();
  }

  /** A buffer of a size: the same one, as long as the size is the same. */
  #bufferOf(byteCount: number): Uint8Array {
    if (this.#view.length === byteCount) return this.#view;
    if (byteCount > KEPT_BYTES_MAX) return new Uint8Array(byteCount);
    if (this.#kept.length < byteCount) this.#kept = new Uint8Array(byteCount);
    return this.#view = this.#kept.subarray(0, byteCount);
  }
}
