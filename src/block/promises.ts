/**
 * Promises in two forms that the language has had for a short time only.
 *
 * | here | there | which is missing in |
 * |---|---|---|
 * | {@linkcode defer} | `Promise.withResolvers` | Node 20 |
 * | {@linkcode attempt} | `Promise.try` | Node 22, Safari before 18.2, Firefox before 134 |
 *
 * What is shipped runs on Node 20 and on the browsers of its year: packing it fails when a name of
 * the language is used that they do not have (`release/pack.ts`).
 *
 * This module is browser compatible.
 *
 * @module
 */

/** A promise, and who keeps or breaks it. */
interface Deferred<T> {
  /** The promise. */
  readonly promise: Promise<T>;
  /** Keeps it. */
  resolve(value: T | PromiseLike<T>): void;
  /** Breaks it. */
  reject(reason: unknown): void;
}

/**
 * Makes a promise that somebody else keeps.
 *
 * @returns The promise and its two ends.
 */
export function defer<T>(): Deferred<T> {
  let resolve!: Deferred<T>["resolve"];
  let reject!: Deferred<T>["reject"];
  const promise = new Promise<T>((...ends) => [resolve, reject] = ends);
  return { promise, resolve, reject };
}

/**
 * Does something at once, and tells how it went by a promise.
 *
 * @param perform What is done.
 * @returns Kept with what it returned; broken with what it threw.
 */
export function attempt<T>(perform: () => T | PromiseLike<T>): Promise<T> {
  return new Promise((resolve) => resolve(perform()));
}
