/**
 * What an origin calls its version: an ETag, a date, or a word of its own.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";

/** A device that can say which version of its contents it is. */
export interface TaggedDevice extends BlockDevice {
  /** For example an `ETag`; the same as long as the contents are. */
  readonly tag: string;
}

/** What the HTTP device knows its image by, as far as it matters here. */
interface ServedDevice extends BlockDevice {
  readonly identity: { readonly etag: string | null; readonly lastModified: string | null };
}

function isTagged(device: BlockDevice): device is TaggedDevice {
  return "tag" in device && typeof device.tag === "string";
}

function isServed(device: BlockDevice): device is ServedDevice {
  return "identity" in device && typeof device.identity === "object" && device.identity !== null &&
    "etag" in device.identity;
}

/**
 * The tag of an origin.
 *
 * @param device The origin.
 * @returns What its version is called; `null` when it has no word for it.
 */
export function tagOf(device: BlockDevice): string | null {
  if (isTagged(device)) return device.tag;
  return isServed(device) ? device.identity.etag ?? device.identity.lastModified ?? null : null;
}
