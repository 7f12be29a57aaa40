/**
 * Bad-block tables, mutated by seed: valid ones to start from, what can become of their bytes, and a
 * naive reader that knows the format from its description and shares no code with ours.
 */
import { crc32 } from "node:zlib";
import { patternOf } from "../../src/testing/pattern.ts";
import type { Prng } from "../../src/testing/prng.ts";
import { type Places, type PlaceSetUp, placesFor } from "../unit/targets/bad_block/rig.ts";
import { type HandSlot, NO_SECTOR, sectorByHand } from "../unit/exception/relocation/tables.ts";

/** A valid table, and the disk around it. */
export interface BadBlockBase {
  readonly name: string;
  readonly setUp: PlaceSetUp;
  readonly places: Places;
  readonly bytes: Uint8Array;
}

/** The write that every sector of the disk is from: sectors are told apart by their numbers. */
export const DISK_WRITE = 5;

/** What a reader makes of a table. */
export type Reading =
  | { readonly state: "fresh" | "refused" }
  | { readonly state: "loaded"; readonly spares: ReadonlyMap<number, number> };

const RECIPES: readonly (PlaceSetUp & { name: string; sequence: number; used: number })[] = [
  { name: "one", blockCount: 12, spareCount: 8, sequence: 3, used: 5 },
  { name: "full", blockCount: 12, spareCount: 4, sequence: 2 ** 32 - 1, used: 4 },
  { name: "three", blockSectors: 4, blockCount: 20, spareCount: 80, sequence: 40, used: 70 },
  {
    name: "4K",
    blockSectors: 8,
    blockCount: 8,
    spareCount: 40,
    logicalSectors: 8,
    sequence: 2 ** 31,
    used: 33,
  },
  { name: "empty", blockCount: 12, spareCount: 40, sequence: 16, used: 0 },
];

/** The tables that mutations start from. */
export function badBlockBases(prng: Prng): BadBlockBase[] {
  return RECIPES.map(({ name, sequence, used, ...setUp }) => {
    const places = placesFor(setUp);
    const { startSector, blockSectors, spareSector, spareCount, sectorCount } = places;
    const bytes = patternOf(DISK_WRITE, 0, places.endSector);
    const blockCount = sectorCount / blockSectors;
    for (let index = 0; index < places.tableSectors; index++) {
      const slots: Record<number, HandSlot> = {};
      for (let slot = 0; slot < 31; slot++) {
        const spare = index * 31 + slot;
        if (spare >= Math.min(used, spareCount) || prng.bool(0.1)) continue;
        // Blocks stand twice and more: the later spare counts.
        const bad = prng.bool(0.2) ? NO_SECTOR : startSector + prng.int(blockCount) * blockSectors;
        slots[slot] = [bad, spareSector + spare * blockSectors];
      }
      for (const start of places.copySectors) {
        bytes.set(
          sectorByHand({ sequence: (sequence + index) % 2 ** 32, slots }),
          (start + index) * 512,
        );
      }
    }
    return { name, setUp, places, bytes };
  });
}

/** Something that happens to a table. */
export interface TableMutation {
  readonly words: string;
  apply(bytes: Uint8Array): void;
  /** A sector that cannot be read from now on. */
  readonly unreadable?: number;
}

function seal(bytes: Uint8Array, sector: number): void {
  const part = bytes.slice(sector * 512, sector * 512 + 512);
  part.fill(0, 4, 8);
  new DataView(bytes.buffer).setUint32(sector * 512 + 4, ~crc32(part) >>> 0, true);
}

/** Numbers that are borders of something. */
function drawNumber(prng: Prng, { startSector, sectorCount, ...places }: Places): bigint {
  const { spareSector, spareCount, blockSectors, copySectors, endSector } = places;
  const borders = [
    0,
    startSector,
    startSector + sectorCount,
    startSector + blockSectors * prng.int(sectorCount / blockSectors),
    spareSector + blockSectors * prng.int(spareCount),
    spareSector + spareCount * blockSectors,
    copySectors[0],
    endSector,
    2 ** 31,
    2 ** 32,
    2 ** 53,
  ];
  const number = BigInt(prng.pick(borders)) + BigInt(prng.int(3) - 1);
  if (prng.bool(0.1)) return BigInt.asUintN(64, -number);
  return BigInt.asUintN(64, number);
}

