/**
 * A probe: stands between a device of the stack and the medium, and is what the visitor sees of it.
 *
 * It is a block device as any other, so the stack above does not know. It tells of every request as a
 * beat, before and after; it has a volatile cache, so that a plug can be pulled; it can have bad
 * sectors, and it can lie.
 *
 * | cache | an honest device | a careless one |
 * |---|---|---|
 * | a write | lands in the cache | the same |
 * | a flush | what was answered before is on the medium | says so, and does nothing |
 * | a durable (FUA) write | is on the medium | the same |
 * | {@linkcode Probe.drain} | everything is on the medium | the same |
 * | {@linkcode Probe.cut} | what landed is kept, dropped or torn by sector, as a seed decides | the same |
 *
 * So on a careless COW device entries, which are FUA writes, overtake the data that they name. The
 * engine's order is right in either case; it is the device that does not keep it.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { type BlockDevice, BlockDeviceError, checked, SECTOR_BYTES } from "../../../src/mod.ts";
import type { Prng } from "../../../src/testing/prng.ts";
import { type CutManner, SectorVersions } from "../../../src/testing/sector_versions.ts";
import type { Tempo } from "../play/tempo.ts";
import type { Beat } from "../scene.ts";
import { SectorMarks } from "./sector_marks.ts";

/** A request that a probe is about to perform. */
export interface ProbeRequest {
  readonly verb: "read" | "write" | "flush";
  readonly sector: number;
  readonly sectorCount: number;
  readonly isDurable: boolean;
}

/** What a probe is made of. */
export interface ProbeOptions {
  /** Its name for the stack and for people. */
  readonly name: string;
  /** Where its sectors are. */
  readonly medium: BlockDevice;
  /** The stage that its beats go over. */
  readonly tempo: Tempo;
  /** Tells what a request is, as a beat that is about to be performed. */
  readonly tell: (request: ProbeRequest) => Beat;
}

/** What a loss of power has done to a device. */
export interface CutReport {
  /** Sectors whose newest content was in the cache alone. */
  readonly volatileSectors: readonly number[];
  /** Those of them that were kept, in this version or in an earlier one. */
  readonly keptSectors: readonly number[];
}

const FACES = { write: true, discard: false, discardZeroes: false, permanence: true } as const;

/** A device that is looked at. */
export class Probe {
  /** What the stack uses. */
  readonly device: BlockDevice;
  /** What its sectors hold. */
  readonly marks: SectorMarks;
  /** Whether it says that it has flushed, and has not. */
  isCareless = false;
  /** Sectors that cannot be written. */
  readonly badSectors = new Set<number>();
  readonly #options: ProbeOptions;
  #versions = new SectorVersions();
  #writeCount = 0;

  /**
   * A probe with nothing in its cache.
   *
   * @param options What it is made of.
   */
  constructor(options: ProbeOptions) {
    const { name, medium } = options;
    this.#options = options;
    this.marks = new SectorMarks(medium.sectorCount);
    this.device = checked({
      name,
      sectorCount: medium.sectorCount,
      limits: { preferredSectors: 8 },
      supports: FACES,
      read: (target, sector) => this.#read(target, sector),
      write: (source, sector, fua) => this.#write(source.slice(), sector, fua),
      flush: () => this.#flush(),
      close: () => Promise.resolve(),
    });
  }

  /** How many writes there were. */
  get writeCount(): number {
    return this.#writeCount;
  }

  /**
   * Reads what the device holds now, without a beat, also while one waits.
   *
   * @param target Filled whole.
   * @param sector The first sector.
   */
  async peek(target: Uint8Array, sector: number): Promise<void> {
    await this.#options.tempo.peek(() => this.#fetch(target, sector));
  }

