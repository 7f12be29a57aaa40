/**
 * Patience: how long a client waits for an answer, decided slice by slice.
 *
 * A thread that is blocked hears no messages and can wait for no lock. So it waits in slices, and
 * after each looks at what the server cannot but show:
 *
 * | found                                             | verdict    | then                             |
 * | ------------------------------------------------- | ---------- | -------------------------------- |
 * | the end word is set                               | `ended`    | `ENODEV`, and for ever           |
 * | the life word stood still for `silenceMs`         | `silent`   | `ENODEV`, and for ever           |
 * | the request has taken `timeoutMs`                 | `late`     | `EIO`; the device can be used on |
 * | else                                              | `wait`     |                                  |
 *
 * A silent server may be only slow. It is treated as dead, for what it does late would come at any
 * time: `silenceMs` is longer than any synchronous request of the device behind it.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Board } from "./board.ts";

/** How long a client waits. */
export interface PatienceOptions {
  /**
   * How long a request, or a part of a large one, may take, in milliseconds.
   *
   * @default {30000}
   */
  readonly timeoutMs?: number;
  /**
   * How long the server's thread may show no sign of life, in milliseconds. Longer than any
   * synchronous request of the served device takes, and than half a second.
   *
   * @default {10000}
   */
  readonly silenceMs?: number;
}

/** The longest slice. */
const SLICE_MS = 100;

/** What is to be done after a slice. */
export type Verdict = "wait" | "late" | "silent" | "ended";

/** A client's patience, used for one wait after the other, or for several side by side. */
export class Patience {
  readonly #board: Board;
  /** How long a request may take. */
  readonly timeoutMs: number;
  /** How long the server may be silent. */
  readonly silenceMs: number;
  /** How long a slice is. */
  readonly sliceMs: number;

  /**
   * Patience with a server.
   *
   * @param board The server's board.
   * @param options How long.
   * @throws {RangeError} When a time is not above zero.
   */
  constructor(board: Board, { timeoutMs = 30_000, silenceMs = 10_000 }: PatienceOptions) {
    if (!(timeoutMs > 0 && silenceMs > 0)) {
      throw new RangeError(`Cannot wait ${timeoutMs} ms, ${silenceMs} ms in silence: want above 0`);
    }
    this.#board = board;
    this.timeoutMs = timeoutMs;
    this.silenceMs = silenceMs;
    this.sliceMs = Math.min(SLICE_MS, timeoutMs, silenceMs);
  }

  /** Begins to count, after the first slice of a wait has passed without a change. */
  begin(): Wait {
    return new Wait(this, this.#board);
  }
}

/** One wait. Time is counted in slices that have passed: nobody has to ask a clock. */
export class Wait {
  readonly #patience: Patience;
  readonly #board: Board;
  #waitedMs = 0;
  #silentMs = 0;
  #life: number | undefined;

  /** A wait of which no slice is counted yet. */
  constructor(patience: Patience, board: Board) {
    this.#patience = patience;
    this.#board = board;
  }

  /** Decides, after a slice has passed without a change. */
  afterSlice(): Verdict {
    const { sliceMs, timeoutMs, silenceMs } = this.#patience;
    const { life, hasEnded } = this.#board;
    this.#waitedMs += sliceMs;
    // What life was before the first slice nobody has seen: silence counts from the second on.
    this.#silentMs = life === this.#life ? this.#silentMs + sliceMs : 0;
    this.#life = life;
    if (hasEnded) return "ended";
    if (this.#silentMs >= silenceMs) return "silent";
    return this.#waitedMs >= timeoutMs ? "late" : "wait";
  }
}
