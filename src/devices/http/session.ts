/**
 * The session with one server about one image: attempts, what is made of their outcomes, and an end.
 *
 * | an attempt | then |
 * |---|---|
 * | is done | its result is returned |
 * | may go better (`again`), or the network failed | the next one, after the back-off; in the end `EIO` |
 * | was refused | its code, at once |
 * | shows another image (`changed`) | `EIO`, here and for everything that is asked later |
 *
 * **Invariants**
 * - Once it has failed, by change or by its end, nothing is sent any more and nothing that arrives is
 *   believed: every attempt under way is cut and every sleep is woken, with that failure.
 * - When a server asks to stay away, no attempt of any request is made before that.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Clock } from "../../block/clock.ts";
import { BlockDeviceError, type ErrorPlace } from "../../block/errors.ts";
import { type Again, type Changed, type Refused, withoutQuery } from "./answer.ts";
import type { Backoff } from "./backoff.ts";
import { allowAdvice } from "./cross_origin.ts";
import { Exchange, type Fetch, NetworkFailure, sleepUnlessAborted } from "./exchange.ts";
import { StallWatch } from "./stall_watch.ts";

/** What has been done for a device so far. */
export interface HttpProgress {
  /** Requests that were sent. */
  readonly requestCount: number;
  /** How many of them were sent because an earlier one had failed. */
  readonly retryCount: number;
  /** Why the last of those was sent; `null` when there was none. */
  readonly retryReason: string | null;
  /** Bytes of bodies that have come, those of failed attempts included. */
  readonly fetchedBytes: number;
}

/** What an attempt has come to. */
export type Outcome<Result> =
  | { readonly kind: "done"; readonly result: Result }
  | Again
  | Refused
  | Changed;

/** What a session is made with. */
export interface SessionOptions {
  /** The device's name, for messages. */
  readonly name: string;
  readonly url: string;
  readonly fetch: Fetch;
  readonly headers: Readonly<Record<string, string>>;
  readonly redirect: "follow" | "refuse";
  readonly clock: Clock;
  readonly backoff: Backoff;
  readonly stallTimeoutMs: number;
  readonly onProgress: (progress: HttpProgress) => void;
}

/** What is tried, and how a failure of it is told. */
export interface Task<Result> {
  /** `Cannot …`, without a full stop. */
  readonly what: string;
  /** Where. */
  readonly place: ErrorPlace;
  /** Makes one attempt. */
  attempt(exchange: Exchange): Promise<Outcome<Result>>;
}

/** Performs requests until they are done or cannot be. */
export class Session {
  /** Told of the failure when it fails. */
  onFailure: (failure: BlockDeviceError) => void = () => {};
  readonly #options: SessionOptions;
  readonly #watch: StallWatch;
  readonly #abort = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();
  #failure: BlockDeviceError | null = null;
  #progress: HttpProgress = { requestCount: 0, retryCount: 0, retryReason: null, fetchedBytes: 0 };
  #restUntilMs: number;

  /**
   * A session that has not begun.
   *
   * @param options What it is made with.
   */
  constructor(options: SessionOptions) {
    this.#options = options;
    this.#watch = new StallWatch(options.clock, options.stallTimeoutMs);
    this.#restUntilMs = options.clock.nowMs();
  }

  /** What has been done so far. */
  get progress(): HttpProgress {
    return this.#progress;
  }

