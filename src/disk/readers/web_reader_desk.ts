/**
 * A reader desk of Web Locks and a channel: for tabs and workers of one origin.
 *
 * | lock | who has it |
 * |---|---|
 * | `cowdisk/disk/<place>` | the writer, alone; a reader together with others, while it reads the manifest |
 * | `cowdisk/reader/<nonce>/<place>` | the reader with this nonce, as long as it is open |
 *
 * | on the channel `cowdisk/disk/<place>` | is said by |
 * |---|---|
 * | `{ ask: nonce }` | a reader: what can I look at? |
 * | `{ answer: nonce, manifest }` or `{ answer: nonce, error }` | the writer |
 * | `{ isServing: true }` | a writer that has begun to answer: who asked before asks again |
 *
 * The writer waits in the queue of every reader's own lock, which it gets when the reader has gone, in
 * whatever way. A reader that has asked waits in the queue of the writer's. So nobody is waited for who
 * is not there any more, and nothing depends on how long anything takes. A writer whose thread is busy
 * answers when it is not; whoever does not want to wait for that gives a signal.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type Clock, systemClock } from "../../block/clock.ts";
import { BlockDeviceError, codeOf } from "../../block/errors.ts";
import { packError, type PortError, unpackError } from "../../devices/port_protocol.ts";
import { holdWebLock, type WebLock, type WhenBusy } from "../../devices/web_lock.ts";
import type { ReaderDesk, ReaderHost, ReaderSeat, WriterSeat } from "./reader_desk.ts";

/** What a desk is made of. */
export interface WebReaderDeskOptions {
  /** What is done when another writes. */
  readonly whenBusy?: WhenBusy | undefined;
  /** Ends waits, with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Where locks are. A seam for tests. */
  readonly locks?: LockManager;
  /** Opens a channel. A seam for tests. */
  readonly openChannel?: (name: string) => BroadcastChannel;
  /** What is waited by until a reader has begun. */
  readonly clock?: Clock;
}

/** What is said on the channel. */
interface Said {
  readonly ask?: string;
  readonly answer?: string;
  readonly manifest?: string;
  readonly error?: PortError;
  readonly isServing?: boolean;
}

/** Who finds a reader that is about to begin looks again so often. */
const BEGINNING_RETRY_MS = 20;

/** The part of the world that locks and channels are. */
interface Surroundings {
  readonly place: string;
  readonly locks: LockManager;
  readonly openChannel: (name: string) => BroadcastChannel;
}

const writerLock = (place: string) => `cowdisk/disk/${place}`;
const readerLock = (place: string, nonce: string) => `cowdisk/reader/${nonce}/${place}`;

/** The nonce of a reader of this place, of its lock's name. */
function nonceOf(place: string, lock: string): string | null {
  const [, nonce, found] = /^cowdisk\/reader\/([^/]+)\/([^]*)$/.exec(lock) ?? [];
  return nonce !== undefined && found === place ? nonce : null;
}

class WebWriterSeat implements WriterSeat {
  readonly #around: Surroundings;
  readonly #lock: WebLock;
  readonly #channel: BroadcastChannel;
  readonly #readers = new Set<string>();
  /** Of those, who waits for an answer. */
  readonly #asking = new Set<string>();
  readonly #leaving = new AbortController();
  #host: ReaderHost | null = null;

  constructor(around: Surroundings, lock: WebLock, readers: readonly string[]) {
    this.#around = around;
    this.#lock = lock;
    this.#channel = around.openChannel(writerLock(around.place));
    for (const nonce of readers) this.#meet(nonce);
  }

  get hasReaders(): boolean {
    return this.#readers.size > 0;
  }

  serve(host: ReaderHost): void {
    this.#host = host;
    this.#channel.onmessage = ({ data: said }: MessageEvent<Said>) => {
      if (said.ask !== undefined && !this.#asking.has(said.ask)) {
        void this.#answer(host, said.ask);
      }
    };
    this.#say({ isServing: true });
    this.#freeIfAlone();
  }

  async leave(): Promise<void> {
    this.#leaving.abort();
    this.#channel.close();
    await this.#lock.release();
  }

  async #answer(host: ReaderHost, nonce: string): Promise<void> {
    this.#asking.add(nonce);
    this.#meet(nonce);
    try {
      const manifest = await host.freeze();
      this.#say({ answer: nonce, manifest });
    } catch (error) {
      // Who ends says nothing: the lock that is free then does.
      if (codeOf(error) !== "ESHUTDOWN") this.#say({ answer: nonce, error: packError(error) });
    }
    this.#asking.delete(nonce);
    // It may have gone while it was being answered.
    this.#freeIfAlone();
  }

  #say(said: Said): void {
    if (this.#leaving.signal.aborted) return;
    try {
      this.#channel.postMessage(said);
    } catch {
      // As if nobody listened: readers wait for the lock.
    }
  }

  /** Takes note of a reader. */
  #meet(nonce: string): void {
    if (this.#readers.has(nonce)) return;
    this.#readers.add(nonce);
    void this.#watch(nonce);
  }

  /** Takes note when it has gone. */
  async #watch(nonce: string): Promise<void> {
    const { locks, place } = this.#around;
    const { signal } = this.#leaving;
    try {
      const lock = await holdWebLock(locks, readerLock(place, nonce), { signal });
      await lock?.release();
    } catch {
      return; // Whoever writes next looks who is there.
    }
    this.#readers.delete(nonce);
    this.#freeIfAlone();
  }

  #freeIfAlone(): void {
    const isAlone = !this.hasReaders && this.#asking.size === 0;
    if (isAlone && !this.#leaving.signal.aborted) this.#host?.free();
  }
}

