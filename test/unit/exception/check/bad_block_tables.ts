/** Disks with a bad-block table by hand, to be checked and repaired. */
import { runSync } from "../../../../src/block/plan.ts";
import {
  type BadBlockFinding,
  planBadBlockCheck,
  planBadBlockRepair,
  RelocationStore,
} from "../../../../src/exception/mod.ts";
import { Bench } from "../rig.ts";
import { type HandSector, NO_SECTOR, sectorByHand } from "../relocation/tables.ts";

/** Blocks of 4 sectors from 16 to 175, copies of two sectors at 200 and 208, 40 spares from 400 on. */
export const PLACES = {
  blockSectors: 4,
  startSector: 16,
  sectorCount: 160,
  spareSector: 400,
  spareCount: 40,
  copySectors: [200, 208],
} as const;

export const spareSector = (spare: number) => 400 + spare * 4;

/** Three relocations and a retired spare. */
export const SECTORS: readonly HandSector[] = [
  {
    sequence: 9,
    slots: [[20, spareSector(0)], [NO_SECTOR, spareSector(1)], [40, spareSector(2)]],
  },
  { sequence: 4, slots: [[172, spareSector(31)]] },
];

/** Another content for a sector of a copy. */
export type Spoil = readonly [copy: 0 | 1, index: number, bytes: Uint8Array];

/** A disk with a table, spoiled, and ways to look at it. */
export function spoiledDisk(spoils: readonly Spoil[] = [], sectors = SECTORS) {
  const bench = new Bench();
  const disk = bench.disk("disk", 1024);
  const place = (copy: 0 | 1, index: number, bytes: Uint8Array) =>
    disk.bytes.set(bytes, (PLACES.copySectors[copy] + index) * 512);
  for (const copy of [0, 1] as const) {
    sectors.forEach((sector, index) => place(copy, index, sectorByHand(sector)));
  }
  for (const [copy, index, bytes] of spoils) place(copy, index, bytes);
  disk.durable = disk.bytes.slice();
  const layout = { ...PLACES, device: disk.device };
  const findings: BadBlockFinding[] = [];
  const onFinding = (finding: BadBlockFinding) => void findings.push(finding);
  return {
    bench,
    disk,
    check: () => runSync(planBadBlockCheck({ layout, onFinding })),
    repair: () => runSync(planBadBlockRepair({ layout, onFinding })),
    kinds: () => findings.map(({ kind }) => kind),
    findings,
    /** Block to spare, as a store loads them; `null` when it refuses. */
    load() {
      const pairs = new Map<number, number>();
      try {
        runSync(
          new RelocationStore(layout).readMetadata(({ oldChunk, newChunk }) =>
            pairs.set(oldChunk * 4, newChunk - 100)
          ),
        );
        return pairs;
      } catch {
        return null;
      }
    },
  };
}

/** Bytes that are no sector of a table. */
export const JUNK = new Uint8Array(512).fill(7);
export const ZEROES = new Uint8Array(512);
