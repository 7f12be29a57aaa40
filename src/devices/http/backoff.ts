/**
 * Back-off: how often a request is tried, and how long to stay away in between.
 *
 * The delay doubles with every failure, up to a bound. Jitter takes up to half of it away, so that
 * many readers of one server do not come back together; it is drawn by whoever embeds the device,
 * because nothing is left to chance here. A server's `Retry-After` is honoured: never earlier. One
 * that is longer than the bound is an answer too: no.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** How failures that may pass are retried. */
export interface RetryOptions {
  /**
   * How often a request is tried before its failure is told.
   *
   * @default {5}
   */
  readonly attemptsMax?: number;
  /**
   * The time before the second attempt, in milliseconds; it doubles with each.
   *
   * @default {250}
   */
  readonly delayMs?: number;
  /**
   * The longest time between two attempts, in milliseconds. A `Retry-After` that is longer fails.
   *
   * @default {30000}
   */
  readonly delayMsMax?: number;
  /**
   * Draws a number from 0 up to 1 for every delay: the part of its second half that is left out.
   * `Math.random` will do. Left out: 0.
   */
  readonly jitter?: () => number;
}

/** When to try again. */
export class Backoff {
  /** How often a request is tried. */
  readonly attemptsMax: number;
  /** The longest time between two attempts. */
  readonly delayMsMax: number;
  readonly #delayMs: number;
  readonly #jitter: () => number;

  /**
   * A back-off.
   *
   * @param options How often, and how long.
   * @throws {RangeError} When a number is out of range.
   */
  constructor(options: RetryOptions = {}) {
    const { attemptsMax = 5, delayMs = 250, delayMsMax = 30_000 } = options;
    if (!Number.isSafeInteger(attemptsMax) || attemptsMax < 1) {
      throw new RangeError(`Cannot try ${attemptsMax} times: want a whole number from 1 on`);
    }
    if (!(delayMs >= 0 && delayMsMax >= delayMs && delayMsMax < Infinity)) {
      throw new RangeError(
        `Cannot wait ${delayMs} to ${delayMsMax} milliseconds between attempts: want an order from 0 on`,
      );
    }
    this.attemptsMax = attemptsMax;
    this.delayMsMax = delayMsMax;
    this.#delayMs = delayMs;
    this.#jitter = options.jitter ?? (() => 0);
  }

  /**
   * The time until the next attempt.
   *
   * @param failureCount How many attempts have failed, this one included.
   * @param retryAfterMs What the server asks for, if it does.
   * @returns Milliseconds, or `null` when the server asks for more than the bound.
   */
  delayMs(failureCount: number, retryAfterMs: number | null = null): number | null {
    if (retryAfterMs !== null && retryAfterMs > this.delayMsMax) return null;
    const fullMs = Math.min(this.delayMsMax, this.#delayMs * 2 ** (failureCount - 1));
    const drawn = Math.min(1, Math.max(0, this.#jitter()));
    return Math.max(retryAfterMs ?? 0, fullMs * (1 - drawn / 2));
  }
}
