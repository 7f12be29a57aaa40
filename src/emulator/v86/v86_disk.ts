/**
 * `V86Disk`: a device with the members that v86 wants of a disk.
 *
 * | v86 calls | when | answered |
 * |---|---|---|
 * | `byteLength` | at the start, and before every command | the device's size |
 * | `load` | once at the start | by `onload`, which v86 has assigned |
 * | `get` | for every read | at once, or when the device has answered |
 * | `set` | for every write | the same; the bytes are taken before it returns |
 * | `get_and_cache`, `get_from_cache` | for sector 0, at the start | the second one synchronously |
 * | `get_state`, `set_state` | by `save_state`, `restore_state` | `machine_snapshots.ts` |
 * | `get_buffer` | to download the disk | with all of it |
 *
 * **Order.** `request_line.ts`: a read sees every write that came before it, although v86 acknowledges a
 * PIO write before it is stored.
 *
 * **Memory.** What waits in the line: one request, for v86 lets a guest wait for the disk. The
 * exception are PIO writes to a device that takes time, as long as {@linkcode V86Disk.attach} was not
 * called: nothing holds the guest back, so its speed (some MB/s) against the device's is the bound.
 * An attached disk holds the drive busy instead, and one PIO write at most is waiting.
 *
 * **Failure**: nothing is thrown to v86, whose processor would not survive it; a read is never
 * answered with anything but the device's bytes.
 *
 * | a request fails | attached | not attached |
 * |---|---|---|
 * | a read, a DMA write | the guest has an I/O error at once | not answered: the guest's time-out |
 * | a PIO write | the same | acknowledged already |
 * | from then on | as if nothing had been | the disk ends where it has failed: an error at once |
 *
 * `onError` is told of each.
 *
 * Longer than most files: it is the one object that v86 holds.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice, WriteOptions } from "../../block/device.ts";
import { systemClock } from "../../block/clock.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { bytesToSectors, sectorsToBytes } from "../../block/units.ts";
import type { AsyncDisk } from "../../disk/mod.ts";
import { IdeDrive } from "./ide_drive.ts";
import { LateFlush } from "./late_flush.ts";
import { MachineSnapshots } from "./machine_snapshots.ts";
import { RequestLine } from "./request_line.ts";
import type { AttachOptions, V86DiskFailure, V86DiskOptions, V86Verb } from "./v86_disk_options.ts";
import { untilLoaded, type V86Machine } from "./v86_machine.ts";

const IDLE_MS = 500;
const WAIT_MS = 5000;
const PIECE_BYTES = 1024 * 1024;
const BUFFER_BYTES_MAX = 2 ** 31 - 1;
const DURABLE: WriteOptions = Object.freeze({ fua: true });
const NOT_YET: WriteOptions = Object.freeze({});

/** The page, if this is one. */
function pageHere(): EventTarget | null {
  return typeof globalThis.addEventListener === "function" ? globalThis : null;
}

/** A disk for v86. Made by {@linkcode v86Disk}. */
export class V86Disk implements AsyncDisposable {
  /** What v86's types know a disk by. Nothing is loaded from there. */
  readonly url: string;
  /** Assigned by v86, which is told by it that the disk is ready. */
  onload: ((event: object) => void) | undefined = undefined;
  /** The disk's snapshots, as machine states use them. */
  readonly snapshots: MachineSnapshots;
  readonly #device: BlockDevice;
  readonly #line: RequestLine;
  readonly #onError: (failure: V86DiskFailure) => void;
  readonly #late: LateFlush | null;
  #firstSector: Uint8Array | undefined;
  #brokenFromByte = Infinity;
  #waitingBytes = 0;
  #drive: IdeDrive | null = null;

