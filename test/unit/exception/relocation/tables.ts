/**
 * Bad-block tables made by hand: from the description of EVMS's format, with another CRC-32 than ours.
 */
import { crc32 } from "node:zlib";

/** Bad sector and spare sector. */
export type HandSlot = readonly [bad: number | bigint, spare: number | bigint];

/** What a sector of a table is made of. */
export interface HandSector {
  readonly sequence?: number;
  readonly signature?: number;
  /** Slots in use, as the sector says. Left out: one more than the last that is not free. */
  readonly usedCount?: number;
  /** By place; those left out are free. */
  readonly slots?: Readonly<Record<number, HandSlot>> | readonly HandSlot[];
}

/** All ones: the bad sector of a spare that is retired. */
export const NO_SECTOR = 2n ** 64n - 1n;

/** The checksum that a sector of a table should have. */
export function checksumByHand(sector: Uint8Array): number {
  const bytes = sector.slice();
  bytes.fill(0, 4, 8);
  // EVMS left the last inversion out.
  return ~crc32(bytes) >>> 0;
}

/** Gives a sector the checksum that it should have, whatever else is wrong with it. */
export function withChecksum(sector: Uint8Array): Uint8Array {
  const view = new DataView(sector.buffer, sector.byteOffset, 512);
  view.setUint32(4, checksumByHand(sector), true);
  return sector;
}

/** Makes the bytes of a sector. */
export function sectorByHand(parts: HandSector = {}): Uint8Array {
  const { sequence = 1, signature = 0x42627254, slots = [] } = parts;
  const places = Object.entries(slots);
  const lastPlace = Math.max(-1, ...places.map(([place]) => Number(place)));
  const bytes = new Uint8Array(512);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, signature, true);
  view.setUint32(8, sequence, true);
  view.setUint32(12, parts.usedCount ?? lastPlace + 1, true);
  for (const [place, [bad, spare]] of places) {
    view.setBigUint64(16 + Number(place) * 16, BigInt(bad), true);
    view.setBigUint64(24 + Number(place) * 16, BigInt(spare), true);
  }
  return withChecksum(bytes);
}

/**
 * The edition whose checksum would be 0. A CRC is linear: flipping a bit of the sequence number flips
 * the same bits of the checksum, whatever the others are. So it is found like a sum.
 */
export function sequenceWithoutChecksum(parts: HandSector): number {
  const checksum = (sequence: number) => checksumByHand(sectorByHand({ ...parts, sequence }));
  const start = checksum(0);
  const rows: { flips: number; sequence: number }[] = [];
  for (let bit = 0; bit < 32; bit++) {
    let flips = checksum((1 << bit) >>> 0) ^ start;
    let sequence = 1 << bit;
    for (const row of rows) {
      if ((flips ^ row.flips) >>> 0 >= flips >>> 0) continue;
      flips ^= row.flips;
      sequence ^= row.sequence;
    }
    if (flips !== 0) rows.push({ flips, sequence });
    rows.sort((one, other) => (other.flips >>> 0) - (one.flips >>> 0));
  }
  let [left, found] = [start, 0];
  for (const row of rows) {
    if ((left ^ row.flips) >>> 0 >= left >>> 0) continue;
    left ^= row.flips;
    found ^= row.sequence;
  }
  if (left !== 0) throw new Error("No edition has this checksum");
  return found >>> 0;
}
