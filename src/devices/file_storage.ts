/**
 * The file storage: sectors at positions of an open file.
 *
 * The mechanism below the file device: transfers that go on until they are whole, flushes, growth,
 * and an end that waits for the flushes under way. Arguments are already checked.
 *
 * Invariants: the file is closed once, by whoever is last of `close` and the flushes under way, and
 * the lock is let go of after it. Once a flush has failed, every later one fails too: the system may
 * have dropped what it could not write, and its next "done" would be a lie.
 *
 * Fails: see `file.ts`.
 *
 * @module
 */

import type { SyncImplementation } from "../block/checked.ts";
import type { DeviceSupports } from "../block/device.ts";
import { BlockDeviceError } from "../block/errors.ts";
import { Gate } from "../block/gate.ts";
import { bytesToSectors, SECTOR_BYTES } from "../block/units.ts";
import { type FileIo, refusalOf, systemCodeOf } from "./file_io.ts";
import type { FileLock } from "./file_lock.ts";
import { checkGrowth } from "./growable.ts";

/** The most bytes asked for at once: Node counts them in 31 bits. */
const TRANSFER_BYTES_MAX = 2 ** 30;

const ZEROES = new Uint8Array(256 * 1024);

/** Sectors in an open file. */
export class FileStorage implements SyncImplementation {
  readonly name: string;
  readonly limits = { logicalSectors: 1, preferredSectors: 128 };
  readonly supports: Omit<DeviceSupports, "sync">;
  sectorCount = 0;
  readonly #io: FileIo;
  readonly #file: number;
  readonly #lock: FileLock | undefined;
  readonly #released = new Gate();
  #flushesUnderWay = 0;
  #flushFailure: BlockDeviceError | undefined;
  #isClosed = false;

  /**
   * Storage in a file that is open; its size is to be read by {@linkcode measure}.
   *
   * @param name A name for messages.
   * @param io The system's file I/O.
   * @param file What its `open` returned.
   * @param lock Let go of behind the close.
   * @param write Whether the file is open for writing.
   */
  constructor(name: string, io: FileIo, file: number, lock: FileLock | undefined, write: boolean) {
    this.name = name;
    // node:fs cannot punch holes, so there is no discard.
    this.supports = { write, discard: false, discardZeroes: false, permanence: true };
    this.#io = io;
    this.#file = file;
    this.#lock = lock;
  }

  readSync(target: Uint8Array, sector: number): void {
    const position = sector * SECTOR_BYTES;
    for (let done = 0; done < target.length;) {
      const wanted = Math.min(target.length - done, TRANSFER_BYTES_MAX);
      let count: number;
      try {
        count = this.#io.read(this.#file, target, done, wanted, position + done);
      } catch (error) {
        if (systemCodeOf(error) === "EINTR") continue;
        throw this.#refusal("read", sector, target.length, error);
      }
      if (count === 0) {
        const end = `the file ends at byte ${position + done}: it was cut short`;
        throw this.#refusal("read", sector, target.length, new Error(end));
      }
      done += count;
    }
  }

  writeSync(source: Uint8Array, sector: number, fua: boolean): void {
    const position = sector * SECTOR_BYTES;
    for (let done = 0; done < source.length;) {
      const wanted = Math.min(source.length - done, TRANSFER_BYTES_MAX);
      let count: number;
      try {
        count = this.#io.write(this.#file, source, done, wanted, position + done);
      } catch (error) {
        if (systemCodeOf(error) === "EINTR") continue;
        throw this.#refusal("write", sector, source.length, error);
      }
      if (count === 0) {
        const stuck = `the system took ${done} bytes and no more`;
        throw this.#refusal("write", sector, source.length, new Error(stuck));
      }
      done += count;
    }
    if (fua) this.flushSync();
  }

  writeZeroesSync(sector: number, sectorCount: number, fua: boolean): void {
    for (let done = 0; done < sectorCount;) {
      const count = Math.min(sectorCount - done, ZEROES.length / SECTOR_BYTES);
      this.writeSync(ZEROES.subarray(0, count * SECTOR_BYTES), sector + done, false);
      done += count;
    }
    if (fua) this.flushSync();
  }

