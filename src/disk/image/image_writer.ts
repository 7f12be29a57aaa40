/**
 * Writing an image to a device, from a stream of all bytes or from pieces.
 *
 * What is not zero is written. Where the image has zeroes, only stretches that may hold something are
 * read, and only what is not zero there already is zeroed: so an image costs what it holds, and what
 * the device held before.
 *
 * **Failure**: what was written before stays; the stream is cancelled.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import { SECTOR_BYTES, sectorsToBytes } from "../../block/units.ts";
import type { Extent } from "../layers/held_chunks.ts";
import {
  cutZeroes,
  type ImagePiece,
  type ImagePlace,
  PIECE_SECTORS,
  type TransferOptions,
} from "./image_pieces.ts";

/** One import. */
class ImageWriter {
  readonly #place: ImagePlace;
  readonly #options: TransferOptions;
  /** The first extent that ends behind what was written. */
  #extentIndex = 0;
  #sector = 0;

  constructor(place: ImagePlace, options: TransferOptions) {
    this.#place = place;
    this.#options = options;
  }

  /** Writes a piece, and zeroes up to it. */
  async write({ sector, bytes }: ImagePiece): Promise<void> {
    this.#options.signal?.throwIfAborted();
    this.#check(sector, bytes.length / SECTOR_BYTES);
    await this.#zeroTo(sector);
    for (const part of cutZeroes(bytes, this.#place.unitSectors)) {
      if (part.isZero) await this.#zeroTo(sector + part.sector + part.sectorCount);
      else {
        const from = sectorsToBytes(part.sector);
        const source = bytes.subarray(from, from + sectorsToBytes(part.sectorCount));
        await this.#place.device.write(source, sector + part.sector);
        this.#advance(sector + part.sector + part.sectorCount);
      }
    }
  }

  /** Zeroes what lies behind the image, and makes everything durable. */
  async finish(): Promise<void> {
    const { device } = this.#place;
    await this.#zeroTo(device.sectorCount);
    this.#advance(device.sectorCount);
    await device.flush();
  }

  #check(sector: number, sectorCount: number): void {
    const { device } = this.#place;
    const blockSectors = device.limits.logicalSectors;
    const isWhole = Number.isSafeInteger(sector / blockSectors) &&
      Number.isSafeInteger(sectorCount / blockSectors);
    const why = !isWhole || sector < this.#sector
      ? `${sectorCount} sectors at ${sector}, want whole blocks of ${blockSectors}, in order`
      : sector + sectorCount > device.sectorCount
      ? `it has more than ${device.sectorCount} sectors`
      : null;
    if (why === null) return;
    throw new BlockDeviceError(
      sector + sectorCount > device.sectorCount ? "ENOSPC" : "EINVAL",
      `Cannot import an image into "${device.name}": ${why}`,
      { device: device.name },
    );
  }

  /** Sees to it that everything up to a sector is zeroes, from where the image has come to. */
  async #zeroTo(end: number): Promise<void> {
    const { extents } = this.#place;
    for (; this.#extentIndex < extents.length; this.#extentIndex++) {
      const extent = extents[this.#extentIndex] as Extent;
      const extentEnd = extent.sector + extent.sectorCount;
      const to = Math.min(extentEnd, end);
      for (let at = Math.max(extent.sector, this.#sector); at < to;) {
        const count = Math.min(PIECE_SECTORS, to - at);
        await this.#zero(at, count);
        this.#advance(at += count);
      }
      if (extentEnd > end) break;
    }
    this.#sector = Math.max(this.#sector, end);
  }

  async #zero(sector: number, sectorCount: number): Promise<void> {
    const { device, unitSectors } = this.#place;
    const there = new Uint8Array(sectorsToBytes(sectorCount));
    await device.read(there, sector);
    for (const part of cutZeroes(there, unitSectors)) {
      if (!part.isZero) await device.writeZeroes(sector + part.sector, part.sectorCount);
    }
  }

  #advance(sector: number): void {
    const { onProgress, signal } = this.#options;
    this.#sector = sector;
    onProgress?.({ doneSectors: sector, totalSectors: this.#place.device.sectorCount });
    signal?.throwIfAborted();
  }
}

/** Bytes as they come, handed on in pieces of whole blocks. */
class Gathering {
  readonly #buffer = new Uint8Array(sectorsToBytes(PIECE_SECTORS));
  #fill = 0;
  #sector = 0;

  /** Takes bytes; yields every piece that has become full, valid until the next one. */
  *take(bytes: Uint8Array): Generator<ImagePiece> {
    for (let at = 0; at < bytes.length;) {
      const count = Math.min(bytes.length - at, this.#buffer.length - this.#fill);
      this.#buffer.set(bytes.subarray(at, at + count), this.#fill);
      this.#fill += count;
      at += count;
      if (this.#fill < this.#buffer.length) continue;
      this.#fill = 0;
      yield { sector: this.#sector, bytes: this.#buffer };
      this.#sector += PIECE_SECTORS;
    }
  }

  /** What is left, filled up with zeroes to a whole block. */
  rest(blockSectors: number): ImagePiece {
    const blockBytes = sectorsToBytes(blockSectors);
    const end = Math.ceil(this.#fill / blockBytes) * blockBytes;
    this.#buffer.fill(0, this.#fill, end);
    return { sector: this.#sector, bytes: this.#buffer.subarray(0, end) };
  }
}

/** The pieces of a stream. An abort ends it at once, even while it brings nothing. */
async function* gather(
  image: ReadableStream<Uint8Array>,
  blockSectors: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<ImagePiece> {
  const gathering = new Gathering();
  const reader = image.getReader();
  const abort = () => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener("abort", abort, { once: true });
  try {
    signal?.throwIfAborted();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      signal?.throwIfAborted();
      yield* gathering.take(next.value);
    }
    signal?.throwIfAborted();
    yield gathering.rest(blockSectors);
  } finally {
    signal?.removeEventListener("abort", abort);
    // Of a stream that has ended this does nothing; of any other nobody wants the rest.
    await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

/**
 * Writes pieces of an image to a device, durably, and zeroes everywhere else.
 *
 * @param place The device, and where it may hold something.
 * @param pieces The pieces, in order.
 * @param options Who is told.
 * @throws {BlockDeviceError} `ENOSPC` when a piece lies behind the device's end, `EINVAL` when pieces are
 * not in order or no whole blocks; what came before was written.
 */
export async function writePieces(
  place: ImagePlace,
  pieces: AsyncIterable<ImagePiece> | Iterable<ImagePiece>,
  options: TransferOptions = {},
): Promise<void> {
  const writer = new ImageWriter(place, options);
  for await (const piece of pieces) await writer.write(piece);
  await writer.finish();
}

/**
 * Writes a raw image to a device, durably, and zeroes behind it.
 *
 * @param place The device, and where it may hold something.
 * @param image The image's bytes.
 * @param options Who is told.
 * @throws {BlockDeviceError} `ENOSPC` when the image is larger than the device; what fits was written.
 */
export function writeImage(
  place: ImagePlace,
  image: ReadableStream<Uint8Array>,
  options: TransferOptions = {},
): Promise<void> {
  const { logicalSectors } = place.device.limits;
  return writePieces(place, gather(image, logicalSectors, options.signal), options);
}
