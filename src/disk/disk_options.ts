/**
 * What a disk is opened with, and what it tells.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import type { Clock } from "../block/clock.ts";
import type { WhenBusy } from "../devices/web_lock.ts";
import type { TableEvent } from "../exception/mod.ts";
import type { OriginIdentity } from "./manifest/manifest.ts";
import type { DiskStorage } from "./storage/storage.ts";
import type { StorageWord } from "./storage/storage_words.ts";

/**
 * Something that happened to a disk.
 *
 * | kind | when |
 * |---|---|
 * | `usage`, `invalid`, `overflow` | a layer's COW device fills up, or its exceptions cannot be used |
 * | `origin changed` | another version of the origin was accepted when the disk was opened |
 * | `quota` | the storage has no room: once, until something written later could be flushed |
 * | `deletion failed` | data could not be moved in the background; the next opening tries again |
 * | `cleanup failed` | a device that nobody needs could not be removed; the next opening tries again |
 */
export type DiskEvent =
  | (Extract<TableEvent, { kind: "usage" | "invalid" | "overflow" }> & { readonly layer: number })
  | {
    readonly kind: "origin changed";
    readonly before: OriginIdentity;
    readonly after: OriginIdentity;
  }
  | {
    readonly kind: "quota";
    /** The device that refused, as its storage calls it. */
    readonly device: string;
    /** The layer that it holds; `null` for the manifest. */
    readonly layer: number | null;
    /** How much was refused, when the device tells. */
    readonly neededBytes: number | null;
    /** What the browser says is used of what there is, if it says so. */
    readonly usageBytes: number | null;
    readonly quotaBytes: number | null;
    readonly cause: unknown;
  }
  | { readonly kind: "deletion failed" | "cleanup failed"; readonly cause: unknown };

/** What a disk is opened with. */
export interface DiskOptions {
  /**
   * What the disk lies on: a device, which must stay as it is, or a number of sectors of zeroes.
   * The disk does not close it.
   */
  readonly origin: BlockDevice | number;
  /**
   * Where the disk is kept: a storage, which the disk does not close, or a word. `"memory"` is gone
   * when the disk is closed. In `"indexeddb"`, and in a dedicated worker in `"opfs"`, the disk's name
   * is its place. A directory is no word, for it needs `node:fs`: see `openDirectoryStorage`.
   */
  readonly storage: DiskStorage | StorageWord;
  /**
   * What is done when another page or worker has open what a word stands for.
   *
   * @default {"refuse"}
   */
  readonly whenBusy?: WhenBusy;
  /** Ends that wait, with the signal's reason. A storage that was opened before has its own. */
  readonly signal?: AbortSignal;
  /**
   * Whether the disk is only looked at. It shows its branch as it is now, whatever its writer does from
   * now on, and everything that would change it fails with `EROFS`. A writer that is there makes durable
   * what was written to it first. A disk that nobody has made is `ENOENT`.
   *
   * | storage | beside a writer |
   * |---|---|
   * | IndexedDB; files of a browser that opens them more than once (Chromium) | yes |
   * | files of other browsers; a directory; memory | `EBUSY`, for whoever comes second |
   *
   * @default {false}
   */
  readonly readOnly?: boolean;
  /** With `readOnly`: the snapshot that the branch shows. Left out: what it holds. */
  readonly snapshot?: string;
  /**
   * The branch to open, and to make with a new disk.
   *
   * @default {"main"}
   */
  readonly branch?: string;
  /**
   * The unit of copy-on-write of a new disk, in sectors. A power of two.
   *
   * @default {8}
   */
  readonly chunkSectors?: number;
  /**
   * How a new disk recognizes its origin: by samples of its contents, or by all of them. A tag, for
   * example of an HTTP device, is looked at as well.
   *
   * @default {"samples"}
   */
  readonly identifyBy?: "samples" | "everything";
  /**
   * What is done when the origin has another version than the disk was made on. `accept` keeps the
   * chunks that were changed and takes all others from the new version, as {@linkcode Disk.rebase}
   * does; what is the disk's and what the new version's is not compared. It is for an origin whose old
   * version cannot be had any more. One of another size is refused in any case.
   *
   * @default {"refuse"}
   */
  readonly changedOrigin?: "refuse" | "accept";
  /**
   * When what was written is durable: with every write, or with every flush.
   *
   * @default {"flush"}
   */
  readonly durability?: "each" | "flush";
  /** Told of what happens, as it happens. Must not throw. */
  readonly onEvent?: (event: DiskEvent) => void;
  /** What work in the background pauses by, so that others have their turn. */
  readonly clock?: Clock;
}

/** How full a disk is. */
export interface DiskUsage {
  /** Chunks that this branch reads from somewhere else than the origin. */
  readonly changedChunks: number;
  /** Sectors in a chunk. */
  readonly chunkSectors: number;
  /** Sectors that the layers of the open branches occupy in the storage. */
  readonly occupiedSectors: number;
  /** The disk's size. */
  readonly sectorCount: number;
}
