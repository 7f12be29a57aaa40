/**
 * The medium: one `Disk`, on which everything of a world lies, and whose snapshots are the past.
 *
 * After each line the disk gets a snapshot, `step-17`. To go back in time is to roll the disk back; so
 * *undo is a snapshot*, and costs what has changed since. At most {@linkcode STEPS_MAX} of them are
 * kept, the oldest goes first.
 *
 * **A cut that is not played** (the tab is closed in the middle of a line) leaves the disk as it was
 * flushed last; opened again it is rolled back to the step that its notes name.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import {
  type BlockDevice,
  BlockDeviceError,
  type Clock,
  codeOf,
  createLinear,
  Disk,
  type DiskStorage,
  type ImagePiece,
  runAsync,
  SECTOR_BYTES,
} from "../../../src/mod.ts";
import { planDevice } from "../../../src/mapper/stack.ts";
import { planned } from "../../../src/mapper/table/target_types.ts";
import { ManifestLog } from "../../../src/disk/manifest/manifest_log.ts";
import type { StorageWord } from "../scene.ts";
import { MEDIUM_SECTORS, type Region } from "./world.ts";

/** How many steps back one can go. */
export const STEPS_MAX = 48;

/** What is read of a region at a time. */
const PIECE_SECTORS = 2048;

const STEP = /^step-(\d+)$/;

/** How often, and after how long, a medium that somebody has is tried again. */
const TRIES_MAX = 15;
const TRY_MS = 100;

/** Where a medium is. */
export interface MediumPlace {
  readonly name: string;
  readonly storage: StorageWord;
  /** The storage itself, where a word is not enough. */
  readonly diskStorage?: DiskStorage | undefined;
  readonly clock: Clock;
}

/** A disk with notes on it and steps behind it. */
export class Medium {
  /** Where it is kept. */
  readonly storage: StorageWord;
  readonly #disk: Disk;
  #log: ManifestLog;

  private constructor(disk: Disk, storage: StorageWord) {
    this.#disk = disk;
    this.storage = storage;
    this.#log = new ManifestLog(disk.device);
  }

  /**
   * Opens a medium, making it if there is none. The page before this one may still be going: it is
   * waited for a little.
   *
   * @param place Its name, what kind of storage it is in, the storage itself where the word is not
   * enough, and what is waited by.
   * @throws {BlockDeviceError} `EBUSY` when another page has it open.
   */
  static async open({ name, storage, diskStorage, clock }: MediumPlace): Promise<Medium> {
    for (let tries = 1;; tries++) {
      try {
        const place = { origin: MEDIUM_SECTORS, storage: diskStorage ?? storage };
        return new Medium(await Disk.open(name, place), storage);
      } catch (error) {
        if (codeOf(error) !== "EBUSY") throw error;
        if (tries === TRIES_MAX) {
          throw new BlockDeviceError(
            "EBUSY",
            `Cannot open what is kept in ${storage}: it is open elsewhere, maybe in another tab; ` +
              "close that one, and load this one again",
            { cause: error },
          );
        }
        await clock.sleep(TRY_MS);
      }
    }
  }

  /** The disk under everything, for those who name it. */
  get device(): BlockDevice {
    return this.#disk.device;
  }

  /**
   * A part of it as a device.
   *
   * @param name The device's name.
   * @param region Where it is.
   */
  region(name: string, { startSector, sectorCount }: Region): Promise<BlockDevice> {
    const deviceWord = () => "/dev/medium";
    const { device } = this;
    const target = () => createLinear({ device, startSector, sectorCount, deviceWord });
    return runAsync(planDevice(name, planned(target)));
  }

  /** Makes a part of it read as zeroes. */
  async clear({ startSector, sectorCount }: Region): Promise<void> {
    await this.device.writeZeroes(startSector, sectorCount);
  }

  /**
   * Reads what was written of a part of it.
   *
   * @param region Which part.
   * @param onPiece Told of its bytes, and where in the part they are.
   */
  async scan(
    { startSector, sectorCount }: Region,
    onPiece: (bytes: Uint8Array, sector: number) => void,
  ): Promise<void> {
    const end = startSector + sectorCount;
    for (const extent of await this.#disk.extents()) {
      const last = Math.min(end, extent.sector + extent.sectorCount);
      for (let at = Math.max(startSector, extent.sector); at < last; at += PIECE_SECTORS) {
        const bytes = new Uint8Array(Math.min(PIECE_SECTORS, last - at) * SECTOR_BYTES);
        await this.device.read(bytes, at);
        onPiece(bytes, at - startSector);
      }
    }
  }

  /** The newest notes; `null` on a new medium. */
  async readNotes(): Promise<string | null> {
    // A rollback changes what is there, editions included.
    this.#log = new ManifestLog(this.device);
    return await runAsync(this.#log.read());
  }

  /**
   * Replaces the notes, durably, and everything that was written before is durable then.
   *
   * @param text The new ones.
   */
  async writeNotes(text: string): Promise<void> {
    await this.device.flush();
    await runAsync(this.#log.write(text));
  }

  /** The numbers of the steps that are kept, oldest first. */
  get steps(): number[] {
    const numbers = this.#disk.snapshots.flatMap(({ name }) => {
      const [, number] = STEP.exec(name) ?? [];
      return number === undefined ? [] : [Number(number)];
    });
    return numbers.sort((a, b) => a - b);
  }

  /**
   * Keeps what there is as a step, in place of all steps from there on, and forgets the oldest.
   *
   * @param number The step's number.
   */
  async takeStep(number: number): Promise<void> {
    for (const each of this.steps) if (each >= number) await this.#disk.delete(`step-${each}`);
    await this.#disk.snapshot(`step-${number}`);
    for (const each of this.steps.slice(0, -STEPS_MAX)) await this.#disk.delete(`step-${each}`);
  }

  /**
   * Goes to a step, which must be kept. What there is now is lost, if it is no step.
   *
   * @param number The step's number.
   */
  async goTo(number: number): Promise<void> {
    await this.#disk.rollback(`step-${number}`);
  }

  /** Makes it as new. */
  async wipe(): Promise<void> {
    await this.#disk.rollback(null);
    for (const each of this.steps) await this.#disk.delete(`step-${each}`);
    this.#log = new ManifestLog(this.device);
  }

  /** Everything that is on it now. */
  pieces(): AsyncIterable<ImagePiece> {
    return this.#disk.pieces();
  }

  /**
   * Becomes what another one is now.
   *
   * @param other The other one.
   */
  async become(other: Medium): Promise<void> {
    await this.#disk.importPieces(other.pieces());
  }

  /** Verifies what can be verified without I/O. */
  check(): void {
    this.#disk.check();
  }

  /** Ends its use; what is stored stays. */
  close(): Promise<void> {
    return this.#disk.close();
  }
}
