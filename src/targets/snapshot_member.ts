/**
 * What snapshot and snapshot-merge share: their place among the origin's snapshots, and the life of
 * their exception table from construction over handover to the end.
 *
 * | state | table | guards its view |
 * |---|---|---|
 * | constructed | read from the COW device | no |
 * | waiting: another active member has the same COW device | – | no |
 * | active: resumed | yes | yes |
 * | handed over: the waiting one was resumed | – | no; its status is `Invalid` |
 *
 * So an old and a new target can exist side by side while tables are switched, and exceptions that
 * were made up to the switch are never lost: the table itself changes hands. The old device must be
 * suspended for it.
 *
 * This module is browser compatible.
 *
 * @see dm-snap.c, `snapshot_preresume()`, `__handover_exceptions()`
 * @module
 */

import type { BlockDevice, DeviceLimits, DeviceSupports } from "../block/device.ts";
import { BlockDeviceError, codeOf } from "../block/errors.ts";
import type { Plan } from "../block/plan.ts";
import { isAligned } from "../block/units.ts";
import {
  chunkSizeFault,
  ExceptionTable,
  PersistentStore,
  type StoreType,
  type TableEvent,
  type TableTuning,
  TransientStore,
} from "../exception/mod.ts";
import { Origin, type OriginMember } from "./origin.ts";
import { TargetError } from "./target_error.ts";

/** What a snapshot is made of. */
export interface SnapshotOptions extends TableTuning {
  /** The device it is a snapshot of. */
  readonly origin: BlockDevice;
  /** The device that holds its exceptions. */
  readonly cow: BlockDevice;
  /** How many sectors of the origin it shows. Default: all. */
  readonly sectorCount?: number;
  /** dm's letters of the exception store. Default `P`. */
  readonly store?: StoreType;
  /** Sectors in a chunk. 0, the default, is 32 for a fresh store and the store's own otherwise. */
  readonly chunkSectors?: number;
  /** Accept discards: whole chunks that were excepted are zeroed. */
  readonly discardZeroesCow?: boolean;
  /** Pass discards down to the origin too. Needs `discardZeroesCow`. */
  readonly discardPassdownOrigin?: boolean;
  /**
   * Keep what is read from the origin on the COW device, in chunks of at most 2 MiB, so that it is
   * read from there from then on. For an origin that is slow. A merge accepts and ignores it.
   */
  readonly copyOnRead?: boolean;
  /** The share of the COW device, in percent, beyond which reads are not kept. Default 50. */
  readonly copyOnReadPercentMax?: number;
  /**
   * A merge takes no further run of exceptions into a step that has so many sectors. Default 4096, 2 MiB;
   * with 1 each run is a step, as in dm: fewer writers wait, and it takes longer. A snapshot ignores it.
   */
  readonly mergeStepSectors?: number;
  /**
   * A merge flushes the origin after so many sectors of a step, beside the copying of the next. Default:
   * after all of them. For those who wait for promises; a synchronous merge waits for each flush.
   */
  readonly mergeFlushSectors?: number;
  /** Told of watermarks, overflow, invalidation and the end of a merge, as they happen. */
  readonly onEvent?: (event: TableEvent) => void;
  /** A device as table lines name it. Left out: its name. */
  readonly deviceWord?: (device: BlockDevice) => string;
}

/** A snapshot's place among the snapshots of its origin. */
export class SnapshotMember implements OriginMember {
  readonly origin: Origin;
  readonly cow: BlockDevice;
  readonly sectorCount: number;
  readonly supports: DeviceSupports;
  readonly devices: readonly BlockDevice[];
  readonly hasDiscards: boolean;
  readonly passesDiscards: boolean;
  isMerging = false;
  readonly #options: SnapshotOptions;
  readonly #storeType: StoreType;
  #table: ExceptionTable | null = null;
  /** Whether its view has begun: what the origin held before is durable. */
  #hasBegun = false;
  #isActive = false;
  #isHandedOver = false;
  #isSuspended = true;
  #onEvent: (event: TableEvent) => void = () => {};

