/**
 * The recorded machine: disks, a mapper over them, the kernel's log, and a trace of the disks.
 *
 * A machine lives from power-on to power-off; the disks outlive it.
 */
import type { BlockDevice } from "../../src/block/device.ts";
import { type Plan, readStep } from "../../src/block/plan.ts";
import { bytesToSectors, divCeil, SECTOR_BYTES, sectorsToBytes } from "../../src/block/units.ts";
import { type DmsetupResult, planDmsetup } from "../../src/mapper/dmsetup/dmsetup.ts";
import { Mapper } from "../../src/mapper/mapper.ts";
import type { MapperVerbs } from "../../src/mapper/mapper_plans.ts";
import type { TargetType } from "../../src/mapper/table/target_types.ts";
import { delayType } from "./delay.ts";
import { type Request, traced } from "./disk.ts";
import type { Vector } from "./vector.ts";

/** The major number of disks. Each takes 16 minors: itself and its partitions. */
const DISK_MAJOR = 254;
const DISK_MINORS = 16;

/** Which face of the devices is used. */
export type Face = "sync" | "async";

/** Makes target types for a machine. */
export type TypesFor = () => TargetType[];

/** A machine that is on. */
export class Machine {
  readonly mapper: Mapper;
  /** The disks, by name; what is asked of them here is not traced. */
  readonly #disks: ReadonlyMap<string, BlockDevice>;
  /** What the kernel has logged since it was last asked. */
  log: string[] = [];
  /** What was asked of the disks since they were last looked at. */
  trace: Request[] = [];
  readonly #plans: MapperVerbs;

  /**
   * Switches a machine on.
   *
   * @param vector What its disks are.
   * @param disks The disks, by name.
   * @param face Which face of the devices is going to be used.
   * @param types Target types in place of ours.
   */
  constructor(
    vector: Vector,
    disks: ReadonlyMap<string, BlockDevice>,
    face: Face,
    types: readonly TargetType[] = [],
  ) {
    this.#disks = disks;
    const named = [...disks].map(([name, disk]) => {
      const blockBytes = vector.disks[name]?.lbs ?? 512;
      const index = name.charCodeAt(2) - "a".charCodeAt(0);
      const device = traced(disk, name, blockBytes, (request) => this.trace.push(request));
      return { name, number: `${DISK_MAJOR}:${index * DISK_MINORS}`, device };
    });
    const log = (line: string) => this.log.push(`device-mapper: ${line}`);
    this.mapper = new Mapper({ disks: named, log, types: [delayType, ...types] });
    this.#plans = face === "sync" ? this.mapper.plansSync : this.mapper.plans;
  }

  /**
   * The device that an operation means: `vda`… are disks, other names are mapped devices.
   *
   * @param name As the operation has it.
   */
  find(name: string): BlockDevice | undefined {
    return this.mapper.find(/^vd.$/.test(name) ? `/dev/${name}` : `/dev/mapper/${name}`);
  }

  /**
   * Reads a disk, as far as it has bytes. It leaves no trace.
   *
   * @param name The disk's name.
   * @param start The first byte.
   * @param end The byte behind the last.
   */
  *readDisk(name: string, start = 0, end = Infinity): Plan<Uint8Array> {
    const disk = this.#disks.get(name);
    if (disk === undefined) throw new TypeError(`Cannot read "${name}": there is no such disk`);
    const sector = bytesToSectors(start);
    const endSector = Math.min(divCeil(end, SECTOR_BYTES), disk.sectorCount);
    const bytes = new Uint8Array(sectorsToBytes(endSector - sector));
    yield readStep(disk, bytes, sector);
    return bytes.subarray(start - sectorsToBytes(sector), end - sectorsToBytes(sector));
  }

  /**
   * The plan of a dmsetup command.
   *
   * @param words The words behind `dmsetup`.
   * @param input Standard input.
   */
  planDmsetup(words: readonly string[], input?: string): Plan<DmsetupResult> {
    return planDmsetup(this.mapper, words, input, this.#plans);
  }

  /** What was logged since the last call. */
  takeLog(): string[] {
    const lines = this.log;
    this.log = [];
    return lines;
  }

  /** What was asked of the disks since the last call. */
  takeTrace(): Request[] {
    const requests = this.trace;
    this.trace = [];
    return requests;
  }
}
