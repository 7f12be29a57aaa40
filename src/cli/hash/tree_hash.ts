/**
 * The tree hash: one hash of an image, whose parts can be hashed side by side.
 *
 *     leaf 0   leaf 1   …   leaf n      XXH3-128 of 4 MiB each, the last one of what is left
 *        \        |          /
 *         XXH3-128 of the leaves' hashes, 32 hexadecimal digits each, one behind the other
 *
 * It is for telling that nothing has changed by accident, not for defence against somebody who wants it
 * to look so.
 *
 * @module
 */

import { xxh128 } from "../../kernel/mod.ts";

/** Sectors in a leaf: 4 MiB. */
export const LEAF_SECTORS = 8192;

/**
 * The hash of the whole.
 *
 * @param leaves The leaves' hashes, in order.
 * @returns 32 hexadecimal digits.
 */
export function rootHash(leaves: readonly string[]): string {
  return xxh128(new TextEncoder().encode(leaves.join("")));
}

/**
 * The hash of a leaf.
 *
 * @param bytes Its bytes.
 * @returns 32 hexadecimal digits.
 */
export function leafHash(bytes: Uint8Array): string {
  return xxh128(bytes);
}
