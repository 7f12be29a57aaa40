/**
 * Knowing that a worker is gone. A browser does not tell: a worker that was terminated, or has crashed,
 * is silent.
 *
 * | what is seen | then the worker |
 * |---|---|
 * | the lock that it holds can be had | is gone, however it ended |
 * | its script fails before it holds the lock, or where there are no locks | will not answer |
 * | the port is closed, where the runtime tells (`port_calls.ts`) | is gone |
 *
 * The lock is a Web Lock of a name that nobody else has. The worker takes it when it is asked to, and
 * says so; then the page asks for it, and waits. There are locks in every browser, on pages that were
 * loaded securely, and in Deno. What is not seen: a worker that is terminated before it has said its
 * first word. Ports tell of that nowhere that we know; whoever opens a disk has a signal to give up.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { takeWebLock } from "../../devices/web_lock.ts";

/** A worker, as far as a disk in it is concerned. Whatever brings messages to it will do. */
export interface DiskWorker {
  /** As a `Worker`'s. */
  postMessage(message: unknown, handedOver: Transferable[]): void;
  /** As a `Worker`'s. */
  addEventListener(kind: "error", listener: () => void): void;
  /** As a `Worker`'s. */
  removeEventListener(kind: "error", listener: () => void): void;
}

/** The name of a lock that nobody else has; `null` where there are none. */
export function newLockName(): string | null {
  const isThere = globalThis.navigator?.locks !== undefined;
  return isThere ? `cowdisk worker ${crypto.randomUUID()}` : null;
}

/** Watches over one worker, for one who uses it. */
export class WorkerWatch {
  readonly #worker: DiskWorker;
  readonly #onGone: (why: string) => void;
  readonly #hasFailed: () => void;
  readonly #ending = new AbortController();

  /**
   * Begins to watch.
   *
   * @param worker The worker.
   * @param onGone Told, once, that it is gone: the end of a sentence.
   */
  constructor(worker: DiskWorker, onGone: (why: string) => void) {
    this.#worker = worker;
    this.#onGone = onGone;
    this.#hasFailed = () => this.#tell("the script of its worker has failed");
    worker.addEventListener("error", this.#hasFailed);
  }

  /**
   * Waits for the lock that the worker holds.
   *
   * @param lock Its name.
   */
  async waitFor(lock: string): Promise<void> {
    // A script that fails in some other part of its work still serves disks.
    this.#worker.removeEventListener("error", this.#hasFailed);
    const { signal } = this.#ending;
    const waiting = takeWebLock("the worker", lock, { whenBusy: "wait", signal, onStolen() {} });
    const taken = await waiting.catch(() => null); // The watch has ended.
    await taken?.release();
    if (taken !== null) this.#tell("its worker has ended");
  }

  /** Ends it. */
  stop(): void {
    this.#worker.removeEventListener("error", this.#hasFailed);
    this.#ending.abort();
  }

  #tell(why: string): void {
    if (this.#ending.signal.aborted) return;
    this.stop();
    this.#onGone(why);
  }
}
