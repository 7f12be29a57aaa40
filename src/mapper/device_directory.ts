/**
 * The device directory: which device a word means, and which word a device is printed as.
 *
 * | word | means |
 * |---|---|
 * | `254:16` | the device with this number |
 * | `/dev/mapper/snap` | the mapped device of this name |
 * | `/dev/dm-1` | the mapped device with this minor number |
 * | `/dev/vdb` | the disk of this name |
 * | `snap` | the mapped device of this name, or else the disk |
 *
 * Disks get their numbers from whoever adds them. Mapped devices have major number 253 and the
 * lowest minor that is free unless another is asked for, so they are numbered in order of creation.
 * A word leads to the same object as long as that is listed: targets tell devices apart by identity.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import type { MappedDevice } from "./mapped_device.ts";

/** The major number of mapped devices. */
const MAPPED_MAJOR = 253;

/** A device that is no mapped device. */
export interface Disk {
  /** The name under `/dev`, for example `vda`. */
  readonly name: string;
  /** `major:minor`, for example `254:0`. */
  readonly number: string;
  /** The device. The mapper uses it and never closes it. */
  readonly device: BlockDevice;
}

/** A mapped device with its name and number. */
export interface MappedEntry {
  /** The name under `/dev/mapper`. */
  readonly name: string;
  /** `253:minor`. */
  readonly number: string;
  /** The device. */
  readonly device: MappedDevice;
}

/** What is told of a mapped device. */
export interface MappedDeviceInfo {
  /** Its name. */
  readonly name: string;
  /** `major:minor`. */
  readonly number: string;
  /** Requests are held back. */
  readonly isSuspended: boolean;
  /** Its active table refuses writes. */
  readonly isReadOnly: boolean;
  /** How many targets the active table has; `null` without an active table. */
  readonly targetCount: number | null;
  /** A table waits to be made active. */
  readonly hasInactiveTable: boolean;
  /** How many other mapped devices use it. */
  readonly openCount: number;
  /** How many events there have been. */
  readonly eventNumber: number;
}

/** Finds devices by word and words by device. */
export class DeviceDirectory {
  readonly #disks = new Map<string, Disk>();
  readonly #mapped = new Map<string, MappedEntry>();
  readonly #byNumber = new Map<string, Disk | MappedEntry>();
  readonly #byDevice = new Map<BlockDevice, Disk | MappedEntry>();

  /**
   * Adds a disk.
   *
   * @param disk The disk.
   * @throws {TypeError} When its name or number is taken, or the number is none.
   */
  addDisk(disk: Disk): void {
    const { name, number } = disk;
    if (!/^\d+:\d+$/.test(number) || number.startsWith(`${MAPPED_MAJOR}:`)) {
      throw new TypeError(`Cannot number the disk "${name}" ${number}: want major:minor`);
    }
    if (this.#disks.has(name) || this.#byNumber.has(number)) {
      throw new TypeError(`Cannot add the disk "${name}" as ${number}: one of the two is taken`);
    }
    this.#disks.set(name, disk);
    this.#index(disk);
  }

