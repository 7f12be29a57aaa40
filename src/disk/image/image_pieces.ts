/**
 * Reading an image out of a device: pieces that hold something, or a stream of all bytes.
 *
 * Only stretches that may hold something are read, and only what is not zero is told of, so a sparse
 * disk of any size costs what it holds. Nothing is read before it is asked for.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../../block/device.ts";
import { SECTOR_BYTES, sectorsToBytes } from "../../block/units.ts";
import { isZeroBytes } from "../../devices/byte_scan.ts";
import type { Extent } from "../layers/held_chunks.ts";

/** How far a transfer has come. */
export interface TransferProgress {
  /** Sectors that have passed. */
  readonly doneSectors: number;
  /** Sectors there are. */
  readonly totalSectors: number;
}

/** Who is told of a transfer, and what stops it. */
export interface TransferOptions {
  /** Told after every piece. */
  readonly onProgress?: (progress: TransferProgress) => void;
  /** Stops it. */
  readonly signal?: AbortSignal;
}

/** A piece of an image. */
export interface ImagePiece {
  /** Its first sector. */
  readonly sector: number;
  /** Its bytes: whole sectors. */
  readonly bytes: Uint8Array;
}

/** Where an image lies, and where in it there may be anything. */
export interface ImagePlace {
  /** The device. */
  readonly device: BlockDevice;
  /** All stretches that may hold something beside zeroes, in order, as of now. */
  readonly extents: readonly Extent[];
  /** The unit in which zeroes are told from the rest, in sectors. */
  readonly unitSectors: number;
}

/** The most sectors that are read or written at once: 1 MiB. */
export const PIECE_SECTORS = 2048;

/**
 * Cuts a buffer into stretches that are all zeroes and stretches that are not.
 *
 * @param bytes The buffer, whole sectors.
 * @param unitSectors The unit in which it is cut.
 * @returns The stretches, in order, in sectors of the buffer.
 */
export function* cutZeroes(
  bytes: Uint8Array,
  unitSectors: number,
): Generator<Extent & { readonly isZero: boolean }> {
  const unitBytes = sectorsToBytes(unitSectors);
  const isZeroAt = (at: number) => isZeroBytes(bytes, at, Math.min(at + unitBytes, bytes.length));
  for (let start = 0; start < bytes.length;) {
    const isZero = isZeroAt(start);
    let end = start + unitBytes;
    while (end < bytes.length && isZeroAt(end) === isZero) end += unitBytes;
    end = Math.min(end, bytes.length);
    yield { sector: start / SECTOR_BYTES, sectorCount: (end - start) / SECTOR_BYTES, isZero };
    start = end;
  }
}

/**
 * Reads what a device holds beside zeroes.
 *
 * @param place The device, and where to look.
 * @param options Who is told.
 * @returns Pieces, in order, each with bytes of its own.
 */
export async function* readPieces(
  { device, extents, unitSectors }: ImagePlace,
  { onProgress, signal }: TransferOptions = {},
): AsyncGenerator<ImagePiece> {
  const totalSectors = device.sectorCount;
  for (const { sector, sectorCount } of extents) {
    const end = sector + sectorCount;
    for (let start = sector; start < end; start += PIECE_SECTORS) {
      signal?.throwIfAborted();
      const bytes = new Uint8Array(sectorsToBytes(Math.min(PIECE_SECTORS, end - start)));
      await device.read(bytes, start);
      for (const part of cutZeroes(bytes, unitSectors)) {
        if (part.isZero) continue;
        const from = sectorsToBytes(part.sector);
        const to = from + sectorsToBytes(part.sectorCount);
        // A piece that is a part of the buffer would keep all of it alive.
        const isWhole = to - from === bytes.length;
        yield { sector: start + part.sector, bytes: isWhole ? bytes : bytes.slice(from, to) };
      }
      onProgress?.({ doneSectors: Math.min(start + PIECE_SECTORS, end), totalSectors });
    }
  }
  onProgress?.({ doneSectors: totalSectors, totalSectors });
}

/**
 * Reads all bytes of a device.
 *
 * @param place The device, and where to look.
 * @param options Who is told.
 * @returns A stream. It fails as a read does, or with the signal's reason.
 */
export function readImage(
  place: ImagePlace,
  options: TransferOptions = {},
): ReadableStream<Uint8Array> {
  const { signal } = options;
  const pieces = readPieces(place, signal === undefined ? {} : { signal });
  return imageOf(place.device.sectorCount, pieces, options);
}

/**
 * Fills what lies between pieces with zeroes.
 *
 * @param totalSectors The image's size.
 * @param pieces What it holds, in order. They are ended when the stream is cancelled.
 * @param options Who is told.
 * @returns All of its bytes. Nothing is asked of the pieces before it is asked for.
 */
export function imageOf(
  totalSectors: number,
  pieces: AsyncGenerator<ImagePiece>,
  { onProgress, signal }: TransferOptions = {},
): ReadableStream<Uint8Array> {
  let doneSectors = 0;
  let next: ImagePiece | null | undefined;
  return new ReadableStream({
    async pull(controller) {
      signal?.throwIfAborted();
      next ??= await pieces.next().then(({ value }) => value ?? null);
      const gap = Math.min(PIECE_SECTORS, (next?.sector ?? totalSectors) - doneSectors);
      if (gap === 0 && next === null) return controller.close();
      const bytes = gap > 0 ? new Uint8Array(sectorsToBytes(gap)) : (next as ImagePiece).bytes;
      if (gap === 0) next = undefined;
      doneSectors += bytes.length / SECTOR_BYTES;
      controller.enqueue(bytes);
      onProgress?.({ doneSectors, totalSectors });
    },
    async cancel() {
      await pieces.return(undefined);
    },
  }, { highWaterMark: 0 });
}
