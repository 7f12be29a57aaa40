/**
 * The shelf: a storage's devices, by the ids of layers, and which of them are open.
 *
 * | device | holds |
 * |---|---|
 * | `manifest` | the manifest log; whoever has it open has the disk |
 * | `layer-1`, `layer-2`, … | the exceptions of a layer |
 *
 * **Refused**: a storage that holds anything else, or layers without a manifest: nothing in it is
 * touched then.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import type { DiskOptions } from "../disk_options.ts";
import type { LayerDevices } from "../layers/layer_stack.ts";
import { layerSectors } from "../manifest/layer_size.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { MANIFEST_LOG_SECTORS } from "../manifest/manifest_log.ts";
import { ReadStorage } from "../readers/read_storage.ts";
import type { WriterSeat } from "../readers/reader_desk.ts";
import {
  type DiskStorage,
  isSyncStorage,
  type StorageEstimateBytes,
  type SyncDiskStorage,
} from "./storage.ts";
import { openStorageWord } from "./storage_words.ts";

const MANIFEST = "manifest";
const LAYER = /^layer-([1-9]\d{0,15})$/;

function nameOf(id: number): string {
  return `layer-${id}`;
}

function sectorsOf({ sectorCount, chunkSectors }: Manifest): number {
  return layerSectors(sectorCount, chunkSectors);
}

/** Where the devices of a disk are taken from, and put back. */
export class LayerShelf {
  /** The place of the disk's writer, where it meets readers; `null` where there are none. */
  readonly seat: WriterSeat | null;
  readonly #storage: DiskStorage;
  readonly #isOwned: boolean;
  readonly #open = new Set<number>();
  #hasManifest = false;

  /**
   * A shelf.
   *
   * @param storage Where its devices are.
   * @param isOwned Whether the storage ends with the shelf.
   * @param seat The writer's place, which ends with the shelf.
   */
  constructor(storage: DiskStorage, isOwned: boolean, seat: WriterSeat | null = null) {
    this.seat = seat;
    this.#storage = storage;
    this.#isOwned = isOwned;
  }

  /**
   * A shelf where a disk is to be kept.
   *
   * @param name The disk's name.
   * @param options A storage, or a word for one: that one ends with the shelf.
   * @throws {BlockDeviceError} `ENOTSUP` when the word stands for nothing here; `EBUSY` when somebody
   * else writes.
   */
  static async open(
    name: string,
    options: Pick<DiskOptions, "storage" | "whenBusy" | "signal" | "readOnly">,
  ): Promise<LayerShelf> {
    const { storage: wanted, whenBusy = "refuse", signal, readOnly = false } = options;
    signal?.throwIfAborted();
    const isOwned = typeof wanted === "string";
    const waiting = signal === undefined ? { whenBusy } : { whenBusy, signal };
    const storage = isOwned ? await openStorageWord(wanted, name, waiting) : wanted;
    try {
      if (readOnly) return new LayerShelf(await ReadStorage.open(storage, isOwned), true);
      return new LayerShelf(storage, isOwned, await storage.readers?.beginWriting(name) ?? null);
    } catch (error) {
      if (isOwned) await storage.close();
      throw error;
    }
  }