  private constructor(options: SnapshotOptions) {
    const { origin, cow } = options;
    this.#options = options;
    this.#storeType = options.store ?? "P";
    this.origin = Origin.of(origin);
    this.cow = cow;
    this.sectorCount = options.sectorCount ?? origin.sectorCount;
    this.hasDiscards = options.discardZeroesCow ?? false;
    this.passesDiscards = options.discardPassdownOrigin ?? false;
    this.devices = [origin, cow];
    this.supports = Object.freeze({
      sync: origin.supports.sync && cow.supports.sync,
      write: cow.supports.write,
      discard: this.hasDiscards,
      discardZeroes: false,
      permanence: this.#storeType !== "N" && origin.supports.permanence && cow.supports.permanence,
    });
  }

  /**
   * Constructs a member: checks, reads the store, joins the origin.
   *
   * @param options What it is made of.
   * @returns The member.
   * @throws {TargetError} When it cannot be; nothing has joined then.
   */
  static *construct(options: SnapshotOptions): Plan<SnapshotMember> {
    checkOptions(options);
    const member = new SnapshotMember(options);
    const peers = member.#peers();
    if (peers.length > 1) {
      throw new TargetError(
        "EINVAL",
        "Snapshot cow pairing for exception table handover failed",
        `Cannot use "${options.cow.name}" for a third snapshot: two share it already`,
      );
    }
    if (!peers.some((peer) => peer.isActive)) yield* member.#openTable();
    member.origin.join(member);
    return member;
  }

