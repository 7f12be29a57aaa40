/**
 * The COW device of a fuzz run: one buffer for thousands of images, put back sector by sector.
 *
 * It counts what is asked of it, and breaks off what asks for more than the image can justify: that
 * is how a loop without an end shows. It remembers every write, so that a loss of power can be tried
 * afterwards.
 */
import { checked } from "../../src/block/checked.ts";
import type { SyncBlockDevice } from "../../src/block/device.ts";
import { BlockDeviceError } from "../../src/block/errors.ts";

/** Sectors that an image can be extended by. */
export const EXTENSION_SECTORS = 96;

/** A write that reached the disk; flushes are `null`. */
export type DiskWrite = { readonly sector: number; readonly bytes: Uint8Array } | null;

/** Thrown when more is asked of a disk than an image can justify. Not a device's refusal. */
export class BudgetError extends Error {
  constructor(what: string) {
    super(`more than any image needs: ${what}`);
    this.name = "BudgetError";
  }
}

/** Bytes in one request of somebody who reads metadata. */
const METADATA_BYTES_MAX = 64 * 1024;

/** A disk that becomes one image after the other. */
export class FuzzedDisk {
  readonly device: SyncBlockDevice;
  readonly badSectors: Set<number> = new Set();
  sectorCount: number;
  /** Writes and flushes since the last {@linkcode begin}. */
  writes: DiskWrite[] = [];
  readonly #base: Uint8Array;
  readonly #buffer: Uint8Array;
  readonly #dirty = new Set<number>();
  #requestsLeft = Infinity;
  #bytesLeft = Infinity;
  #requestBytesMax = Infinity;

  /**
   * A disk with an image.
   *
   * @param base The image that mutations start from.
   * @param blockSectors Sectors in a logical block.
   */
  constructor(base: Uint8Array, blockSectors: number) {
    this.#base = base;
    this.sectorCount = base.length / 512;
    this.#buffer = new Uint8Array(base.length + EXTENSION_SECTORS * 512);
    this.#buffer.set(base);
    const disk = this as FuzzedDisk;
    this.device = checked({
      name: "fuzzed.cow",
      get sectorCount() {
        return disk.sectorCount;
      },
      limits: { logicalSectors: blockSectors },
      supports: { write: true, discard: false, discardZeroes: false, permanence: true },
      readSync: (target, sector) => disk.#read(target, sector),
      writeSync: (source, sector) => disk.#write(source, sector),
      flushSync: () => void disk.writes.push(null),
      closeSync() {},
    });
  }

  /** The image as it is now. A view. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.sectorCount * 512);
  }

  /** All that an image could be extended to, for mutations. A view; say what is changed. */
  get capacity(): Uint8Array {
    return this.#buffer;
  }

  /** Notes that bytes were changed, so that they are put back. */
  touch(startBytes: number, endBytes: number): void {
    for (let sector = Math.floor(startBytes / 512); sector * 512 < endBytes; sector++) {
      this.#dirty.add(sector);
    }
  }

  /** Puts the first image back. */
  restore(): void {
    for (const sector of this.#dirty) {
      const start = sector * 512;
      const original = this.#base.subarray(start, start + 512);
      if (original.length > 0) this.#buffer.set(original, start);
      else this.#buffer.fill(0, start, start + 512);
    }
    this.#dirty.clear();
    this.badSectors.clear();
    this.sectorCount = this.#base.length / 512;
    this.writes = [];
  }

  /**
   * Begins to count for somebody who reads metadata, and forgets writes.
   *
   * @param timesOver How often every sector may be read.
   */
  begin(timesOver: number): void {
    this.writes = [];
    this.#bytesLeft = (this.bytes.length + 4096) * timesOver;
    this.#requestsLeft = 64 + 4 * this.sectorCount * timesOver;
    this.#requestBytesMax = METADATA_BYTES_MAX;
  }

  /** Ends the counting: contents may be read as often as one likes. */
  endCounting(): void {
    this.#bytesLeft = Infinity;
    this.#requestsLeft = Infinity;
    this.#requestBytesMax = Infinity;
  }

  #read(target: Uint8Array, sector: number): void {
    this.#requestsLeft--;
    this.#bytesLeft -= target.length;
    if (this.#requestsLeft < 0) throw new BudgetError("requests");
    if (this.#bytesLeft < 0) throw new BudgetError("bytes read");
    if (target.length > this.#requestBytesMax) {
      throw new BudgetError(`a read of ${target.length} bytes`);
    }
    for (const bad of this.badSectors) {
      if (bad < sector || bad >= sector + target.length / 512) continue;
      throw new BlockDeviceError("EIO", `Cannot read sector ${bad} of "fuzzed.cow": it is bad`);
    }
    target.set(this.#buffer.subarray(sector * 512, sector * 512 + target.length));
  }

  #write(source: Uint8Array, sector: number): void {
    this.writes.push({ sector, bytes: source.slice() });
    this.#buffer.set(source, sector * 512);
    this.touch(sector * 512, sector * 512 + source.length);
    for (let at = 0; at < source.length / 512; at++) this.badSectors.delete(sector + at);
  }
}
