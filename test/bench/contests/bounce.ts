/**
 * The bare round trip between two threads: word 1 goes there, word 0 comes back.
 *
 * Each side looks again after a wait: a thread can be woken by a notification that was meant for the
 * round before, and one that went on then would run ahead of the other, without ever sleeping again.
 *
 * @module
 */

function waitUntil(words: Int32Array, index: number, round: number): void {
  while (Atomics.load(words, index) !== round) Atomics.wait(words, index, round - 1);
}

/** One round trip: returns once the other side has answered. Rounds are counted from 1. */
export function bounce(words: Int32Array, round: number): void {
  Atomics.store(words, 1, round);
  Atomics.notify(words, 1);
  waitUntil(words, 0, round);
}

/** The other side, for ever. */
export function bounceBack(words: Int32Array): never {
  for (let round = 1;; round++) {
    waitUntil(words, 1, round);
    Atomics.store(words, 0, round);
    Atomics.notify(words, 0);
  }
}
