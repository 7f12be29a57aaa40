/**
 * The edge of a device: every request is checked here, once, before anything happens.
 *
 * Sizes, counts and offsets from outside are hostile until they have been through an {@linkcode Edge}.
 * Layers below it receive exactly valid arguments.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { DeviceLimits, DeviceSupports } from "./device.ts";
import { BlockDeviceError } from "./errors.ts";
import { isAligned, SECTOR_BYTES } from "./units.ts";

/** What a device's requests are checked against. */
export interface DeviceFacts {
  /** A name for people. */
  readonly name: string;
  /** The size, in sectors; asked for at every request. */
  readonly sectorCount: number;
  /** Sizes that requests must keep to. Default: single sectors. */
  readonly limits?: Partial<DeviceLimits>;
  /** What the device can do. */
  readonly supports: Omit<DeviceSupports, "sync">;
}

/** Checks requests against the facts of a device. */
export class Edge {
  readonly #device: DeviceFacts;
  #isClosed = false;

  /**
   * An edge for a device.
   *
   * @param device What is checked against. It is asked at every request, and not before the first:
   * a mapped device's size and limits are those of its table.
   */
  constructor(device: DeviceFacts) {
    this.#device = device;
  }

  /**
   * Checks a range of sectors.
   *
   * @param verb The request, for the message.
   * @param sector The first sector.
   * @param sectorCount How many; may be a fraction, which is refused.
   * @throws {BlockDeviceError} `ESHUTDOWN`, or `EINVAL` when misaligned or out of range.
   */
  range(verb: string, sector: number, sectorCount: number): void {
    const unit = this.#logicalSectors;
    if (
      !this.#isClosed && Number.isSafeInteger(sector) && Number.isSafeInteger(sectorCount) &&
      sector >= 0 && sectorCount >= 0 && sector + sectorCount <= this.#device.sectorCount &&
      (unit === 1 || (isAligned(sector, unit) && isAligned(sectorCount, unit)))
    ) return;
    this.#refuse(verb, sector, sectorCount);
  }

  /**
   * Checks a write-class request.
   *
   * @param verb The request, for the message.
   * @param sector The first sector.
   * @param sectorCount How many.
   * @throws {BlockDeviceError} As {@linkcode range}, and `EROFS` on a read-only device.
   */
  writeRange(verb: string, sector: number, sectorCount: number): void {
    this.range(verb, sector, sectorCount);
    if (!this.#device.supports.write) {
      throw this.#error("EROFS", `${verb} on "${this.#device.name}": it is read-only`);
    }
  }

  /**
   * Checks a discard.
   *
   * @param sector The first sector.
   * @param sectorCount How many.
   * @throws {BlockDeviceError} As {@linkcode writeRange}, and `ENOTSUP`.
   */
  discardRange(sector: number, sectorCount: number): void {
    this.writeRange("discard", sector, sectorCount);
    if (!this.#device.supports.discard) {
      throw this.#error("ENOTSUP", `discard on "${this.#device.name}": it does not support that`);
    }
  }

  /**
   * Checks that the device is open.
   *
   * @param verb The request, for the message.
   * @throws {BlockDeviceError} `ESHUTDOWN`.
   */
  open(verb: string): void {
    if (this.#isClosed) {
      throw this.#error("ESHUTDOWN", `${verb} on "${this.#device.name}": it is closed`);
    }
  }

  /**
   * Marks the device closed.
   *
   * @returns Whether it was open.
   */
  close(): boolean {
    const wasOpen = !this.#isClosed;
    this.#isClosed = true;
    return wasOpen;
  }

  get #logicalSectors(): number {
    return this.#device.limits?.logicalSectors ?? 1;
  }

  #error(code: "ESHUTDOWN" | "EINVAL" | "EROFS" | "ENOTSUP", what: string): BlockDeviceError {
    return new BlockDeviceError(code, `Cannot ${what}`, { device: this.#device.name });
  }

  #refuse(verb: string, sector: number, sectorCount: number): never {
    this.open(verb);
    const { name, sectorCount: size } = this.#device;
    const request = `Cannot ${verb} ${sectorCount} sectors at sector ${sector} of "${name}"`;
    const unit = this.#logicalSectors;
    let why = `the device ends at sector ${size}`;
    if (!Number.isSafeInteger(sectorCount)) {
      why = `want a whole number of sectors, have ${sectorCount * SECTOR_BYTES} bytes`;
    } else if (!Number.isSafeInteger(sector) || sector < 0 || sectorCount < 0) {
      why = "want whole numbers that are not negative";
    } else if (sector + sectorCount <= size) {
      why = `want multiples of ${unit} sectors, the device's logical block`;
    }
    throw new BlockDeviceError("EINVAL", `${request}: ${why}`, {
      device: name,
      sector,
      sectorCount,
    });
  }
}