/** Asks the writer until it answers; the wait for that ends with the channel. */
function ask(channel: BroadcastChannel, nonce: string): Promise<string> {
  return new Promise((resolve, reject) => {
    channel.onmessage = ({ data: said }: MessageEvent<Said>) => {
      if (said.isServing === true) channel.postMessage({ ask: nonce });
      if (said.answer !== nonce) return;
      if (said.error !== undefined) reject(unpackError(said.error));
      else if (said.manifest !== undefined) resolve(said.manifest);
    };
    channel.postMessage({ ask: nonce });
  });
}

class WebReaderDesk implements ReaderDesk {
  readonly #around: Surroundings;
  readonly #whenBusy: WhenBusy;
  readonly #signal: AbortSignal | undefined;
  readonly #clock: Clock;

  constructor(around: Surroundings, options: WebReaderDeskOptions) {
    this.#around = around;
    this.#whenBusy = options.whenBusy ?? "refuse";
    this.#signal = options.signal;
    this.#clock = options.clock ?? systemClock;
  }

  async beginWriting(disk: string): Promise<WriterSeat> {
    const { locks, place } = this.#around;
    const name = writerLock(place);
    const waiting = this.#signal === undefined ? {} : { signal: this.#signal };
    let lock = this.#whenBusy === "wait"
      ? await holdWebLock(locks, name, waiting)
      : await holdWebLock(locks, name, { ifAvailable: true });
    while (lock === null) {
      this.#signal?.throwIfAborted();
      const { held = [], pending = [] } = await locks.query();
      const isWritten = [...held, ...pending].some((each) =>
        each.name === name && each.mode === "exclusive"
      );
      if (isWritten) throw isBusy(disk);
      // A reader reads the manifest: it is done soon, or dies.
      await this.#clock.sleep(BEGINNING_RETRY_MS);
      lock = await holdWebLock(locks, name, { ifAvailable: true });
    }
    const { held = [] } = await locks.query();
    const readers = held.flatMap(({ name = "" }) => nonceOf(place, name) ?? []);
    return new WebWriterSeat(this.#around, lock, readers);
  }

  async beginReading(): Promise<ReaderSeat> {
    const { locks, place } = this.#around;
    const nonce = crypto.randomUUID();
    const own = await holdWebLock(locks, readerLock(place, nonce));
    try {
      this.#signal?.throwIfAborted();
      const shared: LockOptions = { mode: "shared", ifAvailable: true };
      const free = await holdWebLock(locks, writerLock(place), shared);
      const found = free ?? await this.#askOrWait(nonce);
      const isAnswer = typeof found === "string";
      return {
        manifest: isAnswer ? found : null,
        letWrite: async () => isAnswer ? undefined : await found.release(),
        leave: async () => {
          if (!isAnswer) await found.release();
          await own?.release();
        },
      };
    } catch (error) {
      await own?.release();
      throw error;
    }
  }

  /** The writer's answer, or its lock when there is no writer any more: whichever is first. */
  async #askOrWait(nonce: string): Promise<string | WebLock> {
    const { locks, place, openChannel } = this.#around;
    const enough = new AbortController();
    const giveUp = () => enough.abort(this.#signal?.reason);
    this.#signal?.addEventListener("abort", giveUp, { once: true });
    const channel = openChannel(writerLock(place));
    const { signal } = enough;
    const queued = holdWebLock(locks, writerLock(place), { mode: "shared", signal });
    let found: string | WebLock | null = null;
    try {
      found = await Promise.race([ask(channel, nonce), queued]);
      return found as string | WebLock;
    } finally {
      this.#signal?.removeEventListener("abort", giveUp);
      channel.close();
      enough.abort();
      // It may have been granted all the same.
      queued.then((lock) => lock === found ? undefined : lock?.release(), () => {});
    }
  }
}

function isBusy(disk: string): BlockDeviceError {
  return new BlockDeviceError(
    "EBUSY",
    `Cannot open the disk "${disk}" for writing: it is open elsewhere; ` +
      'wait for it with whenBusy: "wait", or look at it with readOnly: true',
  );
}

/**
 * Makes a desk.
 *
 * @param place What is written and read, told apart from all others of the origin.
 * @param options What it is made of.
 * @returns The desk; `undefined` where there are no Web Locks.
 */
export function createWebReaderDesk(
  place: string,
  options: WebReaderDeskOptions = {},
): ReaderDesk | undefined {
  const locks = options.locks ?? (globalThis.navigator as Navigator | undefined)?.locks;
  if (locks === undefined) return undefined;
  const { openChannel = (name) => new BroadcastChannel(name) } = options;
  return new WebReaderDesk({ place, locks, openChannel }, options);
}
