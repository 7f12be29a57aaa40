/**
 * The user's Ctrl-C, heard between two steps of a command, where every image is whole.
 *
 * The process hears nothing while it computes, nor while its promises are fulfilled at once: whoever works
 * long takes a breath now and then.
 *
 * @module
 */

import type { Environment } from "./environment.ts";
import { CommandFailure, EXIT_CODES } from "./failure.ts";

/** The user's Ctrl-C is looked for this often. */
export const BREATH_MS = 50;

/** Listens until it is disposed of. */
export class Interruption implements Disposable {
  readonly #environment: Environment;
  readonly #interruptedWith: string;
  readonly #stopListening: () => void;
  readonly #pressed = Promise.withResolvers<never>();
  #isPressed = false;
  #breathedAtMs: number;

  /**
   * Begins to listen.
   *
   * @param environment The world.
   * @param interruptedWith What a Ctrl-C leaves, as the end of a sentence: `OUT was not made`.
   */
  constructor(environment: Environment, interruptedWith: string) {
    this.#environment = environment;
    this.#interruptedWith = interruptedWith;
    this.#breathedAtMs = environment.clock.nowMs();
    this.#pressed.promise.catch(() => {}); // Whoever waits for nothing hears it at the next breath.
    this.#stopListening = environment.onInterrupt(() => {
      this.#isPressed = true;
      this.#pressed.reject(this.#failure());
    });
  }

  /**
   * Ends the work here if the user has pressed Ctrl-C. Cheap enough for every step.
   *
   * @throws {CommandFailure} With exit code 130 when so.
   */
  async breathe(): Promise<void> {
    const { clock } = this.#environment;
    if (clock.nowMs() - this.#breathedAtMs < BREATH_MS) return;
    // In one turn the process looks for signals, in the next it tells of those that came.
    await clock.sleep(0);
    await clock.sleep(0);
    this.#breathedAtMs = clock.nowMs();
    if (this.#isPressed) throw this.#failure();
  }

  /**
   * Waits, but not longer than until the user presses Ctrl-C.
   *
   * @param promise For what.
   * @returns What it is fulfilled with.
   * @throws {CommandFailure} With exit code 130 when the user was first.
   */
  orPressed<Result>(promise: Promise<Result>): Promise<Result> {
    return Promise.race([promise, this.#pressed.promise]);
  }

  [Symbol.dispose](): void {
    this.#stopListening();
  }

  #failure(): CommandFailure {
    return new CommandFailure(`Interrupted: ${this.#interruptedWith}`, EXIT_CODES.interrupted);
  }
}

/**
 * Hands pieces on until the user presses Ctrl-C, even while it waits for the next.
 *
 * @param environment The world.
 * @param pieces Where from.
 * @param interruptedWith What a Ctrl-C leaves, as the end of a sentence.
 * @returns The pieces.
 * @throws {CommandFailure} With exit code 130 in place of the next piece.
 */
export async function* interruptible(
  environment: Environment,
  pieces: AsyncIterable<Uint8Array>,
  interruptedWith: string,
): AsyncGenerator<Uint8Array> {
  using interruption = new Interruption(environment, interruptedWith);
  const iterator = pieces[Symbol.asyncIterator]();
  let isWaiting = false;
  try {
    for (;;) {
      isWaiting = true;
      const { done, value } = await interruption.orPressed(iterator.next());
      isWaiting = false;
      if (done === true) return;
      yield value;
      await interruption.breathe();
    }
  } finally {
    const letGo = iterator.return?.();
    // A pipe that gives nothing would not let go before it does.
    if (!isWaiting) await letGo;
  }
}
