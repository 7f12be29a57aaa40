/**
 * How large the COW device of a layer is: every chunk of the disk fits into it twice.
 *
 * Once, so that it never runs full. And once more, because a chunk of the COW device that could not be
 * filled is not handed out again until the layer is next opened. Devices are sparse: room costs nothing.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { divCeil, SECTORS_MAX } from "../../block/units.ts";
import { AreaLayout, chunkSizeFault } from "../../exception/mod.ts";
import { CHUNKS_MAX } from "../../kernel/mod.ts";

/**
 * The size of a layer's COW device, in sectors.
 *
 * @param sectorCount The disk's size.
 * @param chunkSectors The unit of copy-on-write.
 */
export function layerSectors(sectorCount: number, chunkSectors: number): number {
  const layout = new AreaLayout(chunkSectors);
  // One more than there are chunks: the last entry of an area needs an area behind it.
  return (layout.chunkInOrder(2 * divCeil(sectorCount, chunkSectors)) + 1) * chunkSectors;
}

/**
 * What keeps a disk of some size from having layers.
 *
 * @param sectorCount The disk's size.
 * @param chunkSectors The unit of copy-on-write.
 * @returns A clause with what was found and what is wanted, or `null`.
 */
export function layerSizeFault(sectorCount: number, chunkSectors: number): string | null {
  if (sectorCount === 0) return "it has no sectors, want at least one";
  const fault = chunkSizeFault(chunkSectors, []);
  if (fault !== null) return fault.clause;
  const layer = layerSectors(sectorCount, chunkSectors);
  const chunkCount = layer / chunkSectors;
  if (chunkCount > CHUNKS_MAX) {
    return `a layer has ${chunkCount} chunks of ${chunkSectors} sectors, want at most ${CHUNKS_MAX}`;
  }
  return layer > SECTORS_MAX ? `a layer has ${layer} sectors, want at most ${SECTORS_MAX}` : null;
}
