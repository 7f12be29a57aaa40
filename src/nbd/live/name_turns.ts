/**
 * Turns by name: pieces of work on the same devices, one after the other, in the order in which they came;
 * work on different devices side by side.
 *
 * So one who has to wait on a device that somebody has suspended does not keep anybody from resuming it.
 * Work names all of its devices at once, so no two pieces ever wait for each other.
 *
 * **Failure**: work that fails ends its turn; the next one begins.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Lets pieces of work begin when those before them on the same names have ended. */
export class NameTurns {
  /** The last piece of work on each name. */
  readonly #last = new Map<string, Promise<unknown>>();
  /** The last piece of work on everything. */
  #lastOnAll: Promise<unknown> = Promise.resolve();
  /** The names that somebody works on. */
  readonly #held = new Map<string, number>();

  /**
   * Whether somebody works on a name now.
   *
   * @param name The name.
   */
  isHeld(name: string): boolean {
    return this.#held.has(name);
  }

  /**
   * Performs work in its turn.
   *
   * @param names What it is about; `"all"` for everything.
   * @param work What is to be done.
   * @returns What the work returns.
   */
  take<Result>(names: readonly string[] | "all", work: () => Promise<Result>): Promise<Result> {
    const own = names === "all" ? [...this.#last.keys()] : names;
    const before = own.flatMap((name) => this.#last.get(name) ?? []);
    const turn = Promise.all([this.#lastOnAll, ...before]).then(() => this.#perform(own, work));
    const end = turn.then(() => {}, () => {});
    if (names === "all") this.#lastOnAll = end;
    for (const name of own) this.#last.set(name, end);
    // Nobody is to be remembered whom nobody waits for.
    end.then(() => {
      for (const name of own) if (this.#last.get(name) === end) this.#last.delete(name);
    });
    return turn;
  }

  async #perform<Result>(names: readonly string[], work: () => Promise<Result>): Promise<Result> {
    for (const name of names) this.#held.set(name, (this.#held.get(name) ?? 0) + 1);
    try {
      return await work();
    } finally {
      for (const name of names) this.#leave(name);
    }
  }

  #leave(name: string): void {
    const count = (this.#held.get(name) ?? 1) - 1;
    if (count === 0) this.#held.delete(name);
    else this.#held.set(name, count);
  }
}
