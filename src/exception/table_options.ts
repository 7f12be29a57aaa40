/**
 * What an exception table is made from.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { BlockDeviceError } from "../block/errors.ts";
import type { Plan } from "../block/plan.ts";
import type { Copier } from "../copier/mod.ts";
import { tooManyChunks } from "./store/chunk_size.ts";
import type { ExceptionRun, ExceptionStore } from "./store/exception_store.ts";

/** When exceptions of snapshot writes become durable: with each write (dm), or with the next flush. */
export type Durability = "each" | "flush";

/**
 * When new exceptions become durable: before they are complete, as the table's {@linkcode Durability}
 * says, or with whatever is settled next, because losing them in a power cut loses nothing.
 */
export type Settling = "now" | "policy" | "later";

/** How a table goes about its work; everything has a default. */
export interface TableTuning {
  /**
   * What a write that fails does to the table. `invalidate`, the default, is dm's: its exceptions are
   * not to be used any more, for the source is going to be overwritten all the same. `refuse` lets the
   * write fail and nothing else: for a source that nobody overwrites. If somebody does, and a chunk
   * cannot be copied out, the table is invalid as ever.
   */
  readonly onFailure?: "invalidate" | "refuse";
  /** When exceptions of snapshot writes become durable. Default `each`. */
  readonly durability?: Durability;
  /**
   * What copies chunks out; make it with a `Throttle` to limit it. Default: one of its own. From kernel
   * memory to kernel memory chunks are copied without it.
   */
  readonly copier?: Copier;
  /** New exceptions wait while this many chunks are pending. Default 2048, as dm's. */
  readonly pendingChunksMax?: number;
  /** Usage of the destination, in percent, at which an event is raised. Default 50, 80, 95. */
  readonly watermarksPercent?: readonly number[];
  /** Takes what the kernel would log, without its `device-mapper: `. */
  readonly log?: (line: string) => void;
}

/** What a table is made from. */
export interface ExceptionTableOptions extends TableTuning {
  /** The device whose chunks are excepted. */
  readonly source: BlockDevice;
  /** The device that holds the replacements. */
  readonly destination: BlockDevice;
  /** What remembers the exceptions. */
  readonly store: ExceptionStore;
}

/** Writes the data of a new run to the destination: by a plan, or at once, which is `null`. */
export type Fill = (run: ExceptionRun) => Plan | null;

/**
 * Refuses devices with more chunks than an index has room for.
 *
 * @throws {BlockDeviceError} `EINVAL`
 */
export function requireFewChunks({ source, destination, store }: ExceptionTableOptions): void {
  const clause = tooManyChunks(store.chunkSectors, [source, destination]);
  if (clause === null) return;
  throw new BlockDeviceError("EINVAL", `Cannot keep exceptions for "${source.name}": ${clause}`);
}