  /**
   * Opens the device of the manifest.
   *
   * @throws {BlockDeviceError} `EBUSY` when another disk has it open, `EINVAL` when something else is in
   * the storage.
   */
  async openManifest(): Promise<BlockDevice> {
    const layers = await this.#listLayers();
    const isMade = (await this.#storage.list()).includes(MANIFEST);
    if (!isMade && layers.length > 0) throw this.#isHeadless(layers);
    const device = await this.#storage.open(MANIFEST, MANIFEST_LOG_SECTORS);
    this.#hasManifest = true;
    return device;
  }

  /**
   * Opens the devices of layers.
   *
   * @param manifest The manifest, perhaps one to be.
   * @param ids The layers.
   */
  async open(manifest: Manifest, ids: readonly number[]): Promise<LayerDevices> {
    const devices = new Map<number, BlockDevice>();
    for (const id of ids) {
      devices.set(id, await this.#storage.open(nameOf(id), sectorsOf(manifest)));
      this.#open.add(id);
    }
    return devices;
  }

  /**
   * As {@linkcode open}, at once.
   *
   * @param manifest The manifest, perhaps one to be.
   * @param ids The layers.
   */
  openSync(manifest: Manifest, ids: readonly number[]): LayerDevices {
    const storage = this.requireSync();
    const devices = new Map<number, BlockDevice>();
    for (const id of ids) {
      devices.set(id, storage.openSync(nameOf(id), sectorsOf(manifest)));
      this.#open.add(id);
    }
    return devices;
  }

  /**
   * Ends use of layers' devices, and removes some. Goes on after a failure, and tells of the first.
   *
   * @param isInUse Whether a layer's device is used.
   * @param unnamed Layers that no manifest names.
   */
  async tidy(isInUse: (id: number) => boolean, unnamed: readonly number[]): Promise<void> {
    const endings: Promise<void>[] = [];
    for (const id of this.#takeIdle(isInUse)) endings.push(this.#storage.shut(nameOf(id)));
    const failures = rejections(await Promise.allSettled(endings));
    const removals = unnamed.map((id) => this.#storage.remove(nameOf(id)));
    failures.push(...rejections(await Promise.allSettled(removals)));
    if (failures.length > 0) throw failures[0];
  }

  /**
   * As {@linkcode tidy}, at once.
   *
   * @param isInUse Whether a layer's device is used.
   * @param unnamed Layers that no manifest names.
   */
  tidySync(isInUse: (id: number) => boolean, unnamed: readonly number[]): void {
    const storage = this.requireSync();
    for (const id of this.#takeIdle(isInUse)) storage.shutSync(nameOf(id));
    for (const id of unnamed) storage.removeSync(nameOf(id));
  }

  /** Ids of layers whose devices are open. */
  get openIds(): number[] {
    return [...this.#open];
  }

  /**
   * Removes the devices of layers that a manifest does not name: a loss of power left them.
   *
   * @param manifest The manifest; `null` when none was ever written.
   * @throws {BlockDeviceError} `EINVAL` when there are layers and no manifest; nothing is removed then.
   */
  async removeUnnamed(manifest: Manifest | null): Promise<void> {
    const found = await this.#listLayers();
    if (manifest === null && found.length > 0) throw this.#isHeadless(found);
    const named = new Set(manifest?.layers.map(({ id }) => id));
    for (const id of found) if (!named.has(id)) await this.#storage.remove(nameOf(id));
  }

  /** How much room the storage has, if it knows. */
  async estimate(): Promise<StorageEstimateBytes | null> {
    return await this.#storage.estimate?.() ?? null;
  }

  /** Ends use of everything. */
  async close(): Promise<void> {
    try {
      await this.tidy(() => false, []);
    } finally {
      if (this.#hasManifest) await this.#storage.shut(MANIFEST);
      this.#hasManifest = false;
      if (this.#isOwned) await this.#storage.close();
      await this.seat?.leave();
    }
  }

  /**
   * The storage, if it is never waited for.
   *
   * @throws {BlockDeviceError} `EAGAIN` otherwise.
   */
  requireSync(): SyncDiskStorage {
    const storage = this.#storage;
    if (isSyncStorage(storage)) return storage;
    throw new BlockDeviceError(
      "EAGAIN",
      `Cannot use the storage "${storage.name}" synchronously: it has to be waited for`,
    );
  }

  /** Takes note that devices are about to be shut. */
  #takeIdle(isInUse: (id: number) => boolean): number[] {
    const idle = this.openIds.filter((id) => !isInUse(id));
    for (const id of idle) this.#open.delete(id);
    return idle;
  }

  async #listLayers(): Promise<number[]> {
    const ids: number[] = [];
    for (const device of await this.#storage.list()) {
      if (device === MANIFEST) continue;
      const id = Number(LAYER.exec(device)?.[1]);
      if (!Number.isSafeInteger(id)) throw this.#isForeign(`a device "${device}", no disk's`);
      ids.push(id);
    }
    return ids;
  }

  #isHeadless(ids: readonly number[]): BlockDeviceError {
    return this.#isForeign(`layers (${ids.slice(0, 5).join(", ")}) and no manifest`);
  }

  #isForeign(found: string): BlockDeviceError {
    return new BlockDeviceError(
      "EINVAL",
      `Cannot use the storage "${this.#storage.name}": it holds ${found}`,
    );
  }
}

function rejections(endings: readonly PromiseSettledResult<void>[]): unknown[] {
  return endings.flatMap((ending) => ending.status === "rejected" ? [ending.reason] : []);
}