  /**
   * Puts a device into the form that v86 wants.
   *
   * @param device What is read and written.
   * @param disk Whose snapshots machine states name; `null` when it has none.
   * @param options How it behaves.
   */
  constructor(device: BlockDevice, disk: AsyncDisk | null, options: V86DiskOptions) {
    const { logicalSectors } = device.limits;
    if (logicalSectors !== 1) {
      throw new BlockDeviceError(
        "EINVAL",
        `Cannot give "${device.name}" to v86: found logical blocks of ${logicalSectors} sectors, ` +
          "want single sectors, for guests write them",
      );
    }
    const { durability = "each", clock = systemClock } = options;
    this.url = `cowdisk:${device.name}`;
    this.#device = device;
    const isEach = durability === "each" && device.supports.permanence;
    this.#line = new RequestLine(device, isEach ? DURABLE : NOT_YET);
    this.#onError = options.onError ?? (() => {});
    this.snapshots = new MachineSnapshots(disk, device.name, options.state ?? "snapshot");
    this.#late = durability === "each" ? null : new LateFlush({
      clock,
      idleMs: options.idleMs ?? IDLE_MS,
      waitMs: options.waitMs ?? WAIT_MS,
      page: options.page === undefined ? pageHere() : options.page,
      flush: () => this.#flushAll(),
    });
  }

  // What v86 calls.

  /** The disk's size in bytes, or where it has failed, if the guest could not be told. */
  get byteLength(): number {
    return Math.min(sectorsToBytes(this.#device.sectorCount), this.#brokenFromByte);
  }

  /** Called once, when a machine starts. */
  load(): void {
    this.#brokenFromByte = Infinity;
    this.onload?.({});
  }

  /** Reads bytes. */
  get(
    startByte: number,
    byteCount: number,
    done: (bytes: Uint8Array) => void,
    options?: { readonly signal?: AbortSignal },
  ): void {
    const bytes = this.#line.readNow(startByte, byteCount);
    if (bytes !== null) done(bytes);
    else void this.#readLater(startByte, byteCount, done, options?.signal);
  }

  /** Writes bytes. */
  set(startByte: number, bytes: Uint8Array, done: () => void): void {
    if (this.#line.writeNow(startByte, bytes)) done();
    else void this.#writeLater(startByte, bytes.slice(), done);
    this.#late?.noteWrite();
  }

  /** Reads bytes, and keeps them for {@linkcode get_from_cache}. A machine waits for it to start. */
  get_and_cache(
    startByte: number,
    byteCount: number,
    done: (bytes: Uint8Array | undefined) => void,
  ): void {
    const bytes = new Uint8Array(byteCount);
    void this.#line.take(async () => {
      try {
        await this.#line.read(bytes, startByte);
      } catch (cause) {
        this.#tell("read", startByte, byteCount, cause, false);
        return done(undefined);
      }
      if (startByte === 0) this.#firstSector = bytes;
      done(bytes);
    });
  }

  /** The bytes, when they can be had at once. Otherwise v86 guesses the disk's geometry. */
  get_from_cache(startByte: number, byteCount: number): Uint8Array | undefined {
    const kept = startByte === 0 ? this.#firstSector?.subarray(0, byteCount) : undefined;
    return this.#line.readNow(startByte, byteCount)?.slice() ??
      (kept?.length === byteCount ? kept : undefined);
  }

  /** What a machine's state has of the disk. */
  get_state(): unknown[] {
    return this.snapshots.state();
  }

  /** Puts the disk into the state that {@linkcode get_state} told. */
  set_state(state: unknown): void {
    this.snapshots.restore(state);
  }

  /** All of the disk, up to 2 GiB; nothing, when it is larger or cannot be read. */
  get_buffer(done: (buffer?: ArrayBuffer) => void): void {
    const byteCount = this.byteLength;
    if (byteCount > BUFFER_BYTES_MAX) return done();
    void this.#line.take(async () => {
      const whole = new Uint8Array(byteCount);
      try {
        for (let at = 0; at < byteCount; at += PIECE_BYTES) {
          await this.#line.read(whole.subarray(at, at + PIECE_BYTES), at);
        }
      } catch (cause) {
        this.#tell("read", 0, byteCount, cause, false);
        return done();
      }
      done(whole.buffer);
    });
  }

  // What the embedder calls.

  /** Bytes that were taken from the guest and are not stored yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /**
   * Gives the disk a hand in the drive that it is in, so that the guest hears of errors, waits for PIO
   * writes, and can flush. Best called right after the emulator was made, with `autostart: false`, and
   * waited for before it runs.
   *
   * @param emulator The emulator that has this disk.
   * @param options Whether the guest is told of a write cache.
   * @throws {BlockDeviceError} `ENOTSUP` when v86's inside is not as known, `ENODEV` when the disk is in
   * no drive of it. The disk works without, as the head of this file tells.
   */
  async attach(emulator: V86Machine, { writeCache = false }: AttachOptions = {}): Promise<void> {
    await untilLoaded(emulator);
    const drive = IdeDrive.find(emulator, this, writeCache ? () => this.#flushForGuest() : null);
    this.#drive = drive;
    this.#brokenFromByte = Infinity;
  }

  /**
   * Waits until every request of the guest is answered. Stop the machine first.
   *
   * @returns A promise that is kept then.
   */
  drain(): Promise<void> {
    return this.#line.take(() => Promise.resolve());
  }

  /**
   * Makes everything durable that the guest has written.
   *
   * @throws {BlockDeviceError} What the device refuses.
   */
  async flush(): Promise<void> {
    this.#late?.noteFlush();
    try {
      await this.#line.take(() => this.#line.flush());
    } catch (cause) {
      this.#late?.noteWrite();
      throw cause;
    }
  }

  /** Makes everything durable, and lets go of the machine. The device stays open. */
  async close(): Promise<void> {
    this.#late?.end();
    try {
      await this.flush();
    } finally {
      this.#drive?.letGo();
      this.#drive = null;
    }
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // In the line.

  #readLater(
    startByte: number,
    byteCount: number,
    done: (bytes: Uint8Array) => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    return this.#line.take(async () => {
      const bytes = new Uint8Array(byteCount);
      try {
        if (signal?.aborted !== true) await this.#line.read(bytes, startByte);
      } catch (cause) {
        if (signal?.aborted !== true) return this.#refuse("read", startByte, byteCount, cause);
      }
      done(bytes); // Of a read that was aborted v86 only wants to hear that it has ended.
    });
  }

  #writeLater(startByte: number, bytes: Uint8Array, done: () => void): Promise<void> {
    const drive = this.#drive;
    const commandCount = drive?.commandCount;
    const isHeld = drive?.isPioWrite === true;
    if (isHeld) drive.hold();
    this.#waitingBytes += bytes.length;
    return this.#line.take(async () => {
      try {
        await this.#line.write(bytes, startByte);
      } catch (cause) {
        const isLate = drive?.commandCount !== commandCount;
        if (isLate) this.#tell("write", startByte, bytes.length, cause, false);
        else this.#refuse("write", startByte, bytes.length, cause);
        return;
      } finally {
        this.#waitingBytes -= bytes.length;
      }
      if (drive?.commandCount !== commandCount) return;
      if (isHeld) drive.release();
      else done();
    });
  }

  #flushForGuest(): void {
    this.#late?.noteFlush();
    const drive = this.#drive;
    if (this.#line.flushNow()) return drive?.release();
    const commandCount = drive?.commandCount;
    void this.#line.take(async () => {
      try {
        await this.#line.flush();
      } catch (cause) {
        this.#late?.noteWrite();
        if (drive?.commandCount === commandCount) this.#refuse("flush", 0, 0, cause);
        else this.#tell("flush", 0, 0, cause, false);
        return;
      }
      if (drive?.commandCount === commandCount) drive?.release();
    });
  }

  /** Flushes for nobody in particular. Returns whether it went well. */
  async #flushAll(): Promise<boolean> {
    if (this.#line.flushNow()) return true;
    try {
      await this.#line.take(() => this.#line.flush());
      return true;
    } catch (cause) {
      this.#tell("flush", 0, 0, cause, false);
      return false;
    }
  }

  // Failures.

  #refuse(verb: V86Verb, startByte: number, byteCount: number, cause: unknown): void {
    if (this.#drive === null) this.#brokenFromByte = Math.min(this.#brokenFromByte, startByte);
    else this.#drive.fail(verb);
    this.#tell(verb, startByte, byteCount, cause, this.#drive !== null);
  }

  #tell(
    verb: V86Verb,
    startByte: number,
    byteCount: number,
    cause: unknown,
    isToldToGuest: boolean,
  ): void {
    const sectors = {
      sector: bytesToSectors(startByte),
      sectorCount: bytesToSectors(byteCount),
    };
    this.#onError({ verb, ...sectors, cause, isToldToGuest });
  }
}
