/**
 * Late flushes: what was written becomes durable a little later, at the latest when the page goes.
 *
 * A flush is due once nothing was written for a while, and once the oldest write that is not flushed
 * has waited long enough, whichever comes first; and at once when the page is hidden or left.
 *
 *     clean --write--> dirty --due, or the page is hidden--> flushing --ended--> clean or dirty
 *
 * **Failure**: a flush that fails is told by whoever does it; the disk is tried again after the same
 * time.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Clock } from "../../block/clock.ts";

/** What late flushes are told. */
export interface LateFlushOptions {
  /** Flushes. Tells failures itself, by `false`, and never throws. */
  readonly flush: () => Promise<boolean>;
  /** What tells the time. */
  readonly clock: Clock;
  /** How long nothing is written before a flush, in milliseconds. */
  readonly idleMs: number;
  /** How long a write waits at most, in milliseconds. */
  readonly waitMs: number;
  /** Where the page says that it is hidden or left; `null` when nobody does. */
  readonly page: EventTarget | null;
}

const PAGE_EVENTS = ["pagehide", "visibilitychange"] as const;

/** Sees to it that writes are flushed. */
export class LateFlush {
  readonly #options: LateFlushOptions;
  readonly #hurry = () => void this.#flushNow();
  #oldestMs = 0;
  #newestMs = 0;
  #isDirty = false;
  #isWatching = false;
  #hasEnded = false;

  /**
   * Begins to listen to the page.
   *
   * @param options What is flushed, and when.
   */
  constructor(options: LateFlushOptions) {
    this.#options = options;
    for (const name of PAGE_EVENTS) options.page?.addEventListener(name, this.#hurry);
  }

  /** Something was written. */
  noteWrite(): void {
    this.#newestMs = this.#options.clock.nowMs();
    if (!this.#isDirty) {
      this.#oldestMs = this.#newestMs;
      this.#isDirty = true;
    }
    if (!this.#isWatching) void this.#watch();
  }

  /** Everything is flushed, by somebody else. */
  noteFlush(): void {
    this.#isDirty = false;
  }

  /** Ends it, without a flush. */
  end(): void {
    this.#hasEnded = true;
    for (const name of PAGE_EVENTS) this.#options.page?.removeEventListener(name, this.#hurry);
  }

  async #flushNow(): Promise<void> {
    if (!this.#isDirty || this.#hasEnded) return;
    this.#isDirty = false;
    if (!await this.#options.flush()) this.noteWrite();
  }

  async #watch(): Promise<void> {
    const { clock, idleMs, waitMs } = this.#options;
    this.#isWatching = true;
    while (this.#isDirty && !this.#hasEnded) {
      const dueMs = Math.min(this.#newestMs + idleMs, this.#oldestMs + waitMs);
      const restMs = dueMs - clock.nowMs();
      if (restMs > 0) await clock.sleep(restMs);
      else await this.#flushNow();
    }
    this.#isWatching = false;
  }
}
