/**
 * The real thing: three chunks, two COW devices, and the devices opened over them.
 *
 * Everything is performed by the synchronous runner, so that between two operations nothing is under
 * way. The disks are kept from one sequence to the next; a COW device is given out as an earlier life
 * could have left it: its first sector is zeroes, and behind it stand entries and data that a store
 * must not believe.
 */
import type { SyncBlockDevice } from "../../src/block/device.ts";
import { codeOf } from "../../src/block/errors.ts";
import { type Plan, runSync, type Step } from "../../src/block/plan.ts";
import { MappedDevice } from "../../src/mapper/mapped_device.ts";
import { openOrigin } from "../../src/mapper/stack.ts";
import type { SnapshotOptions } from "../../src/targets/snapshot_member.ts";
import { planSnapshotMerge } from "../../src/targets/snapshot_merge.ts";
import { planSnapshot } from "../../src/targets/snapshot.ts";
import { createDisk } from "../model/disks.ts";
import { planDevice } from "../model/views.ts";
import type { Operation, Slot } from "./alphabet.ts";
import type { Outcome, Stretch } from "./expectation.ts";
import { contentOf, patternOfSector } from "./patterns.ts";
import { cowSectorsOf, type Variant } from "./variants.ts";

/** What a test breaks on purpose. */
export interface Breakage {
  /** Stands for the origin. */
  readonly origin?: (face: SyncBlockDevice, disk: SyncBlockDevice) => SyncBlockDevice;
  /** Stands for a COW device; it is given one that is a chunk too large. */
  readonly cow?: (larger: SyncBlockDevice, sectorCount: number) => SyncBlockDevice;
}

/** The disks of a variant, for one sequence after another. */
export class SmallDisks {
  readonly variant: Variant;
  readonly disk: SyncBlockDevice;
  /** What snapshots are given. */
  readonly cows: readonly [SyncBlockDevice, SyncBlockDevice];
  /** What a second reader of the format is given: the same, unless a test breaks it. */
  readonly media: readonly [SyncBlockDevice, SyncBlockDevice];
  readonly breakage: Breakage;
  readonly #fresh: Uint8Array;

  constructor(variant: Variant, breakage: Breakage = {}) {
    this.variant = variant;
    this.breakage = breakage;
    this.disk = createDisk(variant.disks, "disk", variant.originSectors).device;
    this.media = [this.#medium(0), this.#medium(1)];
    this.cows = [this.#cow(0), this.#cow(1)];
    this.#fresh = contentOf(new Array(variant.originSectors).fill(1));
  }

  /** Makes the disk as it is before every sequence. */
  reset(): void {
    this.disk.writeSync(this.#fresh, 0);
  }

  /** Makes a COW device as it is given out. */
  wipe(slot: Slot): void {
    const cow = this.media[slot];
    const chunkBytes = this.variant.chunkSectors[slot] * 512;
    const bytes = new Uint8Array(cow.sectorCount * 512);
    for (let at = 512; at < bytes.length; at += 512) {
      bytes.set(patternOfSector(0xdead, at / 512), at);
    }
    const area = new DataView(bytes.buffer, chunkBytes, Math.min(chunkBytes, 512));
    for (let entry = 0; entry < area.byteLength / 16; entry++) {
      area.setBigUint64(entry * 16, BigInt(entry), true);
      area.setBigUint64(entry * 16 + 8, BigInt(entry + 2), true);
    }
    cow.writeSync(bytes, 0);
  }

  close(): void {
    for (const device of [this.disk, ...this.media]) device.closeSync();
  }

  #medium(slot: Slot): SyncBlockDevice {
    const { disks, chunkSectors } = this.variant;
    const spareSectors = this.breakage.cow === undefined ? 0 : chunkSectors[slot];
    const sectorCount = cowSectorsOf(this.variant, slot) + spareSectors;
    return createDisk(disks, `cow-${slot === 0 ? "a" : "b"}`, sectorCount).device;
  }

  #cow(slot: Slot): SyncBlockDevice {
    const medium = this.media[slot];
    return this.breakage.cow?.(medium, cowSectorsOf(this.variant, slot)) ?? medium;
  }
}

/** An origin and its snapshots, as they are during one sequence. */
export class SmallStack {
  readonly disks: SmallDisks;
  /** What is written to: an origin, or a merge. */
  origin: SyncBlockDevice;
  readonly snapshots: [MappedDevice | null, MappedDevice | null] = [null, null];
  /** Which slot is being merged: its device is the origin. */
  mergingSlot: Slot | null = null;

  constructor(disks: SmallDisks) {
    this.disks = disks;
    disks.reset();
    this.origin = this.#openOrigin();
  }

  /** Performs an operation; what is written are patterns of the write's number. */
  perform(operation: Operation, write: number, stretch: Stretch | null): Outcome {
    try {
      this.#perform(operation, write, stretch);
      return "done";
    } catch (error) {
      if (codeOf(error) === "EIO") return "refused";
      throw error;
    }
  }

  /** The device of a snapshot, or of its merge. */
  deviceOf(slot: Slot): MappedDevice {
    const device = this.mergingSlot === slot ? this.origin : this.snapshots[slot];
    if (device instanceof MappedDevice) return device;
    throw new Error(`Slot ${slot} is empty`);
  }