  /** Puts everything on the medium, as a device does that has time. */
  async drain(): Promise<void> {
    const { tempo } = this.#options;
    await tempo.peek(() => this.#settle((put) => this.#versions.settle(this.#versions.now(), put)));
  }

  /**
   * Takes the power away: what is left of the cache goes to the medium, the rest is lost.
   *
   * @param prng Decides.
   * @param manner How much is kept. Left out: drawn.
   * @returns What became of the cache.
   */
  async cut(prng: Prng, manner?: CutManner): Promise<CutReport> {
    const versions = this.#versions;
    const all = collect((put) => versions.afterCut(prng, put, "everything"));
    const kept = collect((put) => versions.afterCut(prng, put, manner));
    this.#versions = new SectorVersions();
    await this.#put(kept);
    for (const sector of all.keys()) {
      const bytes = new Uint8Array(SECTOR_BYTES);
      await this.#options.medium.read(bytes, sector);
      this.marks.note(bytes, sector);
    }
    return { volatileSectors: [...all.keys()], keptSectors: [...kept.keys()] };
  }

  #read(target: Uint8Array, sector: number): Promise<void> {
    const sectorCount = target.length / SECTOR_BYTES;
    const request = { verb: "read", sector, sectorCount, isDurable: false } as const;
    return this.#perform(request, () => this.#fetch(target, sector));
  }

  #write(bytes: Uint8Array, sector: number, isDurable: boolean): Promise<void> {
    const sectorCount = bytes.length / SECTOR_BYTES;
    return this.#perform({ verb: "write", sector, sectorCount, isDurable }, async () => {
      this.#requireGood(sector, sectorCount);
      this.#writeCount++;
      const write = { answeredAt: Infinity };
      this.#versions.land(write, bytes, sector);
      this.marks.note(bytes, sector);
      if (isDurable) {
        await this.#settle((put) => this.#versions.settleWrite(write, sector, sectorCount, put));
      }
      write.answeredAt = this.#versions.now();
    });
  }

  #flush(): Promise<void> {
    const moment = this.#versions.now();
    const request = { verb: "flush", sector: 0, sectorCount: 0, isDurable: false } as const;
    return this.#perform(request, async () => {
      if (this.isCareless) return;
      await this.#settle((put) => this.#versions.settle(moment, put));
    });
  }

  #perform(request: ProbeRequest, perform: () => Promise<void>): Promise<void> {
    const { tempo, tell } = this.#options;
    return tempo.perform(() => tell(request), perform);
  }

  /** What is on the medium, and over it what is in the cache. */
  async #fetch(target: Uint8Array, sector: number): Promise<void> {
    await this.#options.medium.read(target, sector);
    if (this.#versions.sectorCount === 0) return;
    for (let at = 0; at < target.length; at += SECTOR_BYTES) {
      const newest = this.#versions.newest(sector + at / SECTOR_BYTES);
      if (newest !== undefined) target.set(newest, at);
    }
  }

  async #settle(settle: (put: (sector: number, bytes: Uint8Array) => void) => void): Promise<void> {
    await this.#put(collect(settle));
  }

  /** Writes sectors to the medium, neighbours in one request. */
  async #put(sectors: ReadonlyMap<number, Uint8Array>): Promise<void> {
    const numbers = [...sectors.keys()].sort((a, b) => a - b);
    for (let index = 0; index < numbers.length;) {
      const first = numbers[index] as number;
      let count = 1;
      while (numbers[index + count] === first + count) count++;
      const bytes = new Uint8Array(count * SECTOR_BYTES);
      for (let each = 0; each < count; each++) {
        bytes.set(sectors.get(first + each) as Uint8Array, each * SECTOR_BYTES);
      }
      await this.#options.medium.write(bytes, first);
      index += count;
    }
  }

  #requireGood(sector: number, sectorCount: number): void {
    if (this.badSectors.size === 0) return;
    for (let each = sector; each < sector + sectorCount; each++) {
      if (!this.badSectors.has(each)) continue;
      const { name } = this.#options;
      throw new BlockDeviceError("EIO", `Cannot write sector ${each} of "${name}": it is bad`, {
        device: name,
        sector,
        sectorCount,
      });
    }
  }
}

/** What is told, as a map. */
function collect(
  tell: (put: (sector: number, bytes: Uint8Array) => void) => void,
): Map<number, Uint8Array> {
  const sectors = new Map<number, Uint8Array>();
  tell((sector, bytes) => void sectors.set(sector, bytes));
  return sectors;
}