  #index(entry: Disk | MappedEntry): void {
    this.#byNumber.set(entry.number, entry);
    this.#byDevice.set(entry.device, entry);
  }

  /**
   * Takes a disk out; its name and number become free.
   *
   * @param disk The disk.
   */
  removeDisk(disk: Disk): void {
    this.#disks.delete(disk.name);
    this.#byNumber.delete(disk.number);
    this.#byDevice.delete(disk.device);
  }

  /**
   * Whether a mapped device can have a number.
   *
   * @param minor The part of it behind the colon.
   */
  isFreeMinor(minor: number): boolean {
    return !this.#byNumber.has(`${MAPPED_MAJOR}:${minor}`);
  }

  #lowestFreeMinor(): number {
    let minor = 0;
    while (!this.isFreeMinor(minor)) minor++;
    return minor;
  }

  /**
   * Adds a mapped device and numbers it.
   *
   * @param name Its name, which must be free.
   * @param device The device.
   * @param minor The part of its number behind the colon, which must be free.
   * @returns The two and its number.
   */
  addMapped(name: string, device: MappedDevice, minor = this.#lowestFreeMinor()): MappedEntry {
    const entry = { name, number: `${MAPPED_MAJOR}:${minor}`, device };
    this.#mapped.set(name, entry);
    this.#index(entry);
    return entry;
  }

  /**
   * Changes the name of a mapped device.
   *
   * @param entry The mapped device.
   * @param name The new name, which must be free.
   */
  renameMapped(entry: MappedEntry, name: string): void {
    this.#mapped.delete(entry.name);
    const renamed = { ...entry, name };
    this.#mapped.set(name, renamed);
    this.#index(renamed);
  }

  /**
   * Forgets a mapped device; its name and number become free.
   *
   * @param entry The mapped device.
   */
  removeMapped(entry: MappedEntry): void {
    this.#mapped.delete(entry.name);
    this.#byNumber.delete(entry.number);
    this.#byDevice.delete(entry.device);
  }

  /** The mapped devices, sorted by name. */
  get mapped(): MappedEntry[] {
    return [...this.#mapped.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** The disks, in the order added. */
  get disks(): Disk[] {
    return [...this.#disks.values()];
  }

  #find(word: string): Disk | MappedEntry | undefined {
    if (/^\d+:\d+$/.test(word)) return this.#byNumber.get(word);
    const path = /^\/dev\/(mapper\/)?(.+)$/.exec(word);
    if (path === null) return this.#mapped.get(word) ?? this.#disks.get(word);
    const [, folder, name = ""] = path;
    if (folder !== undefined) return this.#mapped.get(name);
    const minor = /^dm-(\d+)$/.exec(name)?.[1];
    return this.#byNumber.get(`${MAPPED_MAJOR}:${minor}`) ?? this.#disks.get(name);
  }

  /**
   * The device that a word means.
   *
   * @param word See the module's head.
   * @returns The device, if there is one.
   */
  find(word: string): BlockDevice | undefined {
    return this.#find(word)?.device;
  }

  /**
   * The mapped device that a word means.
   *
   * @param word See the module's head.
   * @returns The mapped device, if there is one.
   */
  findMapped(word: string): MappedEntry | undefined {
    const name = this.#find(word)?.name;
    const entry = name === undefined ? undefined : this.#mapped.get(name);
    return entry?.device === this.find(word) ? entry : undefined;
  }

  /**
   * The mapped devices whose tables, active or not, use a device.
   *
   * @param device The device below.
   */
  usersOf(device: BlockDevice): MappedEntry[] {
    return this.mapped.filter((entry) => {
      const { activeTargets, inactiveTargets } = entry.device;
      return [...activeTargets ?? [], ...inactiveTargets ?? []].some((target) =>
        target.devices.includes(device)
      );
    });
  }

  /**
   * What is known of a mapped device.
   *
   * @param entry The mapped device.
   */
  infoOf({ name, number, device }: MappedEntry): MappedDeviceInfo {
    return {
      name,
      number,
      isSuspended: device.isSuspended,
      isReadOnly: device.activeTargets !== null && !device.supports.write,
      targetCount: device.activeTargets?.length ?? null,
      hasInactiveTable: device.inactiveTargets !== null,
      openCount: this.usersOf(device).length,
      eventNumber: device.eventNumber,
    };
  }

  /**
   * Whether a device is another, or lies on it through tables.
   *
   * @param device The device.
   * @param below The other.
   */
  liesOn(device: BlockDevice, below: BlockDevice): boolean {
    if (device === below) return true;
    return this.usersOf(below).some((user) => this.liesOn(device, user.device));
  }

  /**
   * A device as table lines name it.
   *
   * @param device The device.
   * @returns `major:minor`, or its name when it is not listed here.
   */
  numberOf(device: BlockDevice): string {
    return this.#byDevice.get(device)?.number ?? device.name;
  }

  /**
   * A device as the kernel's log names it.
   *
   * @param device The device.
   * @returns For example `vda` or `dm-1`.
   */
  kernelNameOf(device: BlockDevice): string {
    const entry = this.#byDevice.get(device);
    if (entry === undefined) return device.name;
    const [major, minor] = entry.number.split(":");
    return major === String(MAPPED_MAJOR) ? `dm-${minor}` : entry.name;
  }
}
