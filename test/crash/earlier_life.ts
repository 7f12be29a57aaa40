/**
 * COW disks that were used before: their header is wiped, as LVM does it, and nothing else.
 *
 * Where the first areas of a new snapshot will be lies a list of exceptions that looks right in every
 * respect, and behind it data that nobody has written in this life. Whoever believes any of it reads
 * something that cannot be.
 */
import { fillPattern } from "../../src/testing/pattern.ts";
import type { SnapshotSetting } from "./machine.ts";

/** The write that filled the disk in its earlier life. */
export const EARLIER_STAMP = 0xdead;

/** The bytes of such a disk. */
export function cowOfAnEarlierLife(sectorCount: number, { chunkSectors }: SnapshotSetting) {
  const bytes = fillPattern(new Uint8Array(sectorCount * 512), EARLIER_STAMP, 0);
  const view = new DataView(bytes.buffer);
  const entriesPerArea = chunkSectors * 32;
  const chunkCount = Math.floor(sectorCount / chunkSectors);
  let newChunk = 2;
  let oldChunk = 0;
  for (let area = 0;; area++) {
    const areaChunk = 1 + area * (entriesPerArea + 1);
    if (areaChunk >= chunkCount) break;
    const start = areaChunk * chunkSectors * 512;
    bytes.fill(0, start, start + chunkSectors * 512);
    for (let index = 0; index < entriesPerArea && newChunk < chunkCount; index++, newChunk++) {
      view.setBigUint64(start + index * 16, BigInt(oldChunk++), true);
      view.setBigUint64(start + index * 16 + 8, BigInt(newChunk), true);
    }
    newChunk++;
  }
  return bytes.fill(0, 0, 512);
}
