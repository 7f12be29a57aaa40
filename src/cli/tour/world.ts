/**
 * The tour's small world: a disk in memory, its snapshots, and beside each of them a plain array that
 * is told the same story, by which every view is judged.
 *
 * @module
 */

import { sectorsToBytes } from "../../block/units.ts";
import { createMemoryDevice, type MemoryDevice } from "../../devices/memory.ts";
import { xxh3 } from "../../kernel/mod.ts";
import type { MappedDevice } from "../../mapper/mapped_device.ts";
import { openMerge, openOrigin, openSnapshotSync } from "../../mapper/stack.ts";

/** Sectors of the tour's disk: 16 MiB. */
export const DISK_SECTORS = 32768;

/** One device of the tour. */
interface Actor {
  device: MappedDevice;
  /** What it ought to show. */
  readonly expected: Uint8Array;
}

interface Snapshot extends Actor {
  readonly cow: MemoryDevice;
  readonly chunkSectors: number;
}

/** How a device's view compares with what it ought to be. */
export interface Verdict {
  /** XXH3 of every byte the device shows. */
  readonly hash: string;
  /** Whether it is the hash of what was expected. */
  readonly isRight: boolean;
}

/** Fills bytes so that no two sectors look alike. */
function fillNotes(bytes: Uint8Array, note: number): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  for (let index = 0; index < words.length; index++) {
    words[index] = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(note + 1, 0x85ebca6b);
  }
}

/** The disk, its snapshots, and what each of them ought to show. */
export class TourWorld implements Disposable {
  readonly #disk: MemoryDevice;
  readonly #origin: Actor;
  readonly #snapshots = new Map<string, Snapshot>();
  #notes = 0;

  /** A disk full of notes, opened as an origin. */
  constructor() {
    const expected = new Uint8Array(sectorsToBytes(DISK_SECTORS));
    fillNotes(expected, this.#notes++);
    this.#disk = createMemoryDevice({ sectorCount: DISK_SECTORS, name: "disk", content: expected });
    this.#origin = { device: openOrigin(this.#disk, "origin"), expected };
  }

  /** Every device that is open, by name. */
  get devices(): ReadonlyMap<string, MappedDevice> {
    const devices = new Map([["origin", this.#origin.device]]);
    for (const [name, { device }] of this.#snapshots) devices.set(name, device);
    return devices;
  }

  /** Sectors that the snapshots' images take, of which nothing is data until something is written. */
  get copiedSectors(): number {
    let sectorCount = 0;
    for (const { device } of this.#snapshots.values()) {
      const usage = /^(\d+)\/\d+ (\d+)$/.exec(device.activeTargets?.[0]?.status() ?? "");
      sectorCount += Number(usage?.[1] ?? 0) - Number(usage?.[2] ?? 0);
    }
    return sectorCount;
  }

  /**
   * Takes a snapshot of the disk as it is now.
   *
   * @param name Its name.
   * @param chunkSectors Its unit of copy-on-write.
   */
  take(name: string, chunkSectors: number): void {
    const cow = createMemoryDevice({ sectorCount: DISK_SECTORS, name: `${name}-cow` });
    const expected = this.#origin.expected.slice();
    this.#snapshots.set(name, {
      device: this.#open(name, cow, chunkSectors),
      cow,
      chunkSectors,
      expected,
    });
  }

  /**
   * Writes a new note.
   *
   * @param name Where: `origin` or a snapshot.
   * @param sector The first sector.
   * @param sectorCount How long it is.
   */
  write(name: string, sector: number, sectorCount: number): void {
    const { device, expected } = this.#actor(name);
    const note = expected.subarray(sectorsToBytes(sector), sectorsToBytes(sector + sectorCount));
    fillNotes(note, this.#notes++);
    device.writeSync(note, sector);
  }

  /**
   * Folds a snapshot back into the disk, and takes it up again, empty.
   *
   * @param name The snapshot.
   */
  async merge(name: string): Promise<void> {
    const snapshot = this.#snapshot(name);
    snapshot.device.closeSync();
    const { cow } = snapshot;
    const { device, merged } = await openMerge({ origin: this.#disk, cow, name });
    await merged;
    await device.close();
    this.#origin.expected.set(snapshot.expected);
    snapshot.device = this.#open(name, cow, snapshot.chunkSectors);
  }

  /**
   * Closes a snapshot and opens it again from its image.
   *
   * @param name The snapshot.
   */
  reopen(name: string): void {
    const snapshot = this.#snapshot(name);
    snapshot.device.closeSync();
    snapshot.device = this.#open(name, snapshot.cow, snapshot.chunkSectors);
  }

  /**
   * Reads all that a device shows, and compares it with what it ought to show.
   *
   * @param name The device.
   * @returns How it compares.
   */
  judge(name: string): Verdict {
    const { device, expected } = this.#actor(name);
    const view = new Uint8Array(expected.length);
    device.readSync(view, 0);
    const hash = xxh3(view);
    return { hash: hash.toString(16).padStart(16, "0"), isRight: hash === xxh3(expected) };
  }

  [Symbol.dispose](): void {
    for (const device of this.devices.values()) device.closeSync();
    for (const { cow } of this.#snapshots.values()) cow.closeSync();
    this.#disk.closeSync();
  }

  #open(name: string, cow: MemoryDevice, chunkSectors: number): MappedDevice {
    return openSnapshotSync({ origin: this.#disk, cow, name, chunkSectors });
  }

  #actor(name: string): Actor {
    return name === "origin" ? this.#origin : this.#snapshot(name);
  }

  #snapshot(name: string): Snapshot {
    const snapshot = this.#snapshots.get(name);
    if (snapshot === undefined) throw new RangeError(`There is no snapshot "${name}"`);
    return snapshot;
  }
}
