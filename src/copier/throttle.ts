/**
 * The throttle: at most so many percent of the time is spent with copies under way.
 *
 * This is dm's `snapshot_copy_throttle`. Before each read or write the copier looks at the last
 * second or so: when I/O of the copies sharing this throttle was under way for more than their part
 * of it, the copy sleeps, and looks again, ten times at most, so that it slows down but never
 * stops. Time in which nothing was under way counts for them, which is how the balance recovers.
 *
 * Requests that overlap count once: it is time that is shared out, not bytes. One throttle may be
 * given to several copiers. At 100 percent it is off and does not even look at the clock.
 *
 * The synchronous runner does not sleep, so synchronous copies are counted but not slowed down.
 * Copies inside kernel memory are no I/O and are not counted.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type Clock, systemClock } from "../block/clock.ts";
import { type Plan, sleepStep, type Step } from "../block/plan.ts";

const SLEEP_MS = 100;
const SLEEPS_MAX = 10;
/** When more time than this has been summed up, both sums are halved: the past fades. */
const WINDOW_MS = 1000;

/** Options of a throttle. */
export interface ThrottleOptions {
  /** The part of the time that copies may use. 100, the default: all of it. */
  readonly percent?: number;
  /** What time is measured by. */
  readonly clock?: Clock;
}

/** Shares out time between copies and everything else. */
export class Throttle {
  readonly #clock: Clock;
  #percent = 100;
  #ioCount = 0;
  #busyMs = 0;
  #totalMs = 0;
  #lastMs = 0;

  /**
   * Makes a throttle.
   *
   * @param options How much, and by which clock.
   */
  constructor(options: ThrottleOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.percent = options.percent ?? 100;
  }

  /** The part of the time that copies may use, 0 to 100. May be changed while copies are under way. */
  get percent(): number {
    return this.#percent;
  }

  set percent(percent: number) {
    if (!(percent >= 0 && percent <= 100)) {
      throw new RangeError(`Cannot throttle copies to ${percent} percent: want 0 to 100`);
    }
    this.#percent = percent;
    if (percent < 100) this.#lastMs = this.#clock.nowMs();
  }

  /**
   * Performs a step when there is time for it.
   *
   * @param step The read or write.
   */
  *perform(step: Step): Plan {
    for (let sleeps = 0; sleeps < SLEEPS_MAX && this.#isOverdrawn(); sleeps++) {
      yield sleepStep(SLEEP_MS);
    }
    this.#ioCount++;
    try {
      yield step;
    } finally {
      this.#account();
      this.#ioCount--;
    }
  }

  #isOverdrawn(): boolean {
    this.#account();
    return this.#busyMs * 100 > this.#totalMs * this.#percent;
  }

  #account(): void {
    if (this.#percent === 100) return;
    const nowMs = this.#clock.nowMs();
    const passedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (this.#ioCount > 0) this.#busyMs += passedMs;
    this.#totalMs += passedMs;
    while (this.#totalMs > WINDOW_MS) {
      this.#totalMs /= 2;
      this.#busyMs /= 2;
    }
  }
}
