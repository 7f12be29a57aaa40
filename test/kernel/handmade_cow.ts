/**
 * A COW image made by hand: a third opinion on the on-disk format, which shares no code with cowdisk.
 *
 *     chunk 0          header: "SnAp", valid, version 1, chunk size; 32 bits each, little-endian
 *     chunk 1          area 0: records of 16 bytes, old chunk and new chunk, 64 bits each
 *     chunk 2 …        data, one chunk for each record of area 0
 *     next chunk …     area 1, and so on
 *
 * The first record whose new chunk is 0 ends the table. Neither machine writes what is made here:
 * new chunks in random order, descending runs, any `valid` but 0, junk behind the last record.
 */

import type { Prng } from "../../src/testing/prng.ts";
import type { Model } from "./workload.ts";

const RECORD_BYTES = 16;

/** Writes a COW image. */
export class HandmadeCow {
  /** The image. */
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #chunkBytes: number;

  /**
   * An image that will be written over junk.
   *
   * @param bytes The COW device's bytes; changed in place.
   * @param chunkSectors Sectors in a chunk.
   */
  constructor(bytes: Uint8Array, chunkSectors: number) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#chunkBytes = chunkSectors * 512;
    this.#word(0, 0x70416e53);
    this.#word(8, 1);
    this.#word(12, chunkSectors);
  }

  /**
   * Makes exceptions for a random part of the origin's chunks, and tells the model.
   *
   * @param prng Where chance comes from.
   * @param model Its snapshot gets what the image says.
   */
  fill(prng: Prng, model: Model): void {
    const chunkBytes = this.#chunkBytes;
    const recordsPerArea = chunkBytes / RECORD_BYTES;
    const originChunks = Math.floor(model.origin.length / chunkBytes);
    const count = Math.min(prng.intBetween(1, originChunks), recordsPerArea * 5 - 1);
    const oldChunks = prng.shuffle(Array.from({ length: originChunks }, (_, chunk) => chunk));
    this.#word(4, prng.pick([1, 2, 0xffffffff]));
    for (let area = 0; area * recordsPerArea <= count; area++) {
      const areaChunk = 1 + area * (recordsPerArea + 1);
      const inArea = oldChunks.slice(
        area * recordsPerArea,
        Math.min((area + 1) * recordsPerArea, count),
      );
      const newChunks = inArea.map((_, slot) => areaChunk + 1 + slot);
      // Runs that ascend or descend together are what a machine may take for one.
      const order = prng.pick(["as drawn", "ascending", "descending"]);
      if (order === "as drawn") prng.shuffle(newChunks);
      else inArea.sort((a, b) => order === "ascending" ? a - b : b - a);
      if (order === "descending") newChunks.reverse();
      for (const [slot, oldChunk] of inArea.entries()) {
        this.#record(areaChunk, slot, oldChunk, newChunks[slot]!);
        const from = newChunks[slot]! * chunkBytes;
        model.snapshot.set(this.bytes.subarray(from, from + chunkBytes), oldChunk * chunkBytes);
      }
      if (inArea.length < recordsPerArea) this.#record(areaChunk, inArea.length, prng.int(9), 0);
    }
  }

  #record(areaChunk: number, slot: number, oldChunk: number, newChunk: number): void {
    const at = areaChunk * this.#chunkBytes + slot * RECORD_BYTES;
    this.#view.setBigUint64(at, BigInt(oldChunk), true);
    this.#view.setBigUint64(at + 8, BigInt(newChunk), true);
  }

  #word(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }
}
