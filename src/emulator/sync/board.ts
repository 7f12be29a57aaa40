/**
 * The board: the shared words of one server and all its clients, and how threads sleep.
 *
 * | word    | who changes it                        | what for                                       |
 * | ------- | ------------------------------------- | ---------------------------------------------- |
 * | bell    | a client, after it has offered a slot | the server sleeps while it stays as it was     |
 * | tickets | a client, before it offers a slot     | requests are begun in the order of tickets     |
 * | nudge   | the server                            | 1 while only a message can wake it             |
 * | life    | the server, at every step it makes    | a server whose life stands still may be dead   |
 * | end     | the server, or who has seen its end   | nobody waits for a server that has ended       |
 *
 * No wake is lost: the server reads the bell, looks at every slot, and sleeps only if the bell is
 * still as it was read; a client offers first and rings then. With messages it says so on the board
 * before it looks at the bell once more.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Words are a cache line apart: what the server writes does not slow down what clients write. */
const LINE_WORDS = 16;

const BELL = 0;
const TICKETS = LINE_WORDS;
const NUDGE = 2 * LINE_WORDS;
const LIFE = 3 * LINE_WORDS;
const END = 4 * LINE_WORDS;

/** Bytes of a board. */
export const BOARD_BYTES = 5 * LINE_WORDS * 4;

/** Shared words: see the file's head. */
export class Board {
  readonly #words: Int32Array<SharedArrayBuffer>;

  /**
   * Sees a memory as a board.
   *
   * @param memory {@linkcode BOARD_BYTES} of it.
   * @throws {RangeError} When it is of another size.
   */
  constructor(memory: SharedArrayBuffer) {
    if (memory.byteLength !== BOARD_BYTES) {
      throw new RangeError(
        `Cannot use ${memory.byteLength} bytes as a board: want ${BOARD_BYTES}`,
      );
    }
    this.#words = new Int32Array(memory);
  }

  /** What the bell shows. */
  get bell(): number {
    return Atomics.load(this.#words, BELL);
  }

  /** Whether the server waits for a message. */
  get wantsNudge(): boolean {
    return Atomics.load(this.#words, NUDGE) === 1;
  }

  /** Says whether the server waits for a message. */
  set wantsNudge(wants: boolean) {
    Atomics.store(this.#words, NUDGE, wants ? 1 : 0);
  }

  /** A number that changes while the server lives. */
  get life(): number {
    return Atomics.load(this.#words, LIFE);
  }

  /** Whether the server has ended. */
  get hasEnded(): boolean {
    return Atomics.load(this.#words, END) !== 0;
  }

  /** Rings: the server has something to do. */
  ring(): void {
    Atomics.add(this.#words, BELL, 1);
    Atomics.notify(this.#words, BELL);
  }

  /** A request's place in the order of all. */
  drawTicket(): number {
    return Atomics.add(this.#words, TICKETS, 1);
  }

  /** Shows that the server lives. */
  showLife(): void {
    Atomics.add(this.#words, LIFE, 1);
  }

  /** Says that the server has ended, and wakes it if it has not. */
  end(): void {
    Atomics.store(this.#words, END, 1);
    this.ring();
  }

  /** Blocks the thread while the bell shows `bell`. Returns whether it was rung in that time. */
  waitForBell(bell: number, timeoutMs: number): boolean {
    return Atomics.wait(this.#words, BELL, bell, timeoutMs) !== "timed-out";
  }

  /** Waits while the bell shows `bell`, where the engine can. */
  waitForBellAsync(bell: number): Promise<unknown> | undefined {
    return waitAsync(this.#words, BELL, bell);
  }
}

/** Whether this thread may block. A page's own may not. */
export function canBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0); // Not 1: it does not wait.
    return true;
  } catch {
    return false;
  }
}

/**
 * Waits for a word to change without blocking.
 *
 * @returns A promise of what `Atomics.wait` returns, or nothing where the engine has no such thing.
 */
export function waitAsync(
  words: Int32Array<SharedArrayBuffer>,
  index: number,
  value: number,
  timeoutMs?: number,
): Promise<string> | undefined {
  if (typeof Atomics.waitAsync !== "function") return undefined;
  const { value: outcome } = Atomics.waitAsync(words, index, value, timeoutMs ?? Infinity);
  return Promise.resolve(outcome);
}
