/**
 * Watching how full a destination gets, and telling of it once for each watermark.
 *
 * The proposal's `last_percent`, which the kernel carried for years and never brought to work: users
 * polled instead, and lost the race.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { StoreUsage } from "./store/exception_store.ts";

/** Something that happened to an exception table. */
export type TableEvent =
  | { readonly kind: "usage"; readonly percent: number; readonly usage: StoreUsage }
  | { readonly kind: "invalid"; readonly reason: string }
  | { readonly kind: "overflow" }
  | { readonly kind: "merged" }
  | { readonly kind: "merge failed"; readonly cause: unknown };

/**
 * How full a destination is.
 *
 * @param usage dm's numbers.
 * @returns Percent, by libdm's rule: 0 when only metadata is allocated, 100 when all is.
 */
export function usagePercent(usage: StoreUsage): number {
  const { allocatedSectors, metadataSectors, totalSectors } = usage;
  if (allocatedSectors === metadataSectors) return 0;
  return (allocatedSectors / totalSectors) * 100;
}

const NO_EVENTS: readonly TableEvent[] = Object.freeze([]);

/** Tells when usage passes a watermark. */
export class UsageWatch {
  readonly #watermarks: readonly number[];
  #lastPercent = 0;

  /**
   * A watch.
   *
   * @param watermarksPercent The marks.
   */
  constructor(watermarksPercent: readonly number[]) {
    this.#watermarks = [...watermarksPercent].sort((a, b) => a - b);
  }

  /**
   * Takes note of the usage.
   *
   * @param usage dm's numbers.
   * @returns An event for every watermark that was passed upwards since the last look. After usage
   * fell below a mark, by a merge or a grown device, the mark counts again.
   */
  see(usage: StoreUsage): readonly TableEvent[] {
    const percent = usagePercent(usage);
    const before = this.#lastPercent;
    this.#lastPercent = percent;
    if (!this.#watermarks.some((mark) => before < mark && mark <= percent)) return NO_EVENTS;
    return this.#watermarks
      .filter((mark) => before < mark && mark <= percent)
      .map((mark) => ({ kind: "usage", percent: mark, usage }));
  }
}
