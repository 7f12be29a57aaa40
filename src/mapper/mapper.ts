/**
 * `Mapper`: device-mapper's verbs over named mapped devices.
 *
 * A mapped device has two slots for tables. `load` fills the inactive one; `resume` makes it the
 * active one; `suspend` holds requests back in between, so that several devices can be changed as
 * one. `create` is `load` and `resume` of a new device.
 *
 *     create ─► inactive table ──resume──► active table ──suspend──► held back
 *                    ▲                          │                        │
 *                    └──────────── load ────────┴──────── resume ◄───────┘
 *
 * Disks (any `BlockDevice`) are known by name and number; mapped devices get the numbers 253:0,
 * 253:1, … and may lie on each other. What another device's table uses cannot be removed.
 *
 * Verbs that do I/O are plans (`mapper_plans.ts`) with two faces here: `create` returns a promise,
 * beside which a merge goes on; when `createSync` returns even that is done.
 *
 * Longer than most files: the verbs are many, and each has two faces.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import type { ErrorCode } from "../block/errors.ts";
import { runAsync, runSync } from "../block/plan.ts";
import { planSnapshot } from "../targets/snapshot.ts";
import { planSnapshotMerge } from "../targets/snapshot_merge.ts";
import { planSnapshotOrigin } from "../targets/snapshot_origin.ts";
import type { Target } from "../targets/target.ts";
import { DeviceDirectory, type Disk, type MappedDeviceInfo } from "./device_directory.ts";
import type { MappedDevice } from "./mapped_device.ts";
import { MapperError, type MapperVerb } from "./mapper_error.ts";
import {
  type CreateOptions,
  type LoadOptions,
  MapperPlans,
  type MapperVerbs,
} from "./mapper_plans.ts";
import { badBlockType } from "./table/bad_block_type.ts";
import { faultTypes } from "./table/fault_types.ts";
import { snapshotTypes } from "./table/snapshot_types.ts";
import { formatLine } from "./table/table_line.ts";
import { linearType, type TargetType, zeroType } from "./table/target_types.ts";
import { sendMessage } from "./target_message.ts";

function removeRefusal(code: ErrorCode, device: string, why: string): MapperError {
  return new MapperError("remove", code, `Cannot remove "${device}": ${why}`, { device });
}

/**
 * The target types that every mapper knows. A function, so that a bundler can tell that who makes no
 * mapper needs none of them.
 */
function targetTypes(): TargetType[] {
  return [
    badBlockType,
    ...faultTypes(),
    linearType,
    ...snapshotTypes({ planSnapshot, planSnapshotMerge, planSnapshotOrigin }),
    zeroType,
  ];
}

/** What a mapper is made of. */
export interface MapperOptions {
  /** Devices that tables may use, beside mapped ones. */
  readonly disks?: Iterable<Disk>;
  /** Target types beside dm's own, or in place of those with the same name. */
  readonly types?: Iterable<TargetType>;
  /** Takes what the kernel would log, line by line, without the prefix `device-mapper: `. */
  readonly log?: (line: string) => void;
}

/** Which of a mapped device's two tables. */
export type Slot = "active" | "inactive";

/**
 * Holds mapped devices and does device-mapper's verbs.
 *
 * @example An origin and a snapshot of it
 * ```ts
 * import { createMemoryDevice, Mapper } from "cowdisk";
 * import { deepEqual } from "node:assert/strict";
 *
 * const device = createMemoryDevice({ sectorCount: 4096 });
 * const cow = createMemoryDevice({ sectorCount: 4096 });
 * const mapper = new Mapper({
 *   disks: [{ name: "vda", number: "254:0", device }, { name: "vdb", number: "254:16", device: cow }],
 * });
 * mapper.createSync("snap", "0 4096 snapshot /dev/vda /dev/vdb P 8");
 * mapper.createSync("origin", "0 4096 snapshot-origin /dev/vda");
 *
 * mapper.device("origin").writeSync(new Uint8Array(512), 0);
 * deepEqual(mapper.status("snap"), ["0 4096 snapshot 24/4096 16"]);
 * deepEqual(mapper.table("snap"), ["0 4096 snapshot 254:0 254:16 P 8"]);
 * ```
 */
