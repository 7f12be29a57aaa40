/**
 * A progress bar for whoever is watching; nothing at all in a pipe.
 *
 * @module
 */

import type { Environment } from "./environment.ts";

/** Redrawing more often than this is only work. */
const REDRAW_MS = 60;
const BAR_WIDTH = 24;

/** Draws how far a piece of work is. */
export class Progress {
  readonly #environment: Environment;
  readonly #verb: string;
  readonly #total: number;
  readonly #unit: string;
  #drawnAtMs = -Infinity;

  /**
   * A bar that is not drawn yet.
   *
   * @param environment Where to draw.
   * @param verb What is going on: `merging`.
   * @param total How much there is to do.
   * @param unit Of what: `chunks`.
   */
  constructor(environment: Environment, verb: string, total: number, unit: string) {
    this.#environment = environment;
    this.#verb = verb;
    this.#total = total;
    this.#unit = unit;
  }

  /**
   * Tells how far it is.
   *
   * @param amount How much is done.
   */
  update(amount: number): void {
    const { err, clock } = this.#environment;
    if (!err.isTerminal || clock.nowMs() - this.#drawnAtMs < REDRAW_MS) return;
    this.#drawnAtMs = clock.nowMs();
    const share = this.#total === 0 ? 1 : Math.min(1, amount / this.#total);
    const filled = Math.floor(share * BAR_WIDTH);
    const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
    const percent = String(Math.floor(share * 100)).padStart(3);
    const line = `${this.#verb} ${bar} ${percent} %  ${amount} of ${this.#total} ${this.#unit}`;
    err.write(`\r\x1b[K${line.slice(0, err.columns - 1)}`);
  }

  /** Wipes the bar away. */
  end(): void {
    if (this.#drawnAtMs !== -Infinity) this.#environment.err.write("\r\x1b[K");
    this.#drawnAtMs = -Infinity;
  }
}
