/**
 * Time, as a parameter: the one file that asks the runtime for it.
 *
 * Whatever measures or waits takes a {@linkcode Clock}. Production passes {@linkcode systemClock};
 * tests pass one whose time moves only when they say so.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Tells the time since some fixed moment, and lets it pass. */
export interface Clock {
  /** The time, in milliseconds. It never goes back. */
  nowMs(): number;
  /**
   * Lets time pass.
   *
   * @param timeMs How much, in milliseconds.
   * @returns A promise that is kept once it has passed.
   */
  sleep(timeMs: number): Promise<void>;
}

/** The runtime's clock. */
export const systemClock: Clock = Object.freeze({
  nowMs: () => performance.now(),
  sleep: (timeMs: number) => new Promise<void>((resolve) => setTimeout(resolve, timeMs)),
});
