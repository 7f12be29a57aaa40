/**
 * Clocks for tests of what waits: time that moves only when nothing else does, or when it is told to.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Clock } from "../../src/block/clock.ts";

/** Lets all promises go on as far as they can without time or a network. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

interface Sleeper {
  readonly wakesMs: number;
  readonly wake: () => void;
}

/** Wakes the sleepers in order of time, one whenever nobody has anything else to do. */
export class SimulatedClock implements Clock {
  timeMs = 0;
  readonly #sleepers: Sleeper[] = [];
  readonly #isManual: boolean;
  #isDriven = false;

  /** A manual clock stands still but for {@linkcode advance}. */
  constructor(isManual = false) {
    this.#isManual = isManual;
  }

  get sleeperCount(): number {
    return this.#sleepers.length;
  }

  nowMs(): number {
    return this.timeMs;
  }

  sleep(timeMs: number): Promise<void> {
    return new Promise((wake) => {
      this.#sleepers.push({ wakesMs: this.timeMs + timeMs, wake });
      this.#sleepers.sort((a, b) => a.wakesMs - b.wakesMs);
      if (!this.#isManual && !this.#isDriven) void this.#drive();
    });
  }

  /** Lets time pass; everyone who wakes within it does so at his time. */
  async advance(timeMs: number): Promise<void> {
    const endMs = this.timeMs + timeMs;
    await quiet();
    while ((this.#sleepers[0]?.wakesMs ?? Infinity) <= endMs) await this.#wakeOne();
    this.timeMs = endMs;
  }

  async #wakeOne(): Promise<void> {
    const sleeper = this.#sleepers.shift();
    if (sleeper === undefined) return;
    this.timeMs = Math.max(this.timeMs, sleeper.wakesMs);
    sleeper.wake();
    await quiet();
  }

  async #drive(): Promise<void> {
    this.#isDriven = true;
    await quiet();
    while (this.#sleepers.length > 0) await this.#wakeOne();
    this.#isDriven = false;
  }
}
