/**
 * A disk with a cache that does not outlive a power cut.
 *
 * A sector has a durable content, and for each write since the last flush one that may be the one
 * found after a cut: every sector is decided on its own, so writes are lost, torn and reordered.
 *
 *     write         the sector has one more content it may have
 *     write, FUA    the sector has this content for sure
 *     flush         every sector has its newest content for sure
 */

import { checked } from "../../src/block/checked.ts";
import type { SyncBlockDevice } from "../../src/block/device.ts";
import type { Prng } from "../../src/testing/prng.ts";

/** Holds sectors, some of them not for long. */
export class VolatileDisk {
  /** The disk, as long as there is power. */
  readonly device: SyncBlockDevice;
  readonly #durable: Uint8Array;
  readonly #current: Uint8Array;
  /** By sector, what was written since the last flush, the oldest first. */
  readonly #unflushed = new Map<number, Uint8Array[]>();

  /**
   * A disk.
   *
   * @param name Its name.
   * @param bytes What it holds, durably.
   */
  constructor(name: string, bytes: Uint8Array) {
    this.#durable = bytes.slice();
    this.#current = bytes.slice();
    this.device = checked({
      name,
      sectorCount: bytes.length / 512,
      supports: { write: true, discard: false, discardZeroes: false, permanence: true },
      readSync: (target, sector) => {
        target.set(this.#current.subarray(sector * 512, sector * 512 + target.length));
      },
      writeSync: (source, sector, fua) => {
        this.#current.set(source, sector * 512);
        for (let at = 0; at < source.length; at += 512) {
          this.#writeSector(sector + at / 512, source.slice(at, at + 512), fua);
        }
      },
      flushSync: () => {
        this.#durable.set(this.#current);
        this.#unflushed.clear();
      },
      closeSync() {},
    });
  }

  /**
   * What may be found after a cut now.
   *
   * @param prng Decides.
   * @returns All bytes of the disk.
   */
  afterCut(prng: Prng): Uint8Array {
    const bytes = this.#durable.slice();
    for (const [sector, contents] of this.#unflushed) {
      const chosen = prng.int(contents.length + 1);
      if (chosen > 0) bytes.set(contents[chosen - 1]!, sector * 512);
    }
    return bytes;
  }

  #writeSector(sector: number, content: Uint8Array, fua: boolean): void {
    if (fua) {
      this.#durable.set(content, sector * 512);
      this.#unflushed.delete(sector);
      return;
    }
    const contents = this.#unflushed.get(sector);
    if (contents === undefined) this.#unflushed.set(sector, [content]);
    else contents.push(content);
  }
}
