/**
 * In-order notification: whoever started first is told first, whoever is done first.
 *
 * dm-snapshot relies on it: kcopyd has one thread that notifies. Here each ordered job takes a
 * *turn*, a gate, when it starts. Only the turn at the head is open. A job waits at its own gate
 * before it ends, and leaving opens the next one. A job that is given up leaves as well, from
 * wherever it stands.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { Gate } from "../block/gate.ts";

/** The line of ordered jobs under way. */
export class CompletionOrder {
  readonly #turns = new Set<Gate>();

  /**
   * Gets in line.
   *
   * @returns The gate to wait at; open once nobody is in front.
   */
  enter(): Gate {
    const turn = new Gate();
    if (this.#turns.size === 0) turn.open();
    this.#turns.add(turn);
    return turn;
  }

  /**
   * Leaves the line.
   *
   * @param turn What {@linkcode enter} returned.
   */
  leave(turn: Gate): void {
    this.#turns.delete(turn);
    for (const first of this.#turns) return first.open();
  }
}
