/**
 * A trial: one fresh device, used through one of its faces, for one clause.
 *
 * Clauses speak to the trial in requests that are always promises; on the synchronous face the
 * request is performed at the call. Addresses stay aligned to the device's logical block: a clause
 * that counts in `unit`s works for every device.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type BlockDevice, isSyncDevice, type WriteOptions } from "../../block/device.ts";
import { SECTOR_BYTES } from "../../block/units.ts";
import type { DeviceFixture } from "../device_fixture.ts";
import { patternOf } from "../pattern.ts";
import type { Prng } from "../prng.ts";
import { verifySectors } from "../verify.ts";

/** Which methods of a device are used. */
export type Face = "asynchronous" | "synchronous";

/** A device under trial. */
export class Trial {
  /** The device; another one after {@linkcode Trial.reopen} or {@linkcode Trial.cutPower}. */
  device: BlockDevice;
  /** Chance, from the suite's seed. */
  readonly prng: Prng;
  readonly #fixture: DeviceFixture;
  readonly #face: Face;

  /**
   * A trial of a fixture's device.
   *
   * @param fixture The device and what can be done to it.
   * @param face Which methods are used.
   * @param prng Chance.
   */
  constructor(fixture: DeviceFixture, face: Face, prng: Prng) {
    this.device = fixture.device;
    this.prng = prng;
    this.#fixture = fixture;
    this.#face = face;
  }

  /** The device's size, in sectors. */
  get sectorCount(): number {
    return this.device.sectorCount;
  }

  /** The sectors that every address must be a multiple of. */
  get unit(): number {
    return this.device.limits.logicalSectors;
  }

  /** Reads into a buffer. */
  async readInto(target: Uint8Array, sector: number): Promise<void> {
    if (this.#face === "asynchronous") await this.device.read(target, sector);
    else this.#sync.readSync(target, sector);
  }

  /** Reads sectors into a new buffer that was full of something else. */
  async read(sector = 0, sectorCount = this.sectorCount - sector): Promise<Uint8Array> {
    const target = new Uint8Array(sectorCount * SECTOR_BYTES).fill(0xa5);
    await this.readInto(target, sector);
    return target;
  }

  /** Writes sectors. */
  async write(source: Uint8Array, sector: number, options?: WriteOptions): Promise<void> {
    if (this.#face === "asynchronous") await this.device.write(source, sector, options);
    else this.#sync.writeSync(source, sector, options);
  }

  /** Writes the pattern of sectors, and returns it. */
  async writePattern(
    seed: number,
    sector = 0,
    sectorCount = this.sectorCount - sector,
    options?: WriteOptions,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const source = patternOf(seed, sector, sectorCount);
    await this.write(source, sector, options);
    return source;
  }

  /** Makes sectors read as zeroes. */
  async writeZeroes(sector: number, sectorCount: number, options?: WriteOptions): Promise<void> {
    if (this.#face === "asynchronous") await this.device.writeZeroes(sector, sectorCount, options);
    else this.#sync.writeZeroesSync(sector, sectorCount, options);
  }

  /** Discards sectors. */
  async discard(sector: number, sectorCount: number): Promise<void> {
    if (this.#face === "asynchronous") await this.device.discard(sector, sectorCount);
    else this.#sync.discardSync(sector, sectorCount);
  }

  /** Makes what was written durable. */
  async flush(): Promise<void> {
    if (this.#face === "asynchronous") await this.device.flush();
    else this.#sync.flushSync();
  }

  /** Closes the device. */
  async close(): Promise<void> {
    if (this.#face === "asynchronous") await this.device.close();
    else this.#sync.closeSync();
  }

  /** Lets the device go out of the scope that it was declared in by `using` or `await using`. */
  async leaveScope(): Promise<void> {
    if (this.#face === "asynchronous") await this.device[Symbol.asyncDispose]();
    else this.#sync[Symbol.dispose]();
  }

  /** Demands that the device holds exactly these sectors. */
  async verifyHolds(expected: Uint8Array, what: string): Promise<void> {
    verifySectors(await this.read(), expected, 0, what);
  }

  /** Closes the device and opens it again. */
  async reopen(): Promise<void> {
    await this.close();
    this.device = await this.#power("reopen")();
  }

  /** Cuts the power under the device and opens what is left. */
  async cutPower(): Promise<void> {
    this.device = await this.#power("cutPower")();
  }

  /** Makes every later read of the medium fail. */
  failReads(): void {
    this.#power("failReads")();
  }

  get #sync() {
    if (isSyncDevice(this.device)) return this.device;
    throw new Error("the device has no synchronous face any more");
  }

  #power<Name extends "reopen" | "cutPower" | "failReads">(
    name: Name,
  ): NonNullable<DeviceFixture[Name]> {
    const power = this.#fixture[name];
    if (power === undefined) throw new Error(`the fixture has no ${name}`);
    return power.bind(this.#fixture) as NonNullable<DeviceFixture[Name]>;
  }
}
