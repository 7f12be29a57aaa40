/** The reference's origins: which snapshots each has, and where its writes are cut. */
import type { BlockDevice } from "../../../src/block/device.ts";
import type { Mapping, Target } from "../../../src/targets/target.ts";
import type { ReferenceSnapshot } from "./snapshot.ts";

/** The snapshots of each origin, those with the largest chunks first. */
export class Origins {
  readonly #members = new Map<BlockDevice, ReferenceSnapshot[]>();

  of(origin: BlockDevice): ReferenceSnapshot[] {
    return this.#members.get(origin) ?? [];
  }

  join(member: ReferenceSnapshot): void {
    const members = [...this.of(member.origin), member];
    this.#members.set(member.origin, members.sort((a, b) => b.chunkSectors - a.chunkSectors));
  }

  leave(member: ReferenceSnapshot): void {
    this.#members.set(member.origin, this.of(member.origin).filter((each) => each !== member));
  }

  /** Where writes of the origin are cut. */
  splitSectors(origin: BlockDevice): number {
    return Math.min(2 ** 31, ...this.of(origin).map((member) => member.chunkSectors));
  }

  /** Copies out, piece by piece, what is going to be overwritten. */
  protectAll(origin: BlockDevice, sector: number, sectorCount: number, but: Target): void {
    const split = this.splitSectors(origin);
    const end = sector + sectorCount;
    for (let at = sector; at < end; at = (Math.floor(at / split) + 1) * split) {
      this.protect(origin, at, end - at, but);
    }
  }

  /** Copies out what an origin write of one piece is going to overwrite. */
  protect(origin: BlockDevice, sector: number, newSectors: number, but?: Target): void {
    for (const member of this.of(origin)) {
      if (member !== but) member.beforeOriginWrite(sector, newSectors);
    }
  }
}

/** Tells the first piece of a request from those that go on where the last one ended. */
export class RequestTracker {
  #endSector = -1;
  #leftSectors = 0;

  /** How long the request is that this piece begins; 0 when it goes on. */
  newSectors({ sector, sectorCount }: Mapping, count: number): number {
    const isContinued = sector === this.#endSector && sectorCount === this.#leftSectors;
    this.#endSector = sector + count;
    this.#leftSectors = sectorCount - count;
    return isContinued ? 0 : sectorCount;
  }
}