/** Draws one mutation of a table. */
function drawMutation(prng: Prng, places: Places): TableMutation {
  const { copySectors, tableSectors } = places;
  const sectorOf = () => copySectors[prng.int(2)]! + prng.int(tableSectors);
  const sector = sectorOf();
  const isSealed = prng.bool(0.7);
  const sealed = (words: string, change: (view: DataView, bytes: Uint8Array) => void) => ({
    words: `${words} in sector ${sector}${isSealed ? ", with a right checksum" : ""}`,
    apply(bytes: Uint8Array) {
      change(new DataView(bytes.buffer, sector * 512, 512), bytes);
      if (isSealed) seal(bytes, sector);
    },
  });
  const other = sectorOf();
  const number = drawNumber(prng, places);
  const slot = 16 + prng.int(31) * 16;
  const at = prng.int(512);
  const sequence = (prng.bool() ? prng.pick([0, 1, 2 ** 31, 2 ** 32 - 1]) : prng.uint32()) >>> 0;
  const step = prng.int(5) - 2;
  const kinds: Record<string, () => TableMutation> = {
    flip: () =>
      sealed(
        `bit ${at & 7} of byte ${at} flipped`,
        (view) => view.setUint8(at, view.getUint8(at) ^ (1 << (at & 7))),
      ),
    bad: () =>
      sealed(`bad sector ${number} at ${slot}`, (view) => view.setBigUint64(slot, number, true)),
    spare: () =>
      sealed(`spare ${number} at ${slot}`, (view) => view.setBigUint64(slot + 8, number, true)),
    free: () =>
      sealed(
        `slot at ${slot} freed`,
        (_, bytes) => void bytes.fill(0, sector * 512 + slot, sector * 512 + slot + 16),
      ),
    sequence: () => sealed(`sequence ${sequence}`, (view) => view.setUint32(8, sequence, true)),
    step: () =>
      sealed(
        `sequence ${step} on`,
        (view) => view.setUint32(8, view.getUint32(8, true) + step, true),
      ),
    used: () => sealed(`slots in use ${at}`, (view) => view.setUint32(12, at, true)),
    zeroes: () => ({
      words: `sector ${sector} zeroed`,
      apply: (bytes) => void bytes.fill(0, sector * 512, sector * 512 + 512),
    }),
    copy: () => ({
      words: `sector ${other} copied to ${sector}`,
      apply: (bytes) => void bytes.copyWithin(sector * 512, other * 512, other * 512 + 512),
    }),
    torn: () => ({
      words: `sector ${sector} torn at ${at}`,
      apply: (bytes) => void bytes.fill(0xee, sector * 512 + at, sector * 512 + 512),
    }),
    allZeroes: () => ({
      words: "all zeroed",
      apply: (bytes) => {
        for (const start of copySectors) bytes.fill(0, start * 512, (start + tableSectors) * 512);
      },
    }),
    unreadable: () => ({
      words: `sector ${sector} unreadable`,
      apply: () => {},
      unreadable: sector,
    }),
  };
  const weights = { flip: 3, bad: 4, spare: 2, free: 3, sequence: 2, step: 4, used: 2, zeroes: 2 };
  const name = prng.weighted({ ...weights, copy: 2, torn: 1, allZeroes: 0.3, unreadable: 2 });
  return kinds[name]!();
}

/** Draws what happens to a table. */
export function drawTableMutations(prng: Prng, { places }: BadBlockBase): TableMutation[] {
  const list = Array.from({ length: prng.intBetween(1, 5) }, () => drawMutation(prng, places));
  // Otherwise nearly every mutant would be read from the other copy, as if nothing had happened.
  if (prng.bool(0.5)) list.push(mirror(prng, places));
  return list;
}

