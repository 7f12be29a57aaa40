/**
 * Views: an origin, its snapshots, theirs, and so on, each with the model of what it should read as
 * and what is known of its COW device.
 *
 * The model does not know which chunks are excepted, only which must be (`known`) and which may be
 * (`maybe`), because a write that failed half-way, or that was under way when a snapshot was taken,
 * has left one or the other behind. From that follows whether the snapshot must have become invalid,
 * may have, or must not. With copy-on-read any other chunk may be excepted as well, as far as reads
 * may fill the COW device.
 */
import { type BlockDevice, isSyncDevice, type SyncBlockDevice } from "../../src/block/device.ts";
import { type Plan, readStep, runSync } from "../../src/block/plan.ts";
import type { Durability, StoreType } from "../../src/exception/mod.ts";
import { MappedDevice } from "../../src/mapper/mapped_device.ts";
import { readCowImage } from "./cow_image.ts";
import type { GrowingDisk } from "./disks.ts";
import type { Stomper } from "./stomper.ts";

// What the mapper opens a device with.
export { planDevice } from "../../src/mapper/stack.ts";

/** How a snapshot was made. */
export interface SnapshotManner {
  readonly store: StoreType;
  readonly chunkSectors: number;
  readonly durability: Durability;
  readonly discardZeroesCow: boolean;
  readonly discardPassdownOrigin: boolean;
  readonly pendingChunksMax: number;
  readonly copyOnRead: boolean;
  readonly copyOnReadPercentMax: number;
}

/** A snapshot's side of a view. */
export interface SnapshotState {
  readonly cow: GrowingDisk;
  readonly manner: SnapshotManner;
  /** Chunks that are excepted. */
  readonly known: Set<number>;
  /** Chunks that may be. */
  readonly maybe: Set<number>;
  /** Chunks that the operations under way asked for, and whether they must be excepted now. */
  readonly demanded: Map<number, boolean>;
  hasOverflowed: boolean;
  /** Something failed as only an overflowed or invalid snapshot may. */
  mustRefuse: boolean;
}

/** Something that can be read and written. */
export interface View {
  readonly name: string;
  readonly model: Stomper;
  readonly depth: number;
  readonly parent: View | null;
  /** What snapshots are taken of. */
  raw: BlockDevice;
  /** What is read and written: an origin over `raw`, or a merge. */
  face: BlockDevice;
  readonly snapshot: SnapshotState | null;
  children: View[];
  /** It was made by an operation that is under way together with others. */
  isNewborn: boolean;
}

/** Ends a device, whoever made it. */
export function* planClose(device: BlockDevice): Plan {
  if (device instanceof MappedDevice) yield* device.destroy();
  else if (isSyncDevice(device)) device.closeSync();
  else throw new TypeError(`Cannot close "${device.name}" by a plan`);
}

/** The most exceptions that there may be. */
export function mostExceptionsIn({ model, snapshot }: View): number {
  const { known, maybe, manner, cow } = snapshot!;
  const written = new Set([...known, ...maybe]).size;
  if (!manner.copyOnRead) return written;
  const shareSectors = (cow.device.sectorCount * manner.copyOnReadPercentMax) / 100;
  const kept = Math.floor(shareSectors / manner.chunkSectors);
  const chunkCount = Math.ceil(model.sectorCount / manner.chunkSectors);
  return Math.max(written, Math.min(written + kept, chunkCount));
}

/** Whether a chunk that nothing was written to may be excepted. */
export function mayBeKept({ model, snapshot }: View, chunk: number): boolean {
  const { copyOnRead, chunkSectors } = snapshot!.manner;
  return copyOnRead && chunk * chunkSectors < model.sectorCount;
}

/** How many exceptions fit on a COW device. */
export function capacityOf({ cow, manner }: SnapshotState): number {
  const chunkCount = Math.floor(cow.device.sectorCount / manner.chunkSectors);
  if (manner.store === "N") return chunkCount;
  const perArea = manner.chunkSectors * 32;
  const fits = (index: number) =>
    2 + index + Math.floor(index / perArea) < chunkCount &&
    1 + (perArea + 1) * Math.floor((index + 1) / perArea) < chunkCount;
  let count = 0;
  while (fits(count)) count++;
  return count;
}

/** The number of exceptions that a status line tells of. */
export function exceptionsIn(status: string, { manner }: SnapshotState): number {
  const allocated = Number(/^(\d+)\/\d+ \d+$/.exec(status)?.[1]) / manner.chunkSectors;
  if (manner.store === "N") return allocated;
  const perArea = manner.chunkSectors * 32;
  let count = 0;
  while (2 + count + Math.floor(count / perArea) < allocated) count++;
  return count;
}

/** The status words of a view's snapshot. */
export function statusOf(view: View): string {
  const device = view.raw as MappedDevice;
  return device.activeTargets?.[0]?.status() ?? "no table";
}

/** Reads all of a device. */
export function* planReadAll(device: BlockDevice, sectorCount = device.sectorCount) {
  const bytes = new Uint8Array(sectorCount * 512);
  yield readStep(device, bytes, 0);
  return bytes;
}

/** Reads all of a device, at once. */
export function readAll(device: SyncBlockDevice, sectorCount = device.sectorCount): Uint8Array {
  return runSync(planReadAll(device, sectorCount));
}

/** Checks what a closed snapshot left on its COW device against what it should read as. */
export function* checkLeftBehind(view: View): Plan {
  const state = view.snapshot;
  if (state === null || state.manner.store === "N") return;
  const { chunkSectors } = state.manner;
  const bytes = yield* planReadAll(state.cow.device);
  const image = readCowImage(bytes);
  const want = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`The COW device of ${view.name}: ${what}`);
  };
  want(image.isValid, "it says invalid");
  want(image.chunkSectors === chunkSectors, `it says chunks of ${image.chunkSectors}`);
  const olds = new Set(image.entries.map(([oldChunk]) => oldChunk));
  for (const chunk of state.known) want(olds.has(chunk), `chunk ${chunk} has no exception`);
  for (const [oldChunk, newChunk] of image.entries) {
    const isWritten = state.known.has(oldChunk) || state.maybe.has(oldChunk);
    want(isWritten || mayBeKept(view, oldChunk), `chunk ${oldChunk} has one`);
    const sector = oldChunk * chunkSectors;
    const count = Math.min(chunkSectors, view.model.sectorCount - sector);
    const start = newChunk * chunkSectors * 512;
    if (count <= 0) continue;
    const wrong = view.model.compare(bytes.subarray(start, start + count * 512), sector);
    want(wrong === null, `the exception of chunk ${oldChunk}: ${wrong}`);
  }
}
