/**
 * A simulated disk: does to its users whatever a real one may do, as a seed decides.
 *
 * - Its cache is volatile. {@linkcode SimulatedDisk.afterCut} tells what may be found after a loss of
 *   power *now*: unflushed writes kept, dropped or torn by sector, in any order. It changes nothing, so
 *   one run can be cut at every step, and each step in many ways.
 * - Under the seeded runner a request is more than one step: a long write lands in two parts, either
 *   one first; that a flush or a durable write has reached the medium is a step after the landing. A
 *   reader, another writer or the cut may come between.
 * - A flush makes durable what had been answered before it began, and nothing else.
 * - Sectors can be broken, for reads or for writes. A write that meets one fails, and some of the
 *   others may have landed all the same. A write that succeeds makes its sectors readable again, as a
 *   drive's firmware does.
 *
 * With the synchronous and the asynchronous face a request is one step, and the cache just as
 * volatile.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { checked, type SyncImplementation } from "../block/checked.ts";
import type { DeviceLimits, DeviceSupports, WriteOptions } from "../block/device.ts";
import type { SyncBlockDevice } from "../block/device.ts";
import { Edge } from "../block/edge.ts";
import { BlockDeviceError } from "../block/errors.ts";
import { flushStep, type Plan, type PlannedDevice, type Step, writeStep } from "../block/plan.ts";
import { SECTOR_BYTES } from "../block/units.ts";
import { Prng } from "./prng.ts";
import { type CutManner, VolatileSectors, type VolatileWrite } from "./volatile_sectors.ts";

/** What a simulated disk is made from. */
export interface SimulatedDiskOptions {
  /** A name for people. */
  readonly name?: string;
  /** How many sectors of zeroes. */
  readonly sectorCount?: number;
  /** What it holds instead, durably. Copied. */
  readonly bytes?: Uint8Array;
  /** Sectors in a logical block, which a loss of power still tears. Default 1. */
  readonly logicalSectors?: number;
  /** What the order of parts follows from. Default 0. */
  readonly seed?: string | number;
}

const NOTHING: SyncImplementation = {
  name: "",
  sectorCount: 0,
  supports: { write: false, discard: false, discardZeroes: false, permanence: false },
  readSync() {},
  writeSync() {},
  flushSync() {},
  closeSync() {},
};

/**
 * A disk whose cache, order and surface are a seed's to decide.
 *
 * @example What was flushed outlives a loss of power
 * ```ts
 * import { Prng, SimulatedDisk } from "cowdisk/testing";
 * import { equal } from "node:assert/strict";
 *
 * const disk = new SimulatedDisk({ sectorCount: 2 });
 * disk.writeSync(new Uint8Array(512).fill(1), 0);
 * disk.flushSync();
 * disk.writeSync(new Uint8Array(512).fill(2), 1);
 *
 * const after = disk.afterCut(Prng.fromSeed("unlucky"), "nothing");
 * equal(after.contents()[0], 1);
 * equal(after.contents()[512], 0);
 * equal(disk.contents()[512], 2); // It goes on as if nothing had happened.
 * ```
 */
export class SimulatedDisk implements SyncBlockDevice, PlannedDevice {
  readonly name: string;
  readonly #sectors: VolatileSectors;
  readonly #edge = new Edge(this);
  readonly #prng: Prng;
  readonly #logicalSectors: number;
  /** What leaf steps are addressed to. */
  readonly #wire: SyncBlockDevice;
  /** What takes time and does nothing: the plan itself settles, once it hears of the end. */
  readonly #medium: SyncBlockDevice;
  /** Which write a part on the wire belongs to. */
  readonly #underWay = new Map<Uint8Array, VolatileWrite>();
  readonly #unreadable = new Set<number>();
  readonly #unwritable = new Set<number>();

