/**
 * A worker that hashes leaves of a view, which it opens for itself.
 *
 * | told | answers |
 * |---|---|
 * | once, a view and a queue | `{ leaf, hash }` for each leaf that it took |
 * | | `{ leaf: null }` when none are left, and its view is closed |
 * | | or, at any time, `{ failure }`, a sentence |
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { type HashedLeaf, hashLeaves, type LeafQueue } from "./leaf_queue.ts";

/** What a worker is told. */
export interface LeafWish {
  readonly word: string;
  readonly queue: LeafQueue;
}

/** What it answers. */
export type LeafAnswer = HashedLeaf | { readonly leaf: null } | { readonly failure: string };

const answer = (what: LeafAnswer) => self.postMessage(what);

self.onmessage = async ({ data: { word, queue } }: MessageEvent<LeafWish>) => {
  try {
    for await (const done of hashLeaves(word, queue)) answer(done);
    answer({ leaf: null });
  } catch (error) {
    answer({ failure: (error as Error).message });
  }
};
