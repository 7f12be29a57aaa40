/**
 * What can be wrong with an entry of an area by itself: one body of rules for whoever loads a store
 * and for whoever checks one. That no chunk stands twice is not told here; it takes all entries.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { divCeil, SECTORS_MAX } from "../../block/units.ts";
import { CHUNKS_MAX } from "../../kernel/mod.ts";
import type { AreaLayout } from "./disk_format.ts";

/** From here on the kernel takes the top byte of a new chunk for the length of a run. */
const TOP_BYTE_CHUNK = 2 ** 56;

/** Something that is wrong with an entry. */
export interface EntryFault {
  /** Which rule it breaks. */
  readonly kind:
    | "oldChunkOutside"
    | "newChunkOutside"
    | "newChunkTopByte"
    | "newChunkOnMetadata";
  /** A clause for people: what was found, what was wanted. */
  readonly clause: string;
}

/** Why a chunk from `end` on is outside of its device, or as good as that. */
function wordsForEnd(end: number): string {
  return end < CHUNKS_MAX ? `has only ${end} chunks` : `can use only ${end} chunks`;
}

/** What entries are checked against. */
export class EntryBounds {
  /** Where areas lie. */
  readonly layout: AreaLayout;
  /** Old chunks are below this: the end of the device, or of what the index has room for. */
  readonly oldChunkEnd: number;
  /** New chunks are below this, likewise. */
  readonly newChunkEnd: number;
  readonly #cowName: string;
  readonly #sourceName: string | null;

  /**
   * Bounds of a COW device, as large as it is now.
   *
   * @param cow The COW device.
   * @param source The device whose chunks are excepted; `null` when it is not known, and may be as
   * large as a device can be.
   * @param layout Where areas lie.
   */
  constructor(cow: BlockDevice, source: BlockDevice | null, layout: AreaLayout) {
    this.layout = layout;
    const oldChunks = divCeil(source?.sectorCount ?? SECTORS_MAX, layout.chunkSectors);
    const newChunks = Math.floor(cow.sectorCount / layout.chunkSectors);
    this.oldChunkEnd = Math.min(oldChunks, CHUNKS_MAX);
    this.newChunkEnd = Math.min(newChunks, CHUNKS_MAX);
    this.#cowName = cow.name;
    this.#sourceName = source?.name ?? null;
  }

  /**
   * Checks an old chunk.
   *
   * @param oldChunk As it stands in the entry.
   * @returns What is wrong with it, or `null`.
   */
  oldChunkFault(oldChunk: number): EntryFault | null {
    if (oldChunk < this.oldChunkEnd) return null;
    const owner = this.#sourceName === null ? "any device" : `"${this.#sourceName}"`;
    return {
      kind: "oldChunkOutside",
      clause: `old chunk ${oldChunk}, but ${owner} ${wordsForEnd(this.oldChunkEnd)}`,
    };
  }

  /**
   * Checks a new chunk, not 0.
   *
   * @param newChunk As it stands in the entry.
   * @returns What is wrong with it, or `null`.
   */
  newChunkFault(newChunk: number): EntryFault | null {
    if (!(newChunk < this.newChunkEnd)) {
      return {
        kind: newChunk < TOP_BYTE_CHUNK ? "newChunkOutside" : "newChunkTopByte",
        clause: `new chunk ${newChunk}, but "${this.#cowName}" ${wordsForEnd(this.newChunkEnd)}`,
      };
    }
    if (!this.layout.isMetadataChunk(newChunk)) return null;
    return {
      kind: "newChunkOnMetadata",
      clause: `new chunk ${newChunk}, which holds metadata`,
    };
  }
}
