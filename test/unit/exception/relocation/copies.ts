/** Two copies of a table of three sectors, on a disk of a bench. */
import { TableCopies } from "../../../../src/exception/relocation/table_copies.ts";
import { Bench, type Disk } from "../rig.ts";
import { sectorByHand } from "./tables.ts";

export const COPIES = [8, 24] as const;
export const SPARE = 64;

export interface SetUp {
  readonly spareCount?: number;
  readonly logicalSectors?: number;
  readonly bench?: Bench;
  readonly disk?: Disk;
  readonly copySectors?: readonly [number, number];
}

/** Copies of a table of three sectors, on a disk of a bench. */
export function setUp(options: SetUp = {}) {
  const { bench = new Bench(), logicalSectors = 1, spareCount = 80 } = options;
  const disk = options.disk ?? bench.disk("disk", 2048, { logicalSectors });
  const copies = new TableCopies({
    device: disk.device,
    copySectors: options.copySectors ?? COPIES,
    spareCount,
    slotFault: (sector, slotIndex, tableIndex) =>
      sector.slot(slotIndex, SPARE + tableIndex * 31 + slotIndex) === null
        ? `has a bad slot ${slotIndex}`
        : null,
  });
  return { bench, disk, copies };
}

export type Copies = ReturnType<typeof setUp>;

export const at = (disk: Disk, copy: number, index: number) =>
  disk.bytes.subarray((COPIES[copy]! + index) * 512, (COPIES[copy]! + index + 1) * 512);

/** A disk whose copies hold three sectors by hand. */
export function withTable(
  options: SetUp = {},
): Copies & { readonly sectors: readonly Uint8Array[] } {
  const set = setUp(options);
  const sectors = [0, 1, 2].map((index) =>
    sectorByHand({ sequence: 5 + index, slots: [[1000 + index, SPARE + index * 31]] })
  );
  for (const copy of [0, 1]) {
    sectors.forEach((bytes, index) => at(set.disk, copy, index).set(bytes));
  }
  set.disk.durable = set.disk.bytes.slice();
  return { ...set, sectors };
}

export const again = ({ bench, disk }: Copies, options: SetUp = {}) =>
  setUp({ ...options, bench, disk });

/** All three sectors in memory. */
export function imageOf({ copies }: Copies): Uint8Array {
  const bytes = new Uint8Array(copies.sectorCount * 512);
  const numbers = Array.from({ length: copies.sectorCount }, (_, index) => copies.sector(index));
  numbers.forEach((sector, index) => {
    const slot = sector.slot(0, SPARE + index * 31);
    const [bad] = typeof slot === "number" ? [slot] : [0];
    const parts = bad === 0 ? {} : { slots: [[bad, SPARE + index * 31] as const] };
    bytes.set(sectorByHand({ sequence: sector.sequence, ...parts }), index * 512);
  });
  return bytes;
}