  /**
   * A disk.
   *
   * @param options Its size or contents.
   */
  constructor(options: SimulatedDiskOptions) {
    const { name = "disk", sectorCount = 0, bytes, logicalSectors = 1, seed = 0 } = options;
    this.name = name;
    this.#sectors = new VolatileSectors(
      bytes?.slice() ?? new Uint8Array(sectorCount * SECTOR_BYTES),
    );
    this.#prng = Prng.fromSeed(`${seed}/${name}`);
    this.#logicalSectors = logicalSectors;
    this.#wire = checked({
      name,
      sectorCount: this.#sectors.sectorCount,
      limits: { logicalSectors },
      supports: { write: true, discard: true, discardZeroes: true, permanence: true },
      readSync: (target, sector) => this.#read(target, sector),
      writeSync: (source, sector, fua) => this.#land(source, sector, fua),
      discardSync: (sector, count) =>
        this.#land(new Uint8Array(count * SECTOR_BYTES), sector, false),
      flushSync: () => this.#sectors.settle(this.#sectors.now()),
      closeSync() {},
    });
    this.#medium = checked({ ...NOTHING, name });
  }

  // What it is.

  get sectorCount(): number {
    return this.#sectors.sectorCount;
  }

  get limits(): DeviceLimits {
    return this.#wire.limits;
  }

  get supports(): DeviceSupports {
    return this.#wire.supports;
  }

  /** How many sectors have a content that a cut could take away. */
  get volatileCount(): number {
    return this.#sectors.volatileCount;
  }

  // The simulation.

  /**
   * A disk as it may be found after a loss of power now. This one goes on as if nothing had happened.
   *
   * @param prng Decides what is kept.
   * @param manner How much is kept. Default: drawn.
   * @returns Another disk, with nothing in its cache; broken sectors stay broken.
   */
  afterCut(prng: Prng, manner?: CutManner): SimulatedDisk {
    const disk = new SimulatedDisk({
      name: this.name,
      bytes: this.#sectors.afterCut(prng, manner),
      logicalSectors: this.#logicalSectors,
      seed: prng.uint32(),
    });
    for (const sector of this.#unreadable) disk.#unreadable.add(sector);
    for (const sector of this.#unwritable) disk.#unwritable.add(sector);
    return disk;
  }

  /**
   * Breaks sectors, or mends them.
   *
   * @param sector The first sector.
   * @param sectorCount How many.
   * @param fails Which requests fail from now on.
   */
  breakSectors(
    sector: number,
    sectorCount: number,
    fails: { readonly reads: boolean; readonly writes: boolean },
  ): void {
    for (let number = sector; number < sector + sectorCount; number++) {
      if (fails.reads) this.#unreadable.add(number);
      else this.#unreadable.delete(number);
      if (fails.writes) this.#unwritable.add(number);
      else this.#unwritable.delete(number);
    }
  }

  /** All contents, as reads see them now; broken sectors as well. */
  contents(): Uint8Array {
    const bytes = new Uint8Array(this.sectorCount * SECTOR_BYTES);
    this.#sectors.read(bytes, 0);
    return bytes;
  }

  *planStep(step: Step): Plan {
    switch (step.kind) {
      case "write":
        this.#edge.writeRange("write", step.sector, step.source.byteLength / SECTOR_BYTES);
        return yield* this.#write(step.source.slice(), step.sector, step.fua);
      case "zero":
        this.#edge.writeRange("write zeroes to", step.sector, step.sectorCount);
        return yield* this.#write(
          new Uint8Array(step.sectorCount * SECTOR_BYTES),
          step.sector,
          step.fua,
        );
      case "flush": {
        this.#edge.open("flush");
        const moment = this.#sectors.now();
        yield flushStep(this.#medium);
        return this.#sectors.settle(moment);
      }
      case "read":
      case "discard":
        yield { ...step, device: this.#wire };
        return;
      default:
        throw new TypeError(`A ${step.kind} step is not addressed to a device`);
    }
  }

  // The faces.

  readSync(target: Uint8Array, sector: number): void {
    this.#wire.readSync(target, sector);
  }

  writeSync(source: Uint8Array, sector: number, options?: WriteOptions): void {
    this.#wire.writeSync(source, sector, options);
  }

  writeZeroesSync(sector: number, sectorCount: number, options?: WriteOptions): void {
    this.#wire.writeZeroesSync(sector, sectorCount, options);
  }

  discardSync(sector: number, sectorCount: number): void {
    this.#wire.discardSync(sector, sectorCount);
  }

  flushSync(): void {
    this.#wire.flushSync();
  }

  closeSync(): void {
    this.#edge.close();
    this.#wire.closeSync();
  }

  read(target: Uint8Array, sector: number): Promise<void> {
    return this.#wire.read(target, sector);
  }

  write(source: Uint8Array, sector: number, options?: WriteOptions): Promise<void> {
    return this.#wire.write(source, sector, options);
  }

  writeZeroes(sector: number, sectorCount: number, options?: WriteOptions): Promise<void> {
    return this.#wire.writeZeroes(sector, sectorCount, options);
  }

  discard(sector: number, sectorCount: number): Promise<void> {
    return this.#wire.discard(sector, sectorCount);
  }

  flush(): Promise<void> {
    return this.#wire.flush();
  }

  close(): Promise<void> {
    this.#edge.close();
    return this.#wire.close();
  }

  /** As {@linkcode closeSync}. */
  [Symbol.dispose](): void {
    this.closeSync();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  *#write(bytes: Uint8Array, sector: number, fua: boolean): Plan {
    const write: VolatileWrite = { answeredAt: Infinity };
    for (const [start, end] of this.#partsOf(bytes.length / SECTOR_BYTES)) {
      const part = bytes.subarray(start * SECTOR_BYTES, end * SECTOR_BYTES);
      this.#underWay.set(part, write);
      try {
        yield writeStep(this.#wire, part, sector + start);
      } finally {
        this.#underWay.delete(part);
      }
    }
    if (fua) {
      yield flushStep(this.#medium);
      this.#sectors.settleWrite(write, sector, bytes.length / SECTOR_BYTES);
    }
    write.answeredAt = this.#sectors.now();
  }

  /** One part, or two in either order, cut between logical blocks. */
  #partsOf(sectorCount: number): [number, number][] {
    const blockCount = sectorCount / this.#logicalSectors;
    if (blockCount < 2 || this.#prng.bool()) return [[0, sectorCount]];
    const cut = this.#prng.intBetween(1, blockCount - 1) * this.#logicalSectors;
    return this.#prng.shuffle<[number, number]>([[0, cut], [cut, sectorCount]]);
  }

  #read(target: Uint8Array, sector: number): void {
    this.#requireWhole("read", this.#unreadable, sector, target.length / SECTOR_BYTES);
    this.#sectors.read(target, sector);
  }

  /** Puts what arrives on the wire into the cache. */
  #land(source: Uint8Array, sector: number, fua: boolean): void {
    const write = this.#underWay.get(source) ?? { answeredAt: Infinity };
    const sectorCount = source.length / SECTOR_BYTES;
    try {
      this.#requireWhole("write", this.#unwritable, sector, sectorCount);
    } catch (error) {
      this.#landSome(write, source, sector);
      throw error;
    }
    this.#sectors.land(write, source, sector);
    for (let each = sector; each < sector + sectorCount; each++) this.#unreadable.delete(each);
    if (this.#underWay.has(source)) return;
    if (fua) this.#sectors.settleWrite(write, sector, sectorCount);
    write.answeredAt = this.#sectors.now();
  }

  /** Of a write that fails, any sector that can be written may have been. */
  #landSome(write: VolatileWrite, source: Uint8Array, sector: number): void {
    for (let at = 0; at < source.length; at += SECTOR_BYTES) {
      const number = sector + at / SECTOR_BYTES;
      if (this.#unwritable.has(number) || this.#prng.bool()) continue;
      this.#sectors.land(write, source.subarray(at, at + SECTOR_BYTES), number);
      this.#unreadable.delete(number);
    }
  }

  #requireWhole(verb: string, broken: Set<number>, sector: number, sectorCount: number): void {
    if (broken.size === 0) return;
    for (let number = sector; number < sector + sectorCount; number++) {
      if (!broken.has(number)) continue;
      throw new BlockDeviceError(
        "EIO",
        `Cannot ${verb} ${sectorCount} sectors at sector ${sector} of "${this.name}": ` +
          `sector ${number} is broken`,
        { device: this.name, sector, sectorCount },
      );
    }
  }
}
