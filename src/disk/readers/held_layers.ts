/**
 * Which layers are held for readers: see `reader_desk.ts`.
 *
 * Ids of layers only grow. So what readers may look at is everything below some id: the next one when
 * the last reader came.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { Gate } from "../../block/gate.ts";
import { defer } from "../../block/promises.ts";

/** Layers that are neither written nor removed. */
export class HeldLayers {
  #below = 0;
  #freedom = new Gate();

  /** None is held. */
  constructor() {
    this.#freedom.open();
  }

  /** Whether any is. */
  get isAny(): boolean {
    return this.#below > 0;
  }

  /**
   * Whether a layer is.
   *
   * @param id The layer.
   */
  isHeld(id: number): boolean {
    return id < this.#below;
  }

  /**
   * Holds all layers that there are.
   *
   * @param nextId The id of the next one.
   */
  hold(nextId: number): void {
    if (!this.isAny) this.#freedom = new Gate();
    this.#below = Math.max(this.#below, nextId);
  }

  /** Holds none any more. */
  letGo(): void {
    this.#below = 0;
    this.#freedom.open();
  }

  /**
   * Waits until none is held.
   *
   * @param signal Ends the wait, with its reason.
   */
  async whenFree(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return await this.#freedom.wait();
    signal.throwIfAborted();
    const { promise: given, reject: giveUp } = defer<never>();
    const listen = () => giveUp(signal.reason);
    signal.addEventListener("abort", listen, { once: true });
    try {
      await Promise.race([this.#freedom.wait(), given]);
    } finally {
      signal.removeEventListener("abort", listen);
    }
  }
}
