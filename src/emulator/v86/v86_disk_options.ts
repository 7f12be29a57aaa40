/**
 * What a disk in v86 is told, and what it tells.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Clock } from "../../block/clock.ts";

/** What a request was. */
export type V86Verb = "read" | "write" | "flush";

/** A request of the guest that has failed. */
export interface V86DiskFailure {
  /** What it was. */
  readonly verb: V86Verb;
  /** Its first sector. */
  readonly sector: number;
  /** How many sectors. */
  readonly sectorCount: number;
  /** Why: the device's error. */
  readonly cause: unknown;
  /** Whether the guest was told. */
  readonly isToldToGuest: boolean;
}

/** How a disk behaves in v86. */
export interface V86DiskOptions {
  /**
   * When what the guest has written is durable.
   *
   * - `each`: when the guest is told that it is written. A PIO write alone is acknowledged by v86
   *   before that, unless the disk is attached. Nothing that was acknowledged is lost.
   * - `later`: after `idleMs` without a write, after `waitMs` at the latest, when the page is hidden or
   *   left, and when an attached guest flushes. A crash of the browser or the machine loses what was
   *   written since; a page that is left loses it when the browser does not wait for the flush, which
   *   none promises. What is lost is always the newest: the disk is as it was at some flush, if its
   *   storage keeps flushes whole, as those of `Disk` do.
   *
   * @default {"each"}
   */
  readonly durability?: "each" | "later";
  /**
   * For `later`: how long nothing is written before a flush, in milliseconds.
   *
   * @default {500}
   */
  readonly idleMs?: number;
  /**
   * For `later`: how long a write waits for its flush at most, in milliseconds.
   *
   * @default {5000}
   */
  readonly waitMs?: number;
  /**
   * For `later`: who tells, by `pagehide` and `visibilitychange`, that the page goes. Left out: the
   * page, where there is one.
   */
  readonly page?: EventTarget | null;
  /**
   * What v86's machine state says of the disk: a snapshot's name; or nothing, and then the disk stays
   * as it is when a state is restored, which is sound only if the guest had nothing of it in memory.
   *
   * @default {"snapshot"}
   */
  readonly state?: "snapshot" | "nothing";
  /** What tells the time. */
  readonly clock?: Clock;
  /** Told of every request that has failed. Must not throw. */
  readonly onError?: (failure: V86DiskFailure) => void;
}

/** How a disk is attached to a machine. */
export interface AttachOptions {
  /**
   * Whether the guest is told of a write cache. Then it sends FLUSH CACHE, which is passed down.
   *
   * @default {false}
   */
  readonly writeCache?: boolean;
}
