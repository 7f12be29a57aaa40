/**
 * Turns: pieces of work that must not meet, one after the other, in the order in which they came.
 *
 * **Failure**: work that fails ends its turn; the next one begins.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Lets one piece of work begin when the one before has ended. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #takenCount = 0;

  /** Whether work is under way or waits. */
  get isTaken(): boolean {
    return this.#takenCount > 0;
  }

  /**
   * Performs work when everything that came before has ended.
   *
   * @param work What is to be done.
   * @returns What the work returns.
   */
  take<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#takenCount++;
    const turn = this.#last.then(work).finally(() => void this.#takenCount--);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
