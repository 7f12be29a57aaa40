/**
 * One exchange: a request, its answer, and the bytes of its body, up to a count and no further.
 *
 * Whatever the other side does, an exchange ends: a body longer than wanted is cut off at the first
 * byte too many, silence for longer than the stall time is a failure, and a cut (the session's end)
 * is felt at once, even where `fetch` does not listen to its signal.
 *
 * What can be blamed on the network is thrown as a {@linkcode NetworkFailure}. When an exchange has
 * ended nothing of it is left under way, and its connection is given back or dropped.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Clock } from "../../block/clock.ts";
import type { StallWatch, Watched } from "./stall_watch.ts";

/** What performs requests: `fetch`, or something like it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The network's fault: it may go better next time. */
export class NetworkFailure extends Error {
  override readonly name = "NetworkFailure";
}

/** No sleep is longer, so that no timer is left for longer when the signal has come. */
const SLICE_MS = 1000;

/**
 * Waits for a promise, but no longer than until a signal.
 *
 * @param signal Its reason is thrown when it comes first.
 * @param promise What is waited for.
 * @returns What the promise is kept with.
 */
function unlessAborted<Result>(
  signal: AbortSignal,
  promise: Promise<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const cut = () => reject(signal.reason);
    if (signal.aborted) cut();
    signal.addEventListener("abort", cut, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", cut));
  });
}

/**
 * Lets time pass, but no longer than until a signal.
 *
 * @param clock What time is told by.
 * @param timeMs How much.
 * @param signal Its reason is thrown when it comes first.
 */
export async function sleepUnlessAborted(
  clock: Clock,
  timeMs: number,
  signal: AbortSignal,
): Promise<void> {
  for (let leftMs = timeMs; leftMs > 0; leftMs -= SLICE_MS) {
    await unlessAborted(signal, clock.sleep(Math.min(leftMs, SLICE_MS)));
  }
}

/** What an exchange is made with. */
export interface ExchangeOptions {
  readonly fetch: Fetch;
  readonly url: string;
  /** Cuts the exchange; its reason is what is thrown. */
  readonly signal: AbortSignal;
  /** Notices silence. */
  readonly watch: StallWatch;
  /** Told of every arrival. */
  readonly onBytes: (byteCount: number) => void;
}

/** A request and its answer. */
export class Exchange implements Watched {
  lastMs: number;
  readonly #options: ExchangeOptions;
  readonly #abort = new AbortController();
  readonly #cut: () => void;
  #response: Response | null = null;

  /**
   * An exchange that has not begun.
   *
   * @param options What it is made with.
   */
  constructor(options: ExchangeOptions) {
    const { signal, watch } = this.#options = options;
    this.lastMs = watch.nowMs();
    this.#cut = () => this.#abort.abort(signal.reason);
    if (signal.aborted) this.#cut();
    signal.addEventListener("abort", this.#cut, { once: true });
  }

  /** Whether the head of an answer has come. */
  get isAnswered(): boolean {
    return this.#response !== null;
  }

  /**
   * Sends the request, and waits for the head of the answer.
   *
   * @param init The request.
   * @returns The answer.
   * @throws {NetworkFailure} When there is none.
   */
  async send(init: RequestInit): Promise<Response> {
    const { fetch, url, watch } = this.#options;
    const { signal } = this.#abort;
    signal.throwIfAborted();
    this.lastMs = watch.nowMs();
    watch.watch(this);
    const answering = callFetch(() => fetch(url, { ...init, signal }));
    try {
      return this.#response = await unlessAborted(signal, answering);
    } catch (error) {
      // An answer that comes after the cut is let go of.
      answering.then((late) => late.body?.cancel()).catch(() => {});
      throw this.#blame(error);
    }
  }

  /**
   * The bytes of the answer's body, as they come. Whoever stops early drops the connection.
   *
   * @returns The bytes, in pieces of any size but empty.
   * @throws {NetworkFailure} When the body breaks off.
   */
  async *body(): AsyncGenerator<Uint8Array, void, void> {
    const reader = this.#response?.body?.getReader();
    if (reader === undefined) return;
    try {
      for (;;) {
        const { value, done } = await this.#arrival(reader);
        if (done) return;
        if (value.length === 0) continue;
        this.lastMs = this.#options.watch.nowMs();
        this.#options.onBytes(value.length);
        yield value;
      }
    } finally {
      reader.cancel().catch(() => {});
    }
  }

  /**
   * Reads the body into a buffer, up to its end.
   *
   * @param target Filled from its start; nothing else of it is changed.
   * @param onFilled Told how many bytes of it are filled, so that a body that breaks off is not lost.
   * @returns Whether the body ended where the buffer does, before it, or goes on behind it.
   * @throws {NetworkFailure} When the body breaks off.
   */
  async fill(
    target: Uint8Array,
    onFilled: (byteCount: number) => void,
  ): Promise<"whole" | "short" | "long"> {
    let done = 0;
    try {
      for await (const bytes of this.body()) {
        if (bytes.length > target.length - done) return "long";
        target.set(bytes, done);
        done += bytes.length;
        onFilled(done);
      }
    } catch (error) {
      // What fails behind the last byte that is wanted takes nothing away.
      if (!(error instanceof NetworkFailure) || done < target.length) throw error;
    }
    return done === target.length ? "whole" : "short";
  }

  /** Ends it: what of it is under way is dropped. */
  end(): void {
    this.#options.watch.forget(this);
    this.#options.signal.removeEventListener("abort", this.#cut);
    const body = this.#response?.body;
    if (body !== null && body !== undefined && !body.locked) body.cancel().catch(() => {});
  }

  stall(timeoutMs: number): void {
    this.#abort.abort(new NetworkFailure(`nothing came for ${timeoutMs / 1000} seconds`));
  }

  async #arrival(
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<ReadableStreamReadResult<Uint8Array>> {
    try {
      return await unlessAborted(this.#abort.signal, reader.read());
    } catch (error) {
      throw this.#blame(error);
    }
  }

  /** A cut is thrown as it is; everything else is the network's. */
  #blame(error: unknown): unknown {
    const { signal } = this.#abort;
    if (signal.aborted) return signal.reason;
    return new NetworkFailure(error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}

/** Whatever is called `fetch` may throw instead of rejecting. */
async function callFetch(call: () => Promise<Response>): Promise<Response> {
  return await call();
}
