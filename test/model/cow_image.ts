/**
 * A second reader of Linux's COW format, written from its description and not from ours, so that what
 * a store leaves on its device can be checked without the code that wrote it.
 */
import { SECTOR_BYTES } from "../../src/block/units.ts";

/** What a COW device holds. */
export interface CowImage {
  readonly isValid: boolean;
  readonly chunkSectors: number;
  /** Old chunk and new chunk, in the order of the list. */
  readonly entries: readonly (readonly [number, number])[];
}

/**
 * Reads a COW device's bytes.
 *
 * @param bytes The whole device.
 * @param options Whether bytes of an earlier life may lie behind the end of the list, as after a loss
 * of power.
 * @throws {Error} When they break a law of the format.
 */
export function readCowImage(
  bytes: Uint8Array,
  { mayHaveTail = false }: { readonly mayHaveTail?: boolean } = {},
): CowImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const law = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`A COW device is broken: ${what}`);
  };
  law(view.getUint32(0, true) === 0x70416e53, "its magic is not SnAp");
  law(view.getUint32(8, true) === 1, "its version is not 1");
  const chunkSectors = view.getUint32(12, true);
  const isValid = view.getUint32(4, true) !== 0;
  const chunkBytes = chunkSectors * SECTOR_BYTES;
  const entriesPerArea = chunkBytes / 16;
  law(bytes.subarray(16, chunkBytes).every((byte) => byte === 0), "its header has a tail");
  const entries: [number, number][] = [];
  const seen = new Set<string>();
  for (let area = 0;; area++) {
    const areaChunk = 1 + area * (entriesPerArea + 1);
    law((areaChunk + 1) * chunkBytes <= bytes.length, `area ${area} does not fit`);
    for (let index = 0; index < entriesPerArea; index++) {
      const at = areaChunk * chunkBytes + index * 16;
      const oldChunk = Number(view.getBigUint64(at, true));
      const newChunk = Number(view.getBigUint64(at + 8, true));
      if (newChunk === 0) {
        const tail = bytes.subarray(at, (areaChunk + 1) * chunkBytes);
        law(
          mayHaveTail || tail.every((byte) => byte === 0),
          `something lies behind the end in area ${area}`,
        );
        return { isValid, chunkSectors, entries };
      }
      const place = entries.length;
      law(
        newChunk === 2 + place + Math.floor(place / entriesPerArea),
        `entry ${place} has new chunk ${newChunk}, which is not the next one`,
      );
      law((newChunk + 1) * chunkBytes <= bytes.length, `new chunk ${newChunk} lies outside`);
      law(!seen.has(`${oldChunk}`), `old chunk ${oldChunk} stands twice`);
      seen.add(`${oldChunk}`);
      entries.push([oldChunk, newChunk]);
    }
  }
}
