/**
 * The quota watch: tells, once, that the storage has no room.
 *
 * A storage that is full refuses one request after another, each to whoever made it. That there is no
 * room is one piece of news: an *episode*. It begins with a refusal, and ends when something that was
 * written after the last refusal has been flushed. A refusal is `ENOSPC` of a device: what a disk itself
 * refuses with that code, too many layers for example, has no device.
 *
 * | what is refused | by | is seen by |
 * |---|---|---|
 * | a write, a flush | the device of a branch | its {@linkcode WatchedHead} |
 * | a change, data moved in the background | the manifest, any layer | the session's turns |
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { WriteOptions } from "../block/device.ts";
import { BlockDeviceError } from "../block/errors.ts";
import { sectorsToBytes } from "../block/units.ts";
import { MappedDevice } from "../mapper/mod.ts";
import type { DiskEvent } from "./disk_options.ts";
import type { StorageEstimateBytes } from "./storage/storage.ts";

/** How much was refused, when a failure stands for another. */
function innerCount({ cause }: BlockDeviceError): number | undefined {
  return cause instanceof BlockDeviceError ? cause.sectorCount : undefined;
}

/** Tells of episodes. */
export class QuotaWatch {
  readonly #onEvent: (event: DiskEvent) => void;
  readonly #estimate: () => Promise<StorageEstimateBytes | null>;
  #isFull = false;
  #hasWritten = false;

  /**
   * A watch.
   *
   * @param onEvent Told of each episode.
   * @param estimate How much room there is in all, if that is known.
   */
  constructor(
    onEvent: (event: DiskEvent) => void = () => {},
    estimate: () => Promise<StorageEstimateBytes | null> = () => Promise.resolve(null),
  ) {
    this.#onEvent = onEvent;
    this.#estimate = estimate;
  }

  /**
   * Looks at a failure.
   *
   * @param error Whatever was thrown.
   */
  failed(error: unknown): void {
    if (!(error instanceof BlockDeviceError) || error.code !== "ENOSPC") return;
    if (error.device === undefined) return;
    this.#hasWritten = false;
    if (this.#isFull) return;
    this.#isFull = true;
    void this.#tell(error, error.device);
  }

  /** Takes note of a write that was not refused. */
  wrote(): void {
    if (this.#isFull) this.#hasWritten = true;
  }

  /** Takes note of a flush that was not refused. */
  flushed(): void {
    if (this.#hasWritten) this.#isFull = this.#hasWritten = false;
  }

  async #tell(cause: BlockDeviceError, device: string): Promise<void> {
    const { sectorCount = innerCount(cause) } = cause;
    const layer = /(?:^|\/)layer-(\d+)$/.exec(device)?.[1];
    const room = await this.#estimate().catch(() => null); // Browsers may refuse to tell.
    this.#onEvent({
      kind: "quota",
      device,
      layer: layer === undefined ? null : Number(layer),
      neededBytes: sectorCount === undefined ? null : sectorsToBytes(sectorCount),
      usageBytes: room?.usageBytes ?? null,
      quotaBytes: room?.quotaBytes ?? null,
      cause,
    });
  }
}

/** The device of a branch, whose writes and flushes are watched. */
export class WatchedHead extends MappedDevice {
  readonly #watch: QuotaWatch;

  /**
   * A device without a table.
   *
   * @param name Its name.
   * @param watch Who is told.
   */
  constructor(name: string, watch: QuotaWatch) {
    super(name);
    this.#watch = watch;
  }

  override writeSync(source: Uint8Array, sector: number, options?: WriteOptions): void {
    this.#noteSync(() => super.writeSync(source, sector, options));
  }

  override writeZeroesSync(sector: number, sectorCount: number, options?: WriteOptions): void {
    this.#noteSync(() => super.writeZeroesSync(sector, sectorCount, options));
  }

  override flushSync(): void {
    this.#noteSync(() => super.flushSync(), true);
  }

  override write(source: Uint8Array, sector: number, options?: WriteOptions): Promise<void> {
    return this.#note(super.write(source, sector, options));
  }

  override writeZeroes(
    sector: number,
    sectorCount: number,
    options?: WriteOptions,
  ): Promise<void> {
    return this.#note(super.writeZeroes(sector, sectorCount, options));
  }

  override flush(): Promise<void> {
    return this.#note(super.flush(), true);
  }

  #noteSync(work: () => void, isFlush = false): void {
    try {
      work();
    } catch (error) {
      this.#watch.failed(error);
      throw error;
    }
    this.#done(isFlush);
  }

  async #note(work: Promise<void>, isFlush = false): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#watch.failed(error);
      throw error;
    }
    this.#done(isFlush);
  }

  #done(isFlush: boolean): void {
    if (isFlush) this.#watch.flushed();
    else this.#watch.wrote();
  }
}
