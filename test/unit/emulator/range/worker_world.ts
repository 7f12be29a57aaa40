/**
 * A service worker and its pages, played: messages between them are cloned and delivered at once, time
 * stands still unless it is told to pass, and the worker can be stopped and pages closed.
 *
 * @module
 */
import {
  type RangeWorkerOptions,
  serveRanges,
  type WorkerScope,
} from "../../../../src/emulator/range_worker.ts";
import type { MessageSource, OfferTarget } from "../../../../src/emulator/range/disk_offer.ts";
import type { WorkerClient, WorkerClients } from "../../../../src/emulator/range/offered_disk.ts";
import { quiet, SimulatedClock } from "../../../http/simulated_clock.ts";

export const ORIGIN = "https://example.com";
const SCOPE = `${ORIGIN}/app/`;

/** A page as tests see it: what `offerDevice` wants of one. */
export interface Page {
  readonly id: string;
  readonly target: OfferTarget;
  readonly messages: MessageSource;
}

export class WorkerWorld {
  readonly clock = new SimulatedClock(true);
  readonly claims: string[] = [];
  readonly #options: RangeWorkerOptions;
  readonly #clients = new Map<string, WorkerClient>();
  #listeners = new Map<string, (event: never) => void>();
  #pageCount = 0;

  constructor(options: RangeWorkerOptions = {}) {
    this.#options = options;
    this.startWorker();
  }

  get clients(): WorkerClients {
    return {
      get: (id) => Promise.resolve(this.#clients.get(id)),
      matchAll: () => Promise.resolve([...this.#clients.values()]),
      claim: () => Promise.resolve(void this.claims.push("claim")),
    };
  }

  /** Starts the worker, which knows nothing then, whatever an earlier one knew. */
  startWorker(): void {
    const listeners = this.#listeners = new Map();
    const scope: WorkerScope = {
      registration: { scope: SCOPE },
      clients: this.clients,
      skipWaiting: () => Promise.resolve(void this.claims.push("skipWaiting")),
      addEventListener: (type, listener) => void listeners.set(type, listener),
    };
    serveRanges({ clock: this.clock, ...this.#options }, scope);
  }

  /** Gives the worker an event, and waits for all that it wants to be waited for. */
  async dispatch(type: string, fields: Record<string, unknown> = {}): Promise<void> {
    const waits: Promise<unknown>[] = [];
    const waitUntil = (promise: Promise<unknown>) => void waits.push(promise);
    this.#listeners.get(type)!({ ...fields, waitUntil } as never);
    await Promise.all(waits);
  }

  openPage(): Page {
    const id = `page ${++this.#pageCount}`;
    const messages = new EventTarget();
    const toWorker = (message: unknown, handedOver: Transferable[] = []) =>
      void this.dispatch("message", {
        data: structuredClone(message),
        source: this.#clients.get(id) ?? null,
        ports: handedOver,
      });
    const worker = { postMessage: toWorker };
    const postMessage = (message: unknown) => {
      const event = new MessageEvent("message", { data: structuredClone(message) });
      messages.dispatchEvent(Object.defineProperty(event, "source", { value: worker }));
    };
    this.#clients.set(id, { id, postMessage });
    return { id, messages, target: { scope: SCOPE, active: worker } };
  }

  /** Closes a page. Its ports fall silent, and nobody is told. */
  closePage({ id }: Page): void {
    this.#clients.delete(id);
  }

  /** What the worker answers; `null` when it leaves the request to the browser. */
  fetch(request: Request): Promise<Response> | null {
    let answer: Promise<Response> | null = null;
    const respondWith = (promise: Promise<Response>) => void (answer = promise);
    void this.dispatch("fetch", { request, respondWith });
    return answer;
  }

  /** What it answers for a disk. */
  async get(path: string, range?: string): Promise<Response> {
    const headers: Record<string, string> = range === undefined ? {} : { Range: range };
    const answer = this.fetch(new Request(new URL(path, SCOPE), { headers }));
    if (answer === null) throw new Error(`the worker does not answer for ${path}`);
    return await answer;
  }

  /** Lets time pass until something has happened that takes no longer than this. */
  async during<Result>(timeMs: number, happening: Promise<Result>): Promise<Result> {
    let isOver = false;
    const watched = happening.finally(() => isOver = true);
    watched.catch(() => {});
    for (let passedMs = 0; !isOver && passedMs <= timeMs; passedMs += 100) {
      // Ports take a few turns to deliver what is sent over them.
      for (let turn = 0; turn < 20 && !isOver; turn++) await quiet();
      if (!isOver) await this.clock.advance(100);
    }
    if (!isOver) throw new Error(`nothing has happened within ${timeMs} ms`);
    return await watched;
  }
}