  /** dm's status words of a snapshot. */
  statusOf(slot: Slot): string {
    return this.deviceOf(slot).activeTargets?.[0]?.status() ?? "no table";
  }

  /** Closes everything. */
  close(): void {
    this.origin.closeSync();
    for (const each of this.snapshots) each?.closeSync();
  }

  #perform(operation: Operation, write: number, stretch: Stretch | null): void {
    switch (operation.kind) {
      case "take":
        return this.#take();
      case "writeOrigin":
        return writePattern(this.origin, write, stretch!, false);
      case "write":
        return writePattern(
          this.deviceOf(operation.slot),
          write,
          stretch!,
          operation.place === "*",
        );
      case "discard":
        return this.deviceOf(operation.slot).discardSync(stretch!.sector, stretch!.sectorCount);
      case "merge":
      case "hand":
        return this.#merge(operation.slot, operation.kind === "hand");
      case "drop":
        this.snapshots[operation.slot]?.closeSync();
        this.snapshots[operation.slot] = null;
        return;
      case "flush":
        for (const device of [this.origin, ...this.snapshots]) device?.flushSync();
        return;
      case "reopen":
        return this.#reopen();
    }
  }

  #take(): void {
    const slot = this.snapshots[0] === null ? 0 : 1;
    this.disks.wipe(slot);
    this.snapshots[slot] = this.#openSnapshot(slot);
  }

  #reopen(): void {
    const { snapshots, mergingSlot } = this;
    this.close();
    for (const slot of [0, 1] as const) {
      if (snapshots[slot] !== null) snapshots[slot] = this.#openSnapshot(slot);
    }
    this.origin = mergingSlot === null ? this.#openOrigin() : this.#openMerge(mergingSlot);
  }

  #merge(slot: Slot, isHandedOver: boolean): void {
    if (this.mergingSlot === null) {
      this.origin.closeSync();
      const source = this.deviceOf(slot);
      if (!isHandedOver) source.closeSync();
      this.origin = isHandedOver ? handOver(source, this.#options(slot)) : this.#openMerge(slot);
      this.snapshots[slot] = null;
      this.mergingSlot = slot;
    }
    foldOneRun(this.deviceOf(slot));
    if (!this.#isOver(slot)) return;
    runSync(this.deviceOf(slot).background()); // There is nothing left: this only says so.
    this.origin.closeSync();
    this.mergingSlot = null;
    this.origin = this.#openOrigin();
  }

  /** A merge is over when no exception is left, or if there is nothing that could be merged. */
  #isOver(slot: Slot): boolean {
    const status = this.statusOf(slot);
    if (status === "Invalid") return true;
    const { chunkSectors } = this.disks.variant;
    const area = new Uint8Array(512);
    this.disks.cows[slot].readSync(area, chunkSectors[slot]);
    return area.subarray(0, 16).every((byte) => byte === 0);
  }

  #openOrigin(): SyncBlockDevice {
    const { disk, breakage } = this.disks;
    const face = openOrigin(disk, "origin");
    return breakage.origin?.(face, disk) ?? face;
  }

  #openSnapshot(slot: Slot): MappedDevice {
    return runSync(planDevice(`snapshot-${slot}`, planSnapshot(this.#options(slot))));
  }

  #openMerge(slot: Slot): MappedDevice {
    return runSync(planDevice("merge", planSnapshotMerge(runByRun(this.#options(slot)))));
  }

  #options(slot: Slot): SnapshotOptions {
    const { variant, disk, cows } = this.disks;
    return {
      origin: disk,
      cow: cows[slot],
      store: variant.store,
      chunkSectors: variant.chunkSectors[slot],
      durability: variant.durability,
      discardZeroesCow: true,
      discardPassdownOrigin: variant.passesDiscards,
    };
  }
}

function writePattern(
  device: SyncBlockDevice,
  write: number,
  { sector, sectorCount }: Stretch,
  fua: boolean,
): void {
  const bytes = contentOf(new Array(sectorCount).fill(write), sector);
  device.writeSync(bytes, sector, { fua });
}

/** A merge whose every step is one run, so that a sequence can stop between any two. */
function runByRun(options: SnapshotOptions): SnapshotOptions {
  return { ...options, mergeStepSectors: 1 };
}

/** The exceptions go over to the merge while both devices exist. */
function handOver(source: MappedDevice, options: SnapshotOptions): MappedDevice {
  const merge = new MappedDevice("merge");
  runSync((function* () {
    yield* merge.load([yield* planSnapshotMerge(runByRun(options))]);
    yield* source.suspend();
    yield* merge.resume();
    yield* source.destroy();
  })());
  return merge;
}

/** Lets a merge go on, asks it to pause when it has begun a run, and makes it ready for the next. */
function foldOneRun(merge: MappedDevice): void {
  const work = merge.background();
  const begun = work.next();
  if (begun.done) return;
  const pause = merge.suspend();
  const asked = pause.next();
  finish(work, begun);
  finish(pause, asked);
  runSync(merge.resume());
}

/** Performs what is left of a plan, one step at a time. */
function finish(plan: Plan, next: IteratorResult<Step, void>): void {
  while (!next.done) {
    const { value } = next;
    runSync((function* () {
      yield value;
    })());
    next = plan.next();
  }
}
