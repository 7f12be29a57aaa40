/**
 * The stack: a real `Mapper` over the devices of a world. Its tables are what one would type:
 *
 *     origin:  0 512 snapshot-origin /dev/disk
 *     monday:  0 512 snapshot /dev/disk /dev/monday-cow P 8
 *
 * It is opened from what the world says, and knows nothing else: so loading a page, plugging in and
 * going back in time are one and the same. A merge puts `snapshot-merge` in the place of
 * `snapshot-origin`, as LVM does, and takes it out again when it has ended.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import {
  BlockDeviceError,
  dmsetup,
  type DmsetupResult,
  type ExceptionTable,
  Mapper,
  type SnapshotView,
} from "../../../src/mod.ts";
import { type Devices, DISK_NAME } from "./devices.ts";
import { cowName, type SnapshotFacts, SPARE_AREA_SECTORS, type World } from "./world.ts";

/** The device that visitors write to. */
export const ORIGIN_NAME = "origin";
/** What is between the disk and the origin once there are bad blocks. */
export const SPARES_NAME = "origin-bbr";

/** The most blocks that one sector of a bad-block table can relocate. */
const SPARES_MAX = 31;

/** `bbr <device> <start> <table> <table> <sectors> <first spare> <spares> <block bytes>` */
function sparesLine({ origin: { sectorCount, chunkSectors } }: World): string {
  const spareSector = sectorCount + Math.max(8, chunkSectors);
  const room = sectorCount + SPARE_AREA_SECTORS - spareSector;
  const spares = Math.min(SPARES_MAX, Math.floor(room / chunkSectors));
  const tables = `${sectorCount} ${sectorCount + 1} 1`;
  const line = `bbr /dev/${DISK_NAME} 0 ${tables} ${spareSector} ${spares} ${chunkSectors * 512}`;
  return `0 ${sectorCount} ${line}`;
}

/** Mapped devices, and the verbs that change them. */
export class Stack {
  readonly #world: World;
  readonly #mapper: Mapper;
  /** COW devices' numbers, by name. */
  readonly #numbers = new Map<string, string>();
  #cowCount = 0;

  private constructor(world: World, devices: Devices) {
    this.#world = world;
    this.#mapper = new Mapper();
    this.#mapper.addDisk({ name: DISK_NAME, number: "254:0", device: devices.disk.device });
  }

  /**
   * Opens a world's stack. A merge that was going on goes on at once.
   *
   * @param world The world.
   * @param devices Its devices.
   */
  static async open(world: World, devices: Devices): Promise<Stack> {
    const stack = new Stack(world, devices);
    try {
      if (world.origin.hasSpares) await stack.#mapper.create(SPARES_NAME, sparesLine(world));
      const merging = world.snapshots.find(({ merge }) => merge === "going on");
      for (const each of world.snapshots) {
        stack.#addCow(each, devices);
        if (each !== merging) await stack.#create(each);
      }
      const line = merging === undefined ? stack.#originLine() : stack.#mergeLine(merging);
      await stack.#mapper.create(ORIGIN_NAME, line);
      return stack;
    } catch (error) {
      await stack.close();
      throw error;
    }
  }

  /** What requests go to. */
  get mapper(): Mapper {
    return this.#mapper;
  }

  /**
   * Makes a snapshot on a COW device.
   *
   * @param snapshot What it is to be.
   * @param devices Where its COW device is.
   */
  async add(snapshot: SnapshotFacts, devices: Devices): Promise<void> {
    this.#addCow(snapshot, devices);
    await this.#create(snapshot);
  }

  /** Ends a snapshot; its COW device stays as it is. */
  async remove(name: string): Promise<void> {
    await this.#mapper.remove(name);
  }

  /** Opens a snapshot again that was ended, on the same COW device. */
  async reopen(snapshot: SnapshotFacts): Promise<void> {
    await this.#create(snapshot);
  }