  /** Throws the failure, if the session has failed. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /**
   * Fails for ever. The first failure stays.
   *
   * @param failure What everyone is told from now on.
   */
  fail(failure: BlockDeviceError): void {
    if (this.#failure !== null) return;
    this.#failure = failure;
    this.#abort.abort(failure);
    this.onFailure(failure);
  }

  /** Waits until nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  /**
   * What a request is sent with.
   *
   * @param headers The fields of this request.
   * @returns The whole of it.
   */
  request(headers: Readonly<Record<string, string>>): RequestInit {
    return {
      headers: { ...this.#options.headers, ...headers },
      redirect: this.#options.redirect === "follow" ? "follow" : "manual",
      // What a browser has kept may be of another version than what the server has.
      cache: "no-store",
    };
  }

  /**
   * Makes attempts until one of them is done.
   *
   * @param task What is tried.
   * @returns What the last attempt has come to.
   * @throws {BlockDeviceError} When it is refused, the attempts are used up, or the session fails.
   */
  perform<Result>(task: Task<Result>): Promise<Result> {
    const performing = this.#perform(task);
    this.#underWay.add(performing);
    const end = () => void this.#underWay.delete(performing);
    performing.then(end, end);
    return performing;
  }

  async #perform<Result>(task: Task<Result>): Promise<Result> {
    const { backoff } = this.#options;
    for (let attemptCount = 1;; attemptCount++) {
      await this.#rest();
      const outcome = await this.#try(task);
      this.check();
      switch (outcome.kind) {
        case "done":
          return outcome.result;
        case "changed":
          this.fail(this.#hasChanged(outcome));
          throw this.#failure;
        case "refused":
          throw refusalOf(task, outcome.why, outcome.code);
        case "again": {
          if (attemptCount >= backoff.attemptsMax) {
            const times = attemptCount === 1 ? "once" : `${attemptCount} times`;
            throw refusalOf(task, `tried ${times}, at last: ${outcome.why}`, "EIO", outcome.cause);
          }
          await this.#stayAway(task, attemptCount, outcome);
        }
      }
    }
  }

  async #try<Result>(task: Task<Result>): Promise<Outcome<Result>> {
    const { fetch, url } = this.#options;
    const { signal } = this.#abort;
    const onBytes = (byteCount: number) =>
      this.#tell({ fetchedBytes: this.#progress.fetchedBytes + byteCount });
    const exchange = new Exchange({ fetch, url, signal, watch: this.#watch, onBytes });
    this.#tell({ requestCount: this.#progress.requestCount + 1 });
    try {
      return await task.attempt(exchange);
    } catch (error) {
      if (!(error instanceof NetworkFailure)) throw error;
      // A runtime's message may spell out the URL, and with it whatever secret it ends in.
      const why = error.message.replaceAll(url, withoutQuery(url));
      const advice = exchange.isAnswered ? "" : allowAdvice(url);
      return { kind: "again", why: `the network failed: ${why}${advice}`, cause: error };
    } finally {
      exchange.end();
    }
  }

  async #stayAway<Result>(task: Task<Result>, failureCount: number, again: Again): Promise<void> {
    const { backoff, clock } = this.#options;
    const retryAfterMs = again.retryAfterMs ?? null;
    const delayMs = backoff.delayMs(failureCount, retryAfterMs);
    if (delayMs === null) {
      const asked = (retryAfterMs ?? 0) / 1000;
      const why = `${again.why} and asks to stay away for ${asked} seconds; want at most ` +
        `${backoff.delayMsMax / 1000}`;
      throw refusalOf(task, why, "EIO", again.cause);
    }
    if (retryAfterMs !== null) {
      this.#restUntilMs = Math.max(this.#restUntilMs, clock.nowMs() + retryAfterMs);
    }
    await sleepUnlessAborted(clock, delayMs, this.#abort.signal);
    this.#tell({ retryCount: this.#progress.retryCount + 1, retryReason: again.why });
  }

  /** Waits while the server wants nobody to come. */
  async #rest(): Promise<void> {
    const { clock } = this.#options;
    this.check();
    for (;;) {
      const leftMs = this.#restUntilMs - clock.nowMs();
      if (leftMs <= 0) return;
      await sleepUnlessAborted(clock, leftMs, this.#abort.signal);
    }
  }

  #tell(news: Partial<HttpProgress>): void {
    this.#progress = { ...this.#progress, ...news };
    this.#options.onProgress(this.#progress);
  }

  #hasChanged({ why }: Changed): BlockDeviceError {
    const { name } = this.#options;
    const message = `Cannot read "${name}" any more: the image has changed since it was opened: ` +
      `${why}; open it again`;
    return new BlockDeviceError("EIO", message, { device: name });
  }
}

function refusalOf(
  { what, place }: Task<unknown>,
  why: string,
  code: Refused["code"],
  cause?: unknown,
): BlockDeviceError {
  return new BlockDeviceError(code, `${what}: ${why}`, { ...place, cause });
}
