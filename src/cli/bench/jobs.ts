/**
 * What is measured, each beside a bare device in the same run:
 *
 * | job | ours | bare |
 * |---|---|---|
 * | read | a snapshot whose chunks are all copied, or the view | the disk below |
 * | overwrite | the origin, where the snapshot has its copy already | a device like it |
 * | touch | the origin, where each write copies a chunk first, durably | a device like it |
 * | merge | chunks go back to the origin, durably, run by run | a read and a write for each |
 *
 * @module
 */

import { type BlockDevice, isSyncDevice, type SyncBlockDevice } from "../../block/device.ts";
import { sectorsToBytes } from "../../block/units.ts";
import { openMergeSync } from "../../mapper/stack.ts";
import { type Order, placesIn } from "./places.ts";
import type { Race, Racer } from "./race.ts";
import { benchBytes, type Scratch } from "./scratch.ts";

/** One line of the table. */
export interface Job {
  /** What is done. */
  readonly job: "read" | "overwrite" | "touch" | "merge";
  /** In which order. */
  readonly order: Order;
  /** Sectors of one operation as the table counts it. */
  readonly blockSectors: number;
  /** How many of these are one operation of the race. */
  readonly blocksPerOperation: number;
  /** Makes ready to race; to be called right before. */
  create(): Omit<Race, "timeMs">;
}

/** A round of first touches, or a merge, has at most so many chunks: then the snapshot begins anew. */
const CHUNKS_MAX = 1024;
const ORDERS = ["sequential", "random"] as const;

/** Goes through places again and again. */
function walk(sectors: Float64Array): () => number {
  let next = -1;
  return () => sectors[next = next + 1 < sectors.length ? next + 1 : 0]!;
}

function reader(device: BlockDevice, sectors: Float64Array, blockSectors: number): Racer {
  const target = new Uint8Array(sectorsToBytes(blockSectors));
  const advance = walk(sectors);
  if (!isSyncDevice(device)) {
    return {
      async run(count) {
        for (let done = 0; done < count; done++) await device.read(target, advance());
      },
    };
  }
  return {
    run(count) {
      for (let done = 0; done < count; done++) device.readSync(target, advance());
      return Promise.resolve();
    },
  };
}

function writer(
  device: SyncBlockDevice,
  sectors: Float64Array,
  blockSectors: number,
  prepare = () => {},
): Racer {
  const bytes = benchBytes(blockSectors);
  const advance = walk(sectors);
  return {
    prepare,
    run(count) {
      for (let done = 0; done < count; done++) device.writeSync(bytes, advance());
      return Promise.resolve();
    },
  };
}

/**
 * Reads of a device and of what it lies on.
 *
 * @param bare What it lies on.
 * @param ours The device, made when it is its turn.
 * @param blocks Sectors of one read.
 * @returns The jobs that fit on it.
 */
export function readJobs(
  bare: BlockDevice,
  ours: () => BlockDevice,
  blocks: readonly number[],
): Job[] {
  return blocks.filter((blockSectors) => blockSectors <= bare.sectorCount).flatMap((blockSectors) =>
    ORDERS.map((order): Job => {
      const sectors = placesIn(order, bare.sectorCount, blockSectors);
      return {
        ...{ job: "read", order, blockSectors, blocksPerOperation: 1 },
        create: () => ({
          bare: reader(bare, sectors, blockSectors),
          ours: reader(ours(), sectors, blockSectors),
          operationsMax: Infinity,
        }),
      };
    })
  );
}

function writeJob(
  scratch: Scratch,
  job: "overwrite" | "touch",
  order: Order,
  blockSectors: number,
): Job {
  const { bare, origin, chunkSectors } = scratch;
  const stepSectors = Math.max(chunkSectors, blockSectors);
  const sectors = placesIn(order, bare.sectorCount, stepSectors);
  const isTouch = job === "touch";
  const touchesMax = Math.ceil(CHUNKS_MAX * chunkSectors / stepSectors);
  return {
    ...{ job, order, blockSectors, blocksPerOperation: 1 },
    create() {
      if (!isTouch) scratch.copied();
      const prepare = isTouch ? () => void scratch.begin() : undefined;
      return {
        bare: writer(bare, sectors, blockSectors),
        ours: writer(origin, sectors, blockSectors, prepare),
        // No place twice in a round: the second time it would be no first touch.
        operationsMax: isTouch ? Math.min(sectors.length, touchesMax) : Infinity,
      };
    },
  };
}

function mergeJob(scratch: Scratch): Job {
  const { bare, disk, cow, origin, chunkSectors } = scratch;
  const chunkCount = Math.min(CHUNKS_MAX, Math.floor(disk.sectorCount / chunkSectors));
  const chunk = new Uint8Array(sectorsToBytes(chunkSectors));
  const copyAll = () => {
    for (let index = 0; index < chunkCount; index++) {
      cow.readSync(chunk, index * chunkSectors);
      bare.writeSync(chunk, index * chunkSectors);
    }
    return Promise.resolve();
  };
  const prepare = () => {
    scratch.begin(chunkCount);
    scratch.end();
  };
  return {
    ...{ job: "merge", order: "sequential", blockSectors: chunkSectors },
    blocksPerOperation: chunkCount,
    create: () => ({
      bare: { run: copyAll },
      ours: { prepare, run: () => Promise.resolve(openMergeSync({ origin, cow }).closeSync()) },
      operationsMax: 1,
    }),
  };
}

/**
 * All jobs, on a scratch stack.
 *
 * @param scratch The stack.
 * @param blocks Sectors of one operation.
 * @returns The jobs that fit on it.
 */
export function allJobs(scratch: Scratch, blocks: readonly number[]): Job[] {
  const fitting = blocks.filter((blockSectors) => blockSectors <= scratch.disk.sectorCount);
  return [
    ...readJobs(scratch.disk, () => scratch.copied(), fitting),
    ...(["overwrite", "touch"] as const).flatMap((job) =>
      fitting.flatMap((block) => ORDERS.map((order) => writeJob(scratch, job, order, block)))
    ),
    mergeJob(scratch),
  ];
}
