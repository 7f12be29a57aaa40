/**
 * COW images made by hand, as Linux or a power cut could have left them, and stores over them.
 */
import { runSync } from "../../../src/block/plan.ts";
import { encodeEntry, encodeHeader } from "../../../src/exception/store/disk_format.ts";
import type { ExceptionRun } from "../../../src/exception/store/exception_store.ts";
import { PersistentStore } from "../../../src/exception/store/persistent_store.ts";
import type { Disk } from "./rig.ts";

/** Old chunk and new chunk. */
export type Entry = readonly [oldChunk: number, newChunk: number];

/** What an image holds. */
export interface ImageParts {
  readonly sectorCount: number;
  readonly chunkSectors: number;
  readonly isValid?: boolean;
  /** Entries by place in the list; places left out are zeroes. */
  readonly entries?: Readonly<Record<number, Entry>> | readonly Entry[];
}

/** Makes the bytes of a COW device. */
export function cowImage({ sectorCount, chunkSectors, isValid = true, entries = [] }: ImageParts) {
  const bytes = new Uint8Array(sectorCount * 512);
  encodeHeader(bytes, isValid, chunkSectors);
  const chunkBytes = chunkSectors * 512;
  const perArea = chunkBytes / 16;
  for (const [key, [oldChunk, newChunk]] of Object.entries(entries)) {
    const place = Number(key);
    const areaChunk = 1 + (perArea + 1) * Math.floor(place / perArea);
    const area = new DataView(bytes.buffer, areaChunk * chunkBytes, chunkBytes);
    encodeEntry(area, place % perArea, oldChunk, newChunk);
  }
  return bytes;
}

/** The new chunk of the exception at a place, when all were allocated in order. */
export function chunkAt(place: number, chunkSectors: number): number {
  return 2 + place + Math.floor(place / (chunkSectors * 32));
}

/** Entries for old chunks 0, step, 2·step, … allocated in order. */
export function entriesInOrder(count: number, chunkSectors: number, step = 1): Entry[] {
  return Array.from({ length: count }, (_, place) => [place * step, chunkAt(place, chunkSectors)]);
}

/** A store, what reading it told, and what it logged. */
export interface OpenStore {
  readonly store: PersistentStore;
  readonly state: "fresh" | "loaded" | "invalid";
  readonly runs: ExceptionRun[];
  readonly log: string[];
}

/** Opens a store on a disk. */
export function openStore(
  cow: Disk,
  source: Disk,
  chunkSectors: number,
  hasOverflow = false,
): OpenStore {
  const runs: ExceptionRun[] = [];
  const log: string[] = [];
  const store = new PersistentStore({
    cow: cow.device,
    source: source.device,
    chunkSectors,
    hasOverflow,
    log: (line) => log.push(line),
  });
  const state = runSync(store.readMetadata((run) => runs.push(run)));
  return { store, state, runs, log };
}

/** Prepares and commits exceptions, one run for each. */
export function commitChunks(store: PersistentStore, oldChunks: Iterable<number>, durable = true) {
  const runs = Array.from(oldChunks, (oldChunk) => {
    const newChunk = store.prepareException();
    if (newChunk < 0) throw new Error(`There is no room for old chunk ${oldChunk}`);
    return { oldChunk, newChunk, count: 1 };
  });
  runSync(store.commitExceptions(runs, durable));
}

/** Whole numbers from `first`, `count` of them. */
export function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