  get table(): ExceptionTable | null {
    return this.#table;
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** Sizes that requests must keep to. */
  get limits(): DeviceLimits {
    const { origin, cow } = this.#options;
    return {
      logicalSectors: Math.max(origin.limits.logicalSectors, cow.limits.logicalSectors),
      preferredSectors: this.#table?.chunkSectors ?? cow.limits.preferredSectors,
    };
  }

  /** Who is told of the table's events. */
  set onEvent(listener: (event: TableEvent) => void) {
    this.#onEvent = (event) => {
      this.#options.onEvent?.(event);
      listener(event);
    };
    if (this.#table !== null) this.#table.onEvent = this.#onEvent;
  }

  /** Tells of an event that is not the table's own. */
  raise(event: TableEvent): void {
    this.#onEvent(event);
  }

  /** dm's status words. */
  status(): string {
    return this.#table?.status() ?? "Invalid";
  }

  /** dm's table words. */
  words(): string {
    const word = this.#options.deviceWord ?? ((device: BlockDevice) => device.name);
    const { origin, cow } = this.#options;
    const type = this.#table?.storeType ?? this.#storeType;
    const chunkSectors = this.#table?.chunkSectors ?? this.#options.chunkSectors ?? 0;
    const features = [
      ...(this.hasDiscards ? ["discard_zeroes_cow"] : []),
      ...(this.passesDiscards ? ["discard_passdown_origin"] : []),
      ...(this.#options.copyOnRead === true ? ["copy_on_read"] : []),
    ];
    const tail = features.length === 0 ? "" : ` ${features.length} ${features.join(" ")}`;
    return `${word(origin)} ${word(cow)} ${type} ${chunkSectors}${tail}`;
  }

  /** May refuse to be resumed: a handover needs its source suspended. */
  preresume(): void {
    const source = this.#handoverSource();
    if (source === null || source.isSuspended) {
      if (!this.#isActive || this.#peers().every((peer) => peer.isActive)) return;
      this.refuse(
        "Unable to resume snapshot source until handover completes.",
        "it is handed over",
      );
    }
    this.refuse(
      "Unable to perform snapshot handover until source is suspended.",
      "the snapshot that has its COW device now is not suspended",
    );
  }

  /** Takes the exceptions over if they are elsewhere, and begins to guard the view. */
  *resume(): Plan {
    const source = this.#handoverSource();
    if (source !== null) {
      this.#table?.destroy();
      this.#table = source.#table;
      source.#table = null;
      source.#isActive = false;
      source.#isHandedOver = true;
      if (this.#table !== null) this.#table.onEvent = this.#onEvent;
    }
    this.#isSuspended = false;
    this.#isActive = this.#table !== null;
    this.#table?.thaw();
    if (source !== null) this.#hasBegun = true;
    if (this.#hasBegun) return;
    yield* this.origin.begin();
    this.#hasBegun = true;
  }

  /** Notes that the device is suspended. */
  postsuspend(): void {
    this.#isSuspended = true;
  }

  /** Leaves the origin and lets the table go. */
  *destroy(): Plan {
    this.origin.leave(this);
    const table = this.#table;
    this.#table = null;
    if (table === null) return;
    yield* table.freeze();
    if (table.isValid && this.#isActive) {
      try {
        yield* table.settle();
      } catch { /* It is invalid now, and its store says so as far as it can be written. */ }
    }
    table.destroy();
    this.#isActive = false;
  }

  *#openTable(): Plan {
    const { origin, cow, chunkSectors = 0, log = () => {} } = this.#options;
    const store = this.#storeType === "N"
      ? new TransientStore(cow, chunkSectors)
      : new PersistentStore({
        cow,
        source: origin,
        chunkSectors,
        hasOverflow: this.#storeType === "PO",
        log,
      });
    try {
      const opened = yield* ExceptionTable.open({
        ...this.#options,
        source: origin,
        destination: cow,
        store,
      });
      this.#table = opened.table;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const place = { device: cow.name, cause: error };
      throw new TargetError(codeOf(error), "Failed to read snapshot metadata", message, place);
    }
  }

  #peers(): SnapshotMember[] {
    return this.origin.members.filter((member): member is SnapshotMember =>
      member !== this && member.cow === this.cow && member instanceof SnapshotMember
    );
  }

  #handoverSource(): SnapshotMember | null {
    if (this.#isActive || this.#isHandedOver) return null;
    return this.#peers().find((peer) => peer.isActive) ?? null;
  }

  /** Refuses to be resumed, in dm's words and for people. */
  refuse(reason: string, why: string): never {
    this.#options.log?.(`snapshots: ${reason}`);
    throw new TargetError(
      "EINVAL",
      reason,
      `Cannot resume the snapshot on "${this.cow.name}": ${why}`,
    );
  }
}

function checkOptions(options: SnapshotOptions): void {
  const { origin, cow, store = "P", chunkSectors = 0 } = options;
  if (origin === cow) {
    throw new TargetError(
      "EINVAL",
      "COW device cannot be the same as origin device",
      `Cannot snapshot "${origin.name}" onto itself: the COW device must be another one`,
    );
  }
  if (options.discardPassdownOrigin && !options.discardZeroesCow) {
    throw new TargetError(
      "EINVAL",
      "discard_passdown_origin feature depends on discard_zeroes_cow",
      "Cannot pass discards to the origin without discard_zeroes_cow",
    );
  }
  const fault = chunkSectors === 0 && store !== "N"
    ? null
    : chunkSizeFault(chunkSectors, [origin, cow]);
  if (fault !== null) {
    throw new TargetError("EINVAL", fault.reason, `Cannot make a snapshot: ${fault.clause}`);
  }
  const sectorCount = options.sectorCount ?? origin.sectorCount;
  const unit = Math.max(origin.limits.logicalSectors, cow.limits.logicalSectors);
  const why = sectorCount > origin.sectorCount
    ? `"${origin.name}" has ${origin.sectorCount}`
    : !isAligned(sectorCount, unit)
    ? `want a multiple of ${unit}, the largest logical block of "${origin.name}" and "${cow.name}"`
    : null;
  if (why === null) return;
  throw new BlockDeviceError(
    "EINVAL",
    `Cannot make a snapshot of ${sectorCount} sectors: ${why}`,
  );
}