  flushSync(): void {
    if (this.#flushFailure !== undefined) throw this.#flushFailure;
    if (!this.supports.write) return;
    for (;;) {
      try {
        return this.#io.sync(this.#file);
      } catch (error) {
        if (systemCodeOf(error) !== "EINTR") throw this.#flushFailed(error);
      }
    }
  }

  async flush(): Promise<void> {
    if (this.#flushFailure !== undefined) throw this.#flushFailure;
    if (!this.supports.write) return;
    this.#flushesUnderWay++;
    try {
      await this.#io.syncLater(this.#file);
    } catch (error) {
      throw this.#flushFailed(error);
    } finally {
      this.#flushesUnderWay--;
      if (this.#isClosed) this.#releaseWhenIdle();
    }
  }

  closeSync(): void {
    this.#isClosed = true;
    this.#releaseWhenIdle();
  }

  async close(): Promise<void> {
    this.closeSync();
    await this.#released.wait();
  }

  /**
   * Takes over the size of a file that someone else has extended.
   *
   * @returns The size, in sectors.
   */
  refreshSize(): number {
    const what = `Cannot take over the size of "${this.name}"`;
    if (this.#isClosed) {
      throw new BlockDeviceError("ESHUTDOWN", `${what}: it is closed`, { device: this.name });
    }
    return this.sectorCount = bytesToSectors(this.#wholeSizeBytes(what));
  }

  /**
   * Makes the file larger, by a hole.
   *
   * @param sectorCount The new size.
   */
  grow(sectorCount: number): void {
    checkGrowth(this, this.#isClosed, sectorCount);
    const what = `Cannot grow "${this.name}" to ${sectorCount} sectors`;
    const sizeBytes = this.#wholeSizeBytes(what);
    const wantedBytes = sectorCount * SECTOR_BYTES;
    try {
      // Bytes that are no whole sector would show in the first new one: they are cut off first.
      if (wantedBytes > sizeBytes && sizeBytes % SECTOR_BYTES !== 0) {
        this.#io.resize(this.#file, bytesToSectors(sizeBytes) * SECTOR_BYTES);
      }
      // Never smaller: someone else may have extended the file already.
      if (wantedBytes > sizeBytes) this.#io.resize(this.#file, wantedBytes);
    } catch (error) {
      throw refusalOf(error, what, { device: this.name });
    }
    this.sectorCount = sectorCount;
  }

  /**
   * Reads the size for the first time.
   *
   * @param roundDown Whether bytes behind the last whole sector are left alone.
   */
  measure(roundDown: boolean): void {
    const what = `Cannot open "${this.name}"`;
    const sizeBytes = this.#sizeBytes(what);
    const tailBytes = sizeBytes % SECTOR_BYTES;
    if (tailBytes !== 0 && !roundDown) {
      throw new BlockDeviceError(
        "EINVAL",
        `${what}: its ${sizeBytes} bytes are no whole number of sectors, ${tailBytes} are left ` +
          `over; want a multiple of 512`,
        { device: this.name },
      );
    }
    this.sectorCount = bytesToSectors(sizeBytes);
  }

  /** A flush under way must not find the file's number in use for another file. */
  #releaseWhenIdle(): void {
    if (this.#flushesUnderWay > 0) return;
    try {
      this.#io.close(this.#file);
    } catch (error) {
      throw refusalOf(error, `Cannot close "${this.name}"`, { device: this.name });
    } finally {
      this.#released.open();
      this.#lock?.release();
    }
  }

  #sizeBytes(what: string): number {
    try {
      return this.#io.size(this.#file);
    } catch (error) {
      throw refusalOf(error, what, { device: this.name });
    }
  }

  /** The size of a file that was not cut short: to extend what is missing would make it zeroes. */
  #wholeSizeBytes(what: string): number {
    const sizeBytes = this.#sizeBytes(what);
    if (sizeBytes >= this.sectorCount * SECTOR_BYTES) return sizeBytes;
    throw new BlockDeviceError(
      "EIO",
      `${what}: it was cut short from ${this.sectorCount} to ${bytesToSectors(sizeBytes)} sectors`,
      { device: this.name },
    );
  }

  #refusal(verb: string, sector: number, byteCount: number, error: unknown): BlockDeviceError {
    const sectorCount = byteCount / SECTOR_BYTES;
    const what = `Cannot ${verb} ${sectorCount} sectors at sector ${sector} of "${this.name}"`;
    return refusalOf(error, what, { device: this.name, sector, sectorCount });
  }

  #flushFailed(error: unknown): BlockDeviceError {
    const what =
      `Cannot flush "${this.name}", and what was written since its last flush may be lost`;
    return this.#flushFailure = refusalOf(error, what, { device: this.name });
  }
}
