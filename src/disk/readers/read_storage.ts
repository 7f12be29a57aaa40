/**
 * A storage as a reader of its disk sees it: the devices of one manifest, none of which is written.
 *
 * | asked for | is opened |
 * |---|---|
 * | the manifest | a copy in memory: what a writer has answered, or what was found when nobody wrote |
 * | a layer | the storage's device, only to be read |
 * | a layer that the manifest does not name | one in memory, empty |
 * | the first layer of a new disk, when it is not there yet | the same |
 *
 * A storage without a desk lets nobody write as long as its manifest is open, so it stays open.
 *
 * **Failure**: `ENODEV` when a layer is not there that must be; nothing is guessed.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { BlockDeviceError, codeOf } from "../../block/errors.ts";
import { runAsync } from "../../block/plan.ts";
import { sectorsToBytes } from "../../block/units.ts";
import { createMemoryDevice } from "../../devices/mod.ts";
import { decodeHeader } from "../../exception/mod.ts";
import { planSnapshot } from "../../targets/mod.ts";
import { type Manifest, parseManifest } from "../manifest/manifest.ts";
import { MANIFEST_LOG_SECTORS, ManifestLog } from "../manifest/manifest_log.ts";
import type { DiskStorage } from "../storage/storage.ts";
import { createZeroOrigin } from "../zero_origin.ts";
import { createReadOnlyFace } from "./read_only_face.ts";
import type { ReaderSeat } from "./reader_desk.ts";

const MANIFEST = "manifest";

/** Whether exceptions were ever kept on a device. */
async function holdsStore(device: BlockDevice): Promise<boolean> {
  const head = new Uint8Array(sectorsToBytes(device.limits.logicalSectors));
  await device.read(head, 0);
  return decodeHeader(head).magic !== 0;
}

/** See the file's head. */
export class ReadStorage implements DiskStorage {
  readonly #storage: DiskStorage;
  readonly #isOwned: boolean;
  readonly #seat: ReaderSeat | null;
  readonly #copies = new Map<string, BlockDevice>();
  #manifest: { readonly text: string; readonly value: Manifest } | null = null;

  private constructor(storage: DiskStorage, isOwned: boolean, seat: ReaderSeat | null) {
    this.#storage = storage;
    this.#isOwned = isOwned;
    this.#seat = seat;
  }

  /**
   * Begins to read what a storage holds.
   *
   * @param storage The storage.
   * @param isOwned Whether it ends with this one.
   */
  static async open(storage: DiskStorage, isOwned: boolean): Promise<ReadStorage> {
    const seat = await storage.readers?.beginReading() ?? null;
    const reading = new ReadStorage(storage, isOwned, seat);
    try {
      const text = seat?.manifest ?? await reading.#findManifest();
      if (text !== null) reading.#manifest = { text, value: parseManifest(text) };
      await seat?.letWrite();
    } catch (error) {
      await storage.shut(MANIFEST);
      await seat?.leave();
      throw error;
    }
    return reading;
  }

  get name(): string {
    return this.#storage.name;
  }

  async open(device: string, sectorCount: number): Promise<BlockDevice> {
    if (device === MANIFEST) return this.#copies.get(device) ?? await this.#copyManifest();
    const layers = this.#manifest?.value.layers ?? [];
    if (!layers.some(({ id }) => device === `layer-${id}`)) {
      return await this.#makeEmpty(device, sectorCount);
    }
    const found = await this.#find(device, sectorCount);
    if (found !== null && await holdsStore(found)) return found;
    // A layer is made before the manifest that names it, except for the first.
    if (this.#manifest?.value.nextId === 2) return await this.#makeEmpty(device, sectorCount);
    const message = `Cannot read "${device}" of "${this.name}": it was removed`;
    throw new BlockDeviceError("ENODEV", message, { device });
  }

  async shut(device: string): Promise<void> {
    const copy = this.#copies.get(device);
    this.#copies.delete(device);
    await copy?.close();
    if (device !== MANIFEST) await this.#storage.shut(device);
  }

  remove(device: string): Promise<void> {
    const message = `Cannot remove "${device}" from "${this.name}": it is only read`;
    return Promise.reject(new BlockDeviceError("EROFS", message));
  }

  list(): Promise<string[]> {
    return Promise.resolve(this.#manifest === null ? [] : [MANIFEST]);
  }

  async close(): Promise<void> {
    try {
      for (const device of [...this.#copies.keys()]) await this.shut(device);
      await this.#storage.shut(MANIFEST);
      if (this.#isOwned) await this.#storage.close();
    } finally {
      await this.#seat?.leave();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Opens a device that is there, only to read it; `null` when it is not there. */
  async #find(device: string, sectorCount: number): Promise<BlockDevice | null> {
    const storage = this.#storage;
    if (storage.openToRead === undefined) {
      if (!(await storage.list()).includes(device)) return null;
      return createReadOnlyFace(await storage.open(device, sectorCount));
    }
    try {
      return await storage.openToRead(device);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return null;
      throw error;
    }
  }

  async #findManifest(): Promise<string | null> {
    const device = await this.#find(MANIFEST, MANIFEST_LOG_SECTORS);
    if (device === null) return null;
    const text = await runAsync(new ManifestLog(device).read());
    if (this.#seat !== null) await this.#storage.shut(MANIFEST);
    return text;
  }

  async #copyManifest(): Promise<BlockDevice> {
    const copy = createMemoryDevice({ name: MANIFEST, sectorCount: MANIFEST_LOG_SECTORS });
    this.#copies.set(MANIFEST, copy);
    if (this.#manifest !== null) await runAsync(new ManifestLog(copy).write(this.#manifest.text));
    return copy;
  }

  /** A layer without an exception. */
  async #makeEmpty(device: string, sectorCount: number): Promise<BlockDevice> {
    const cow = createMemoryDevice({ name: device, sectorCount });
    this.#copies.set(device, cow);
    const { sectorCount: size = 1, chunkSectors = 8 } = this.#manifest?.value ?? {};
    const origin = createZeroOrigin(size);
    const fresh = await runAsync(planSnapshot({ origin, cow, store: "PO", chunkSectors }));
    await runAsync(fresh.destroy());
    return createReadOnlyFace(cow);
  }
}