/** Makes the copies the same. */
function mirror(prng: Prng, { copySectors, tableSectors }: Places): TableMutation {
  const [from, to] = prng.shuffle([...copySectors]) as [number, number];
  return {
    words: `copy at ${from} mirrored`,
    apply: (bytes) => void bytes.copyWithin(to * 512, from * 512, (from + tableSectors) * 512),
  };
}

/** A sector of a copy: its slots and edition, zeroes, or nothing that counts. */
type NaiveSector = "zeroes" | "nothing" | {
  readonly sequence: number;
  readonly slots: readonly (readonly [bad: bigint, spare: bigint])[];
  readonly text: string;
};

/** Reads a table as its description says. */
export function readNaively(
  bytes: Uint8Array,
  { places, setUp }: BadBlockBase,
  unreadable: ReadonlySet<number>,
): Reading {
  const { copySectors, spareCount } = places;
  const unit = setUp.logicalSectors ?? 1;
  const isReadable = (sector: number) => {
    const start = sector - (sector % unit);
    return !Array.from({ length: unit }, (_, at) => start + at).some((at) => unreadable.has(at));
  };
  const spares = new Map<number, number>();
  let [blankCount, isFirstEmpty] = [0, false];
  const count = Math.ceil(spareCount / 31);
  for (let index = 0; index < count; index++) {
    const [one, other] = copySectors.map((start): NaiveSector =>
      isReadable(start + index) ? readSector(bytes, start + index, index, places) : "nothing"
    ) as [NaiveSector, NaiveSector];
    if (one === "zeroes" && other === "zeroes") {
      blankCount++;
      continue;
    }
    const sector = laterOf(one, other);
    if (sector === null) return { state: "refused" };
    if (index === 0) {
      isFirstEmpty = sector.slots.every(([bad, spare]) => bad === 0n && spare === 0n);
    }
    sector.slots.forEach(([bad, spare], at) => {
      if (spare !== 0n && bad !== NO_SECTOR) spares.set(Number(bad), index * 31 + at);
    });
  }
  if (blankCount === count) return { state: "fresh" };
  if (blankCount > 0) return isFirstEmpty ? { state: "loaded", spares } : { state: "refused" };
  return { state: "loaded", spares };
}

function laterOf(one: NaiveSector, other: NaiveSector) {
  if (typeof one === "string") return typeof other === "string" ? null : other;
  if (typeof other === "string") return one;
  const ahead = (one.sequence - other.sequence + 2 ** 32) % 2 ** 32;
  if (ahead === 0 || ahead === 2 ** 31) return one.text === other.text ? one : null;
  return ahead < 2 ** 31 ? one : other;
}

function readSector(bytes: Uint8Array, sector: number, index: number, places: Places): NaiveSector {
  const part = bytes.slice(sector * 512, sector * 512 + 512);
  if (part.every((byte) => byte === 0)) return "zeroes";
  const text = part.join();
  const view = new DataView(part.buffer);
  const checksum = view.getUint32(4, true);
  part.fill(0, 4, 8);
  if (view.getUint32(0, true) !== 0x42627254 || checksum === 0) return "nothing";
  if (checksum !== ~crc32(part) >>> 0) return "nothing";
  const slots = Array.from(
    { length: 31 },
    (_, slot) =>
      [view.getBigUint64(16 + slot * 16, true), view.getBigUint64(24 + slot * 16, true)] as const,
  );
  const isSense = slots.every((slot, at) => makesSense(slot, index * 31 + at, places));
  return isSense ? { sequence: view.getUint32(8, true), slots, text } : "nothing";
}

function makesSense(
  [bad, spare]: readonly [bigint, bigint],
  place: number,
  { spareSector, spareCount, blockSectors, startSector, sectorCount }: Places,
): boolean {
  if (bad === 0n && spare === 0n) return true;
  if (place >= spareCount || spare !== BigInt(spareSector + place * blockSectors)) return false;
  if (bad === NO_SECTOR) return true;
  const [start, end] = [BigInt(startSector), BigInt(startSector + sectorCount)];
  return bad >= start && bad < end && (bad - start) % BigInt(blockSectors) === 0n;
}
