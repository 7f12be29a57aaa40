/**
 * The worn side of a machine whose origin relocates bad blocks: where everything lies on its disk,
 * which sectors cannot be read, and which blocks were relocated when.
 *
 * It is what the promises of relocation need: a write that relocated its block is durable when it is
 * answered, and a read may fail where a sector is broken and was not written since, and nowhere else.
 */
import type { BlockDevice } from "../../src/block/device.ts";
import type { BadBlockOptions } from "../../src/targets/mod.ts";
import type { SimulatedDisk } from "../../src/testing/simulated_disk.ts";
import type { Moments } from "./promises.ts";

/** How an origin relocates. */
export interface RelocationSetting {
  readonly blockSectors: number;
  readonly blockCount: number;
  readonly spareCount: number;
}

/** The size of a disk that has room for blocks, both copies of the table, and spares. */
export function wornDiskSectors({ blockSectors, blockCount, spareCount }: RelocationSetting) {
  return tableSector({ blockSectors, blockCount }) + blockSectors * (2 + spareCount);
}

function tableSector({ blockSectors, blockCount }: Omit<RelocationSetting, "spareCount">): number {
  return blockSectors * (1 + blockCount);
}

/** What is broken, and what was done about it. */
export class Relocations {
  /** Sectors of the view that cannot be read, as far as anybody was told. */
  readonly unreadable: Set<number>;
  readonly #setting: RelocationSetting;
  readonly #moments: Moments;
  /** When a block was relocated last. */
  readonly #relocatedAt = new Map<number, number>();

  constructor(setting: RelocationSetting, moments: Moments, unreadable: Iterable<number> = []) {
    this.#setting = setting;
    this.#moments = moments;
    this.unreadable = new Set(unreadable);
  }

  /** What the target over a disk is made of. */
  optionsOver(device: BlockDevice): BadBlockOptions {
    const { blockSectors, blockCount, spareCount } = this.#setting;
    const first = tableSector(this.#setting);
    return {
      device,
      blockSectors,
      startSector: blockSectors,
      sectorCount: blockCount * blockSectors,
      copySectors: [first, first + blockSectors],
      tableSectors: 1,
      spareSector: first + 2 * blockSectors,
      spareCount,
      onEvent: (event) => {
        if (event.kind !== "relocated") return;
        this.#relocatedAt.set(this.#blockOf(event.sector), this.#moments.next());
      },
    };
  }

  /** Breaks a sector of the view, where it is in place. */
  wear(disk: SimulatedDisk, sector: number, fails: { reads: boolean; writes: boolean }): void {
    disk.breakSectors(this.#setting.blockSectors + sector, 1, fails);
    if (fails.reads) this.unreadable.add(sector);
  }

  /** Whether a write of one block has relocated it. */
  hasRelocated(sector: number, sectorCount: number, since: number): boolean {
    const block = this.#blockOf(sector);
    const isOne = this.#blockOf(sector + sectorCount - 1) === block;
    return isOne && (this.#relocatedAt.get(block) ?? -1) > since;
  }

  /** Notes that sectors were written: they can be read again. */
  wrote(sector: number, sectorCount: number): void {
    for (let at = sector; at < sector + sectorCount; at++) this.unreadable.delete(at);
  }

  /** Whether something in the blocks of a stretch cannot be read, so that it may fail. */
  explains(sector: number, sectorCount: number): boolean {
    const last = this.#blockOf(sector + sectorCount - 1);
    return [...this.unreadable].some((at) => {
      const block = this.#blockOf(at);
      return this.#blockOf(sector) <= block && block <= last;
    });
  }

  #blockOf(sector: number): number {
    return Math.floor(sector / this.#setting.blockSectors);
  }
}
