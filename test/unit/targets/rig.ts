/**
 * A disk with a pattern, an origin over it, and snapshots of it, on a bench.
 *
 * `fast` disks finish at once; with `isSlow` every request waits until it is let go, so that a test
 * decides what overtakes what.
 */
import type { BlockDevice } from "../../../src/block/device.ts";
import { type Plan, runAsync, runSync } from "../../../src/block/plan.ts";

import type { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import type { SnapshotOptions } from "../../../src/targets/snapshot_member.ts";
import { planSnapshotMerge } from "../../../src/targets/snapshot_merge.ts";
import { planSnapshotOrigin } from "../../../src/targets/snapshot_origin.ts";
import { planSnapshot } from "../../../src/targets/snapshot.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { Bench, type Disk } from "../exception/rig.ts";
import { planDevice } from "../../../src/mapper/stack.ts";

// What the mapper opens a device with.
export { planDevice } from "../../../src/mapper/stack.ts";

/** How a stack is. */
export interface StackSetUp {
  readonly sectorCount?: number;
  readonly isSlow?: boolean;
  readonly logicalSectors?: number;
  readonly content?: Uint8Array;
}

/** What a snapshot is made of, with a COW disk of its own unless said. */
export type SnapshotSetUp = Partial<SnapshotOptions> & {
  readonly cowSectors?: number;
  readonly on?: Disk;
};

/** A snapshot on the bench. */
export interface SnapshotBench {
  readonly device: MappedDevice;
  readonly cow: Disk;
  /** dm's status words. */
  status(): string;
}

/** The words of a device's one target. */
export function statusOf(device: MappedDevice): string {
  const [target] = device.activeTargets ?? [];
  if (target === undefined) throw new Error(`"${device.name}" has no table`);
  return target.status();
}

/** A disk, its origin, and power over both. */
export class Stack {
  readonly bench = new Bench();
  readonly disk: Disk;
  readonly origin: MappedDevice;
  readonly log: string[] = [];
  readonly #isSlow: boolean;
  #cowCount = 0;

  constructor(setUp: StackSetUp = {}) {
    const { sectorCount = 200, logicalSectors = 1 } = setUp;
    this.#isSlow = setUp.isSlow ?? false;
    const content = setUp.content ?? patternOf(1, 0, sectorCount);
    this.disk = this.bench.disk("disk", sectorCount, { content, logicalSectors });
    this.origin = runSync(
      planDevice("origin", planSnapshotOrigin({ origin: this.face(this.disk) })),
    );
  }

  /** The face of a disk that this stack uses. */
  face(disk: Disk): BlockDevice {
    return this.#isSlow ? disk.slow : disk.device;
  }

  /** Performs a plan, letting requests go on as they come. */
  run<Result>(plan: Plan<Result>): Promise<Result> {
    return this.bench.settle(runAsync(plan));
  }

  /** Makes a COW disk. */
  cow(sectorCount = 600): Disk {
    return this.bench.disk(`cow${++this.#cowCount}`, sectorCount);
  }

  /** The same disks after the power was cut, or after everything was closed, on a bench of their own. */
  reboot(cow: Disk, isPowerCut: boolean): { stack: Stack; cow: Disk } {
    const image = (disk: Disk) => isPowerCut ? disk.durable : disk.bytes;
    const content = image(this.disk);
    const stack = new Stack({ sectorCount: content.length / 512, content });
    const bytes = image(cow);
    return { stack, cow: stack.bench.disk("cow1", bytes.length / 512, { content: bytes }) };
  }

  /** What a target is made of. */
  options(setUp: SnapshotSetUp = {}): SnapshotOptions & { cow: BlockDevice } {
    const { cowSectors, on, ...options } = setUp;
    return {
      origin: this.face(this.disk),
      cow: this.face(on ?? this.cow(cowSectors)),
      chunkSectors: 8,
      log: (line) => this.log.push(line),
      ...options,
    };
  }

  /** Takes a snapshot. */
  async snapshot(setUp: SnapshotSetUp = {}): Promise<SnapshotBench> {
    const on = setUp.on ?? this.cow(setUp.cowSectors);
    const plan = planDevice(`on-${on.device.name}`, planSnapshot(this.options({ ...setUp, on })));
    const device = await this.run(plan);
    return { device, cow: on, status: () => statusOf(device) };
  }

  /** Opens a merge, without beginning it. */
  async merge(on: Disk, setUp: SnapshotSetUp = {}): Promise<MappedDevice> {
    return await this.run(planDevice("merge", planSnapshotMerge(this.options({ ...setUp, on }))));
  }

  /** A COW disk with a closed snapshot that took some writes, to be opened again or merged. */
  async written(
    writes: readonly (readonly [write: number, sector: number, sectorCount: number])[],
    setUp: SnapshotSetUp = {},
  ): Promise<Disk> {
    const { device, cow } = await this.snapshot(setUp);
    for (const [write, sector, count] of writes) await this.write(device, write, sector, count);
    await this.bench.settle(device.close());
    this.bench.trace = [];
    return cow;
  }

  /** Reads all of a device. */
  async read(device: BlockDevice): Promise<Uint8Array> {
    const bytes = new Uint8Array(device.sectorCount * 512);
    await this.bench.settle(device.read(bytes, 0));
    return bytes;
  }

  /** Writes the pattern of a write to a device. */
  async write(
    device: BlockDevice,
    write: number,
    sector: number,
    sectorCount: number,
    fua = false,
  ) {
    await this.bench.settle(device.write(patternOf(write, sector, sectorCount), sector, { fua }));
  }

  /** Reads a device whole and compares it. */
  async verify(device: BlockDevice, expected: Uint8Array): Promise<void> {
    verifySectors(await this.read(device), expected, 0, device.name);
  }
}

/** What a device of patterns reads as: the first one whole, the later ones over it. */
export function layers(
  sectorCount: number,
  ...writes: readonly (readonly [write: number, sector: number, sectorCount: number])[]
): Uint8Array {
  const bytes = patternOf(1, 0, sectorCount);
  for (const [write, sector, count] of writes) {
    bytes.set(
      write === 0 ? new Uint8Array(count * 512) : patternOf(write, sector, count),
      sector * 512,
    );
  }
  return bytes;
}
