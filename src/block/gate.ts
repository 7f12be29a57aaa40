/**
 * Waiting: a gate that opens once, and a signal that is raised again and again.
 *
 * Plans never wait by themselves; they yield a `wait` step that names a gate, and the runner waits.
 * So the same plan can be run by the synchronous runner (which refuses to wait), by the asynchronous
 * one, and by a test that opens gates in the order it likes.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Closed until it is opened, then open for ever. */
export class Gate {
  #isOpen = false;
  /** Who waits; nothing while nobody does, for most gates are opened before anyone comes. */
  #waiters: (() => void)[] | null = null;

  /** Whether {@linkcode open} was called. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Lets everyone through, now and later. */
  open(): void {
    this.#isOpen = true;
    const waiters = this.#waiters;
    this.#waiters = null;
    if (waiters !== null) { for (const release of waiters) release(); }
  }

  /**
   * Waits until the gate is open.
   *
   * @returns A promise that is kept once it is.
   */
  wait(): Promise<void> {
    if (this.#isOpen) return Promise.resolve();
    return new Promise((release) => (this.#waiters ??= []).push(release));
  }
}

/** Something that happens more than once. Whoever waits sees the next time it happens. */
export class Signal {
  #next: Gate | null = null;

  /** The gate that the next {@linkcode raise} opens. */
  get next(): Gate {
    return this.#next ??= new Gate();
  }

  /** Opens the gate of everyone who waits; who comes later waits for the next time. */
  raise(): void {
    const gate = this.#next;
    this.#next = null;
    gate?.open();
  }
}