  /**
   * Begins to fold a snapshot back, or goes on with that. Its own device ends; the origin shows it from
   * now on.
   *
   * @param snapshot The snapshot.
   */
  async beginMerge(snapshot: SnapshotFacts): Promise<void> {
    if (this.#mapper.names.includes(snapshot.name)) await this.#mapper.remove(snapshot.name);
    await this.#mapper.load(ORIGIN_NAME, this.#mergeLine(snapshot));
    await this.#mapper.resume(ORIGIN_NAME);
  }

  /**
   * Waits for a merge, and takes it out of the table.
   *
   * @param snapshot The snapshot.
   * @throws {BlockDeviceError} `EIO` when it has failed.
   */
  async endMerge(snapshot: SnapshotFacts): Promise<void> {
    const table = this.tableOf(ORIGIN_NAME);
    for (let event = 0; table !== null;) {
      if (this.statusWords(ORIGIN_NAME) === "Merge failed") {
        throw new BlockDeviceError("EIO", `Cannot go on merging ${snapshot.name}`);
      }
      if (table.exceptionCount === 0 || !table.isValid) break;
      event = await this.#mapper.wait(ORIGIN_NAME, event);
    }
    await this.#mapper.load(ORIGIN_NAME, this.#originLine());
    await this.#mapper.resume(ORIGIN_NAME);
    await this.#create(snapshot);
  }

  /**
   * The exceptions behind a device.
   *
   * @param name A mapped device.
   * @returns They; `null` when the device is no snapshot or not there.
   */
  tableOf(name: string): ExceptionTable | null {
    if (!this.#mapper.names.includes(name)) return null;
    const [target] = this.#mapper.device(name).activeTargets ?? [];
    if (target === undefined || !target.type.startsWith("snapshot")) return null;
    return (target as SnapshotView).exceptions ?? null;
  }

  /** dm's table of a device, or nothing. */
  tableLine(name: string): string {
    return this.#mapper.names.includes(name) ? this.#mapper.table(name).join("\n") : "";
  }

  /** dm's status of a device, or nothing. */
  statusLine(name: string): string {
    return this.#mapper.names.includes(name) ? this.#mapper.status(name).join("\n") : "";
  }

  /** What a status line says behind the target's type. */
  statusWords(name: string): string {
    return this.statusLine(name).split(" ").slice(3).join(" ");
  }

  /** What the bad-block target says of blocks that live elsewhere, line by line. */
  relocations(): string[] {
    return this.#mapper.message(SPARES_NAME, 0, ["list"]).split("\n");
  }

  /** Does what dmsetup would do. */
  dm(words: readonly string[]): Promise<DmsetupResult> {
    return dmsetup(this.#mapper, words);
  }

  /** Verifies what can be verified without I/O. */
  check(): void {
    for (const name of this.#mapper.names) this.tableOf(name)?.check();
  }

  /** Ends all devices. What cannot be written any more is not. */
  close(): Promise<void> {
    return this.#mapper.removeAll();
  }

  #addCow(snapshot: SnapshotFacts, devices: Devices): void {
    const name = cowName(snapshot);
    // The mapper remembers disks that are gone: a number, and for a while a name, is used once.
    const number = `254:${16 * ++this.#cowCount}`;
    this.#mapper.addDisk({ name: this.#wordOf(name), number, device: devices.get(name).device });
    this.#numbers.set(name, number);
  }

  /** A name for a disk that the mapper does not have yet. */
  #wordOf(name: string): string {
    let word = name;
    for (let count = 2; this.#mapper.find(`/dev/${word}`) !== undefined; count++) {
      word = `${name}-${count}`;
    }
    return word;
  }

  async #create(snapshot: SnapshotFacts): Promise<void> {
    await this.#mapper.create(snapshot.name, this.#snapshotLine("snapshot", snapshot));
  }

  get #diskWord(): string {
    return this.#world.origin.hasSpares ? `/dev/mapper/${SPARES_NAME}` : `/dev/${DISK_NAME}`;
  }

  #originLine(): string {
    return `0 ${this.#world.origin.sectorCount} snapshot-origin ${this.#diskWord}`;
  }

  #mergeLine(snapshot: SnapshotFacts): string {
    return this.#snapshotLine("snapshot-merge", snapshot);
  }

  #snapshotLine(type: string, snapshot: SnapshotFacts): string {
    const { store, chunkSectors, isCache } = snapshot;
    const number = this.#numbers.get(cowName(snapshot)) ?? "";
    const features = isCache ? " 1 copy_on_read" : "";
    const rest = `${this.#diskWord} ${number} ${store} ${chunkSectors}${features}`;
    return `0 ${this.#world.origin.sectorCount} ${type} ${rest}`;
  }
}
