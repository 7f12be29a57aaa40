/// <reference lib="dom" />
/** Where disks are kept in these tests, by a word that can be sent to workers and pages. */
import { openIndexedDbStorage } from "../../src/disk/storage/indexeddb_storage.ts";
import { openOpfsStorage } from "../../src/disk/storage/opfs_storage.ts";
import type { DiskStorage } from "../../src/mod.ts";

/** IndexedDB, or the origin private file system. */
export type HomeWord = "idb" | "opfs";

/** A disk's place. */
export interface Place {
  readonly home: HomeWord;
  readonly name: string;
}

/** How a storage is opened. */
export interface StorageWish {
  /** For a page that wants files. */
  readonly worker?: Worker;
  readonly whenBusy?: "refuse" | "wait";
  /** What a device in IndexedDB may keep in memory. */
  readonly cacheBytes?: number;
}

/** Opens the storage of a place; in a page, files need a worker. */
export function storageAt({ home, name }: Place, wish: StorageWish = {}): DiskStorage {
  if (home === "opfs") return openOpfsStorage(name, wish);
  const { whenBusy = "refuse", cacheBytes = 1 << 24 } = wish;
  return openIndexedDbStorage(name, { whenBusy, cacheBytes });
}

/** The sectors of the disks that are written by workers and pages that are killed. */
export const WRITTEN_SECTORS = 200;