export class Mapper {
  /** The plans of the verbs that do I/O, for `runAsync` and runners of one's own. */
  readonly plans: MapperVerbs;
  /** The same for `runSync`: what a table does in the background is done when a plan ends. */
  readonly plansSync: MapperVerbs;
  readonly #plans: MapperPlans;
  readonly #directory = new DeviceDirectory();
  readonly #types: ReadonlyMap<string, TargetType>;
  readonly #log: (line: string) => void;

  /**
   * A mapper without mapped devices.
   *
   * @param options Its disks, additional target types, and where its log goes.
   */
  constructor(options: MapperOptions = {}) {
    const types = [...targetTypes(), ...options.types ?? []];
    this.#types = new Map(types.map((type) => [type.name, type]));
    this.#log = options.log ?? (() => {});
    const world = { directory: this.#directory, types: this.#types, log: this.#log };
    this.plans = this.#plans = new MapperPlans(world, "beside");
    this.plansSync = new MapperPlans(world, "within");
    for (const disk of options.disks ?? []) this.addDisk(disk);
  }

  /**
   * Makes a device known, so that tables can use it.
   *
   * @param disk The device, its name and its number.
   */
  addDisk(disk: Disk): void {
    this.#directory.addDisk(disk);
  }

  /**
   * Forgets a device that is no mapped one. It stays open.
   *
   * @param name Its name, as it was added.
   * @throws {MapperError} `ENXIO` when there is none, `EBUSY` while a table uses it.
   */
  removeDisk(name: string): void {
    const disk = this.disks.find((each) => each.name === name);
    if (disk === undefined) throw removeRefusal("ENXIO", name, "there is no such disk");
    const [user] = this.#directory.usersOf(disk.device);
    if (user !== undefined) {
      throw removeRefusal("EBUSY", name, `the table of "${user.name}" uses it`);
    }
    this.#directory.removeDisk(disk);
  }

  /** The devices that tables can use beside mapped ones, in the order added. */
  get disks(): Disk[] {
    return this.#directory.disks;
  }

  /**
   * The device that a word means.
   *
   * @param word A name, a path under `/dev`, or `major:minor`.
   * @returns The device, if there is one.
   */
  find(word: string): BlockDevice | undefined {
    return this.#directory.find(word);
  }

  /**
   * A mapped device.
   *
   * @param word Its name, path or number.
   * @returns The device.
   * @throws {MapperError} `ENXIO` when there is none.
   */
  device(word: string): MappedDevice {
    return this.#plans.entry(word, "info").device;
  }

  /** The mapped devices' names, sorted. */
  get names(): string[] {
    return this.#directory.mapped.map((entry) => entry.name);
  }

  /** The target types that tables can have. */
  get types(): TargetType[] {
    return [...this.#types.values()];
  }

  /**
   * Makes a mapped device with a table and starts it. When that fails there is no such device.
   *
   * @param name The new device's name.
   * @param table Its table; see `parseTable`. `null`: it has none until one is loaded and resumed.
   * @param options Whether it is read-only, and its number.
   * @throws {MapperError} `EBUSY` when the name is taken, and whatever its table is refused for.
   */
  create(name: string, table: string | null, options?: CreateOptions): Promise<void> {
    return runAsync(this.plans.create(name, table, options));
  }

  /** As {@linkcode create}. */
  createSync(name: string, table: string | null, options?: CreateOptions): void {
    runSync(this.plansSync.create(name, table, options));
  }

  /**
   * Puts a table into the inactive slot, in place of what was there.
   *
   * @param word The mapped device.
   * @param table The table; see `parseTable`.
   * @param options Whether it is read-only.
   */
  load(word: string, table: string, options?: LoadOptions): Promise<void> {
    return runAsync(this.plans.load(word, table, options));
  }

  /** As {@linkcode load}. */
  loadSync(word: string, table: string, options?: LoadOptions): void {
    runSync(this.plansSync.load(word, table, options));
  }

  /**
   * Empties the inactive slot.
   *
   * @param word The mapped device.
   */
  clear(word: string): Promise<void> {
    return runAsync(this.plans.clear(word));
  }

  /** As {@linkcode clear}. */
  clearSync(word: string): void {
    runSync(this.plansSync.clear(word));
  }

  /**
   * Waits for requests under way and holds back new ones.
   *
   * @param word The mapped device.
   */
  suspend(word: string): Promise<void> {
    return runAsync(this.plans.suspend(word));
  }

  /** As {@linkcode suspend}. */
  suspendSync(word: string): void {
    runSync(this.plansSync.suspend(word));
  }

  /**
   * Makes the inactive table the active one, if there is one, and lets requests through.
   *
   * @param word The mapped device.
   */
  resume(word: string): Promise<void> {
    return runAsync(this.plans.resume(word));
  }

  /** As {@linkcode resume}. */
  resumeSync(word: string): void {
    runSync(this.plansSync.resume(word));
  }

  /**
   * Ends a mapped device. The devices below stay.
   *
   * @param word The mapped device.
   * @throws {MapperError} `EBUSY` while another device's table uses it.
   */
  remove(word: string): Promise<void> {
    return runAsync(this.plans.remove(word));
  }

  /** As {@linkcode remove}. */
  removeSync(word: string): void {
    runSync(this.plansSync.remove(word));
  }

  /** Ends all mapped devices, those on top first. */
  removeAll(): Promise<void> {
    return runAsync(this.plans.removeAll());
  }

  /** As {@linkcode removeAll}. */
  removeAllSync(): void {
    runSync(this.plansSync.removeAll());
  }

  /**
   * Waits for an event: a snapshot has become invalid, is filling up, or is merged.
   *
   * @param word The mapped device.
   * @param eventNumber The number of the last event that is known, from {@linkcode info}.
   * @returns The number of the last event now.
   */
  wait(word: string, eventNumber: number): Promise<number> {
    return runAsync(this.plans.wait(word, eventNumber));
  }

  /**
   * Gives a mapped device another name.
   *
   * @param word The mapped device.
   * @param newName The new name.
   * @throws {MapperError} `EBUSY` when the name is taken.
   */
  rename(word: string, newName: string): void {
    const entry = this.#plans.entry(word, "rename");
    this.#plans.requireName(newName, "rename", entry.name);
    this.#directory.renameMapped(entry, newName);
    entry.device.rename(newName);
  }

  #lines(word: string, verb: MapperVerb, slot: Slot, rest: (target: Target) => string): string[] {
    const { device } = this.#plans.entry(word, verb);
    const targets = (slot === "active" ? device.activeTargets : device.inactiveTargets) ?? [];
    let startSector = 0;
    return targets.map((target) => {
      const line = formatLine(startSector, target.sectorCount, target.type, rest(target));
      startSector += target.sectorCount;
      return line;
    });
  }

  /**
   * The state of a mapped device, as dm tells it.
   *
   * @param word The mapped device.
   * @param slot Which table.
   * @returns One line for each target.
   */
  status(word: string, slot: Slot = "active"): string[] {
    return this.#lines(word, "status", slot, (target) => target.status());
  }

  /**
   * The table of a mapped device, with devices as `major:minor`.
   *
   * @param word The mapped device.
   * @param slot Which table.
   * @returns One line for each target.
   */
  table(word: string, slot: Slot = "active"): string[] {
    return this.#lines(word, "table", slot, (target) => target.table());
  }

  /**
   * What is known of a mapped device.
   *
   * @param word The mapped device.
   * @returns Its number, state, and how many targets, users and events it has.
   */
  info(word: string): MappedDeviceInfo {
    return this.#directory.infoOf(this.#plans.entry(word, "info"));
  }

  /**
   * The devices that a mapped device's active table uses, the last opened first, as dm lists them.
   *
   * @param word The mapped device.
   * @returns Their numbers.
   */
  deps(word: string): string[] {
    const targets = this.#plans.entry(word, "deps").device.activeTargets ?? [];
    const below = new Set(targets.flatMap((target) => target.devices));
    return [...below].reverse().map((device) => this.#directory.numberOf(device));
  }

  /**
   * Sends a message to a target.
   *
   * @param word The mapped device.
   * @param sector A sector of the target.
   * @param words The message.
   * @returns The target's answer; often empty.
   * @throws {MapperError} `EINVAL` when there is no target, or it takes no messages; the target's code
   * when it does not take this one.
   */
  message(word: string, sector: number, words: readonly string[]): string {
    const { name, device } = this.#plans.entry(word, "message");
    return sendMessage({ name, targets: device.activeTargets ?? [], sector }, words, this.#log);
  }
}
