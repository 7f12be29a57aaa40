/**
 * What an exception table is made from.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import type { Plan } from "../block/plan.ts";
import type { Copier } from "../copier/mod.ts";
import type { ExceptionRun, ExceptionStore } from "./store/exception_store.ts";

/** When exceptions of snapshot writes become durable: with each write (dm), or with the next flush. */
export type Durability = "each" | "flush";

/** How a table goes about its work; everything has a default. */
export interface TableTuning {
  /** When exceptions of snapshot writes become durable. Default `each`. */
  readonly durability?: Durability;
  /** What copies chunks out; make it with a `Throttle` to limit it. Default: one of its own. */
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

/** Writes the data of a new run to the destination. */
export type Fill = (run: ExceptionRun) => Plan;
