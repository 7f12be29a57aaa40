/**
 * The stall watch: notices silence in what is under way.
 *
 * One sleep at a time serves all exchanges of a session, and none is longer than a second: so there is
 * at most one timer, and when nothing is under way any more it is soon gone.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Clock } from "../../block/clock.ts";

/** No sleep is longer. */
const SLICE_MS = 1000;

/** Something that may fall silent. */
export interface Watched {
  /** When something came last. */
  readonly lastMs: number;
  /** Told when nothing has come for too long; it is no longer watched then. */
  stall(timeoutMs: number): void;
}

/** Watches exchanges. */
export class StallWatch {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #watched = new Set<Watched>();
  #isRunning = false;

  /**
   * Watches nothing yet.
   *
   * @param clock What time is told by.
   * @param timeoutMs How long nothing may come; `Infinity`: for ever.
   */
  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** The time, in milliseconds. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /**
   * Begins to watch something.
   *
   * @param exchange What.
   */
  watch(exchange: Watched): void {
    if (this.#timeoutMs === Infinity) return;
    this.#watched.add(exchange);
    if (!this.#isRunning) void this.#run();
  }

  /**
   * Watches something no longer.
   *
   * @param exchange What.
   */
  forget(exchange: Watched): void {
    this.#watched.delete(exchange);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#watched.size > 0) {
      const leftMs = this.#cut();
      // What begins during the sleep cannot be overdue before its end.
      if (leftMs > 0) await this.#clock.sleep(Math.min(leftMs, SLICE_MS));
    }
    this.#isRunning = false;
  }

  /** Tells what is overdue, and tells the time until something could be next; 0: nothing is left. */
  #cut(): number {
    let nextMs = Infinity;
    for (const exchange of this.#watched) {
      const leftMs = exchange.lastMs + this.#timeoutMs - this.#clock.nowMs();
      if (leftMs > 0) nextMs = Math.min(nextMs, leftMs);
      else {
        this.#watched.delete(exchange);
        exchange.stall(this.#timeoutMs);
      }
    }
    return nextMs === Infinity ? 0 : nextMs;
  }
}
