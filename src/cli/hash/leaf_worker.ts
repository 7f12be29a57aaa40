/**
 * A worker that hashes leaves of a view, which it opens for itself.
 *
 * | told | answers |
 * |---|---|
 * | first `{ word }` | `{ leaf: null }` when it is open |
 * | `{ leaf }`, the number of one | `{ leaf, hash }` |
 * | last `{ isEnd }` | `{ leaf: null }` when it is closed, so that others can have its files |
 * | anything that fails | `{ failure }`, a sentence |
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { sectorsToBytes } from "../../block/units.ts";
import { openView, type View } from "../view/view.ts";
import { LEAF_SECTORS, leafHash } from "./tree_hash.ts";

/** What a worker is told. */
export type LeafWish =
  | { readonly word: string }
  | { readonly leaf: number }
  | { readonly isEnd: true };

/** What it answers. */
export type LeafAnswer =
  | { readonly leaf: null }
  | { readonly leaf: number; readonly hash: string }
  | { readonly failure: string };

const buffer = new Uint8Array(sectorsToBytes(LEAF_SECTORS));
let view: View | undefined;

async function answerTo(wish: LeafWish): Promise<LeafAnswer> {
  if ("word" in wish) {
    view = await openView(wish.word, "read");
    return { leaf: null };
  }
  if ("isEnd" in wish) {
    await view?.[Symbol.asyncDispose]();
    return { leaf: null };
  }
  const { leaf } = wish;
  const { device } = view!;
  const sector = leaf * LEAF_SECTORS;
  const sectorCount = Math.min(LEAF_SECTORS, device.sectorCount - sector);
  const bytes = buffer.subarray(0, sectorsToBytes(sectorCount));
  await device.read(bytes, sector);
  return { leaf, hash: leafHash(bytes) };
}

self.onmessage = async ({ data: wish }: MessageEvent<LeafWish>) => {
  try {
    self.postMessage(await answerTo(wish));
  } catch (error) {
    self.postMessage({ failure: (error as Error).message });
  }
};
