/**
 * `HandshakeLimit`: who has not come to an agreement in time is dropped, so that clients who say nothing do
 * not fill the places of those who do.
 *
 * Everybody has the same time, so newcomers run out of it in the order in which they came: one sleep at a
 * time, until the oldest one's end, is enough for all of them.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Clock } from "../../block/clock.ts";

/** Who can be dropped. */
export interface Newcomer {
  /** Ends it at once. */
  drop(): void;
}

/** Watches over newcomers. */
export class HandshakeLimit {
  readonly #clock: Clock;
  readonly #limitMs: number;
  /** The oldest one first. */
  readonly #endsMs = new Map<Newcomer, number>();
  #isAwake = false;

  /**
   * Makes a watch.
   *
   * @param clock Time.
   * @param limitMs How much of it everybody has, in milliseconds.
   */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /**
   * Watches somebody from now on.
   *
   * @param newcomer Dropped when its time is over, unless it was released before.
   */
  admit(newcomer: Newcomer): void {
    this.#endsMs.set(newcomer, this.#clock.nowMs() + this.#limitMs);
    if (!this.#isAwake) void this.#watch();
  }

  /**
   * Ends watching somebody: it has agreed, or has gone.
   *
   * @param newcomer Whoever was admitted; nothing happens if that was dropped or released already.
   */
  release(newcomer: Newcomer): void {
    this.#endsMs.delete(newcomer);
  }

  async #watch(): Promise<void> {
    this.#isAwake = true;
    for (;;) {
      const [oldest] = this.#endsMs;
      if (oldest === undefined) break;
      const [newcomer, endMs] = oldest;
      const leftMs = endMs - this.#clock.nowMs();
      if (leftMs > 0) await this.#clock.sleep(leftMs);
      else {
        this.#endsMs.delete(newcomer);
        newcomer.drop();
      }
    }
    this.#isAwake = false;
  }
}
