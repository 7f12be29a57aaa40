/**
 * The slot pool: which slots of the file are free, and what is known of the bytes in them.
 *
 * A slot's map entry and its bytes are made durable by the same flush, in any order. So a crash may
 * leave an entry whose bytes were never written. That is harmless when the slot was durably zero
 * before, for unwritten sectors are zeroes. Hence the one rule of this file: *only a slot that is
 * durably zero is given to a stretch.*
 *
 * | a slot is | its entry on the medium | its bytes | becomes |
 * |---|---|---|---|
 * | in use | there, or about to be | the stretch's | retired, by a discard |
 * | retired | may still be there | old | stale, by a flush; or in use by its old stretch again |
 * | stale | gone, durably | old | wiped, by the next flush that wants slots |
 * | wiped | gone | zeroes, not durably | clean, when that flush has ended |
 * | clean | gone | zeroes, durably | in use |
 *
 * A retired slot may only go back to its own stretch, so two slots never claim one stretch.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Keeps account of free slots. */
export class SlotPool {
  /** The next to be given is the last. */
  #clean: number[] = [];
  #wiped: number[] = [];
  #stale: number[] = [];
  /** By stretch. */
  #retired = new Map<number, number>();

  /** How many slots can be given at once. */
  get cleanCount(): number {
    return this.#clean.length;
  }

  /** How many slots can be given after one flush or two. */
  get waitingCount(): number {
    return this.#wiped.length + this.#stale.length + this.#retired.size;
  }

  /** Adds slots that are durably zero, to be given in ascending order. */
  addClean(first: number, end: number): void {
    for (let slot = end - 1; slot >= first; slot--) this.#clean.push(slot);
  }

  /** Adds a slot that has no entry and holds anything. */
  addStale(slot: number): void {
    this.#stale.push(slot);
  }

  /** Gives a slot that is durably zero. */
  take(): number | undefined {
    return this.#clean.pop();
  }

  /** Takes back a slot that was given and not used. */
  giveBack(slot: number): void {
    this.#clean.push(slot);
  }

  /** A stretch has no use for its slot any more. */
  retire(stretch: number, slot: number): void {
    this.#retired.set(stretch, slot);
  }

  /** The slot that a stretch had since the last flush, with old bytes. */
  takeRetired(stretch: number): number | undefined {
    const slot = this.#retired.get(stretch);
    this.#retired.delete(stretch);
    return slot;
  }

  /** Slots that a flush should wipe, so that there are some to give. */
  *wipe(cleanWanted: number): Iterable<number> {
    while (this.#clean.length + this.#wiped.length < cleanWanted) {
      const slot = this.#stale.at(-1);
      if (slot === undefined) return;
      yield slot;
      // Not before: the caller may have failed to wipe it.
      this.#stale.pop();
      this.#wiped.push(slot);
    }
  }

  /** A flush has ended that began after the last change. */
  settle(): void {
    this.#clean.push(...this.#wiped);
    this.#wiped = [];
    for (const slot of this.#retired.values()) this.#stale.push(slot);
    this.#retired.clear();
  }
}
