/**
 * A progress bar for whoever is watching; nothing at all in a pipe.
 *
 *     exporting █████░░░░░░░░░░░  33 %  341 MiB of 1 GiB, 512 MiB/s, 0:02 left
 *
 * The rate is that of the whole work so far, and is told once there was a second to measure.
 *
 * @module
 */

import { formatSize } from "../block/units.ts";
import type { Environment } from "./environment.ts";

/** Redrawing more often than this is only work. */
const REDRAW_MS = 60;
/** A rate of less time than this says nothing. */
const RATE_AFTER_MS = 1000;
const BAR_WIDTH = 16;

/** What work is counted in. */
export type ProgressUnit = "bytes" | "chunks";

function formatAmount(amount: number, unit: ProgressUnit): string {
  return unit === "bytes" ? formatSize(Math.round(amount)) : `${Math.round(amount)} ${unit}`;
}

/** `0:06`, `10:00`, `6:40:00`. */
function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  const pad = (count: number) => String(count).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return `${hours > 0 ? `${hours}:${pad(minutes)}` : minutes}:${pad(whole % 60)}`;
}

/** Draws how far a piece of work is. */
export class Progress {
  readonly #environment: Environment;
  readonly #verb: string;
  readonly #total: number;
  readonly #unit: ProgressUnit;
  readonly #startMs: number;
  #drawnAtMs = -Infinity;

  /**
   * A bar that is not drawn yet; the work begins now.
   *
   * @param environment Where to draw.
   * @param verb What is going on: `merging`.
   * @param total How much there is to do.
   * @param unit Of what.
   */
  constructor(environment: Environment, verb: string, total: number, unit: ProgressUnit) {
    this.#environment = environment;
    this.#verb = verb;
    this.#total = total;
    this.#unit = unit;
    this.#startMs = environment.clock.nowMs();
  }

  /**
   * Tells how far it is.
   *
   * @param amount How much is done.
   */
  update(amount: number): void {
    const { err, clock } = this.#environment;
    if (!err.isTerminal) return;
    const nowMs = clock.nowMs();
    if (nowMs - this.#drawnAtMs < REDRAW_MS) return;
    this.#drawnAtMs = nowMs;
    const share = this.#total === 0 ? 1 : Math.min(1, amount / this.#total);
    const filled = Math.floor(share * BAR_WIDTH);
    const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
    const percent = String(Math.floor(share * 100)).padStart(3);
    const line = `${this.#verb} ${bar} ${percent} %  ${this.#amounts(amount, nowMs)}`;
    err.write(`\r\x1b[K${line.slice(0, err.columns - 1)}`);
  }

  /** Wipes the bar away. */
  end(): void {
    if (this.#drawnAtMs !== -Infinity) this.#environment.err.write("\r\x1b[K");
    this.#drawnAtMs = -Infinity;
  }

  #amounts(amount: number, nowMs: number): string {
    const total = formatAmount(this.#total, this.#unit);
    const done = this.#unit === "bytes" ? formatAmount(amount, "bytes") : String(amount);
    const timeMs = nowMs - this.#startMs;
    if (timeMs < RATE_AFTER_MS || amount === 0) return `${done} of ${total}`;
    const perSecond = amount / timeMs * 1000;
    const left = formatSeconds(Math.max(0, this.#total - amount) / perSecond);
    return `${done} of ${total}, ${formatAmount(perSecond, this.#unit)}/s, ${left} left`;
  }
}
