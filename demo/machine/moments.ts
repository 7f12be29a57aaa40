/// <reference lib="dom" />
/**
 * The moments that a machine can go back to: its state, which names a snapshot of its disk.
 *
 *     keep ──▶ snapshot, state ──▶ stored under a number that grows
 *     a page that is loaded again finds them; one whose snapshot is gone is forgotten
 *
 * The states lie in a database of their own, beside the disk's. The order is: snapshot, then state. A
 * page that ends between the two leaves a snapshot that no state names, which `prune` deletes.
 *
 * @module
 */
import { createStore, del, entries, set, type UseStore } from "idb-keyval";

/** A moment. */
export interface Moment {
  /** Later ones have higher numbers. */
  readonly number: number;
  /** What it is called. */
  readonly label: string;
  /** The snapshot of the disk that the state names. */
  readonly snapshot: string;
  /** The machine's state, as `saveMachine` returned it. */
  readonly state: ArrayBuffer;
}

/** The moments of one machine. */
export class Moments {
  readonly #store: UseStore;
  readonly #countMax: number;
  #all: Moment[] = [];

  private constructor(store: UseStore, countMax: number) {
    this.#store = store;
    this.#countMax = countMax;
  }

  /**
   * Reads the moments that were kept.
   *
   * @param name The machine's name.
   * @param countMax How many are kept: they are as large as its memory.
   */
  static async read(name: string, countMax: number): Promise<Moments> {
    const moments = new Moments(createStore(`cowdisk demo moments ${name}`, "moments"), countMax);
    const kept = await entries<number, Moment>(moments.#store);
    moments.#all = kept.map(([, moment]) => moment).toSorted((a, b) => a.number - b.number);
    return moments;
  }

  /** All of them, the oldest first. */
  get all(): readonly Moment[] {
    return this.#all;
  }

  /** The newest. */
  get newest(): Moment | undefined {
    return this.#all.at(-1);
  }

  /**
   * Keeps a moment; the oldest of too many is forgotten.
   *
   * @param label What it is called.
   * @param snapshot The snapshot that the state names.
   * @param state The machine's state.
   */
  async keep(label: string, snapshot: string, state: ArrayBuffer): Promise<Moment> {
    const moment = { number: (this.newest?.number ?? 0) + 1, label, snapshot, state };
    await set(moment.number, moment, this.#store);
    this.#all = [...this.#all, moment];
    while (this.#all.length > this.#countMax) await this.forget(this.#all[0]!);
    return moment;
  }

  /** Forgets a moment. Its snapshot is still there. */
  async forget(moment: Moment): Promise<void> {
    this.#all = this.#all.filter((each) => each !== moment);
    await del(moment.number, this.#store);
  }
}
