/**
 * The recorded machine: disks, a mapper over them, the kernel's log, and a trace of the disks.
 *
 * A machine lives from power-on to power-off; the disks' bytes outlive it.
 */
import type { BlockDevice } from "../../src/block/device.ts";
import type { Plan } from "../../src/block/plan.ts";
import { type DmsetupResult, planDmsetup } from "../../src/mapper/dmsetup/dmsetup.ts";
import { Mapper } from "../../src/mapper/mapper.ts";
import type { MapperVerbs } from "../../src/mapper/mapper_plans.ts";
import type { TargetType } from "../../src/mapper/table/target_types.ts";
import { delayType } from "./delay.ts";
import { makeDisk, type Request } from "./disk.ts";
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
  /** The disks' contents, by name. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** What the kernel has logged since it was last asked. */
  log: string[] = [];
  /** What was asked of the disks since they were last looked at. */
  trace: Request[] = [];
  readonly #plans: MapperVerbs;

  /**
   * Switches a machine on.
   *
   * @param vector Its disks.
   * @param contents What is on them.
   * @param face Which face of the devices is going to be used.
   * @param types Target types in place of ours.
   */
  constructor(
    vector: Vector,
    contents: ReadonlyMap<string, Uint8Array>,
    face: Face,
    types: readonly TargetType[] = [],
  ) {
    this.contents = contents;
    const disks = [...contents].map(([name, bytes]) => {
      const blockBytes = vector.disks[name]?.lbs ?? 512;
      const index = name.charCodeAt(2) - "a".charCodeAt(0);
      const { device } = makeDisk(name, bytes, blockBytes, (request) => this.trace.push(request));
      return { name, number: `${DISK_MAJOR}:${index * DISK_MINORS}`, device };
    });
    const log = (line: string) => this.log.push(`device-mapper: ${line}`);
    this.mapper = new Mapper({ disks, log, types: [delayType, ...types] });
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
