/**
 * The manners in which every sequence is tried.
 *
 * A variant says how large things are and what they are made of; the sequences are the same in all.
 * Chunks have labels in the order of their first use (`alphabet.ts`), and `order` says which label is
 * which chunk of the disk, so that over the variants exceptions are made upwards, downwards and
 * across, without trying every order in every variant.
 */
import type { Durability, StoreType } from "../../src/exception/mod.ts";
import type { DiskKind } from "../model/disks.ts";

/** How a world of three chunks and two snapshots is. */
export interface Variant {
  readonly name: string;
  readonly store: StoreType;
  readonly durability: Durability;
  /** Sectors of the origin: 6, or 5 for a short last chunk. */
  readonly originSectors: number;
  /** Sectors in a chunk of the first snapshot and of the second. */
  readonly chunkSectors: readonly [first: number, second: number];
  /** How many chunks less than the snapshot needs its COW device has room for. */
  readonly chunksMissing: number;
  /** Which chunk a label is. */
  readonly order: readonly [number, number, number];
  readonly disks: DiskKind;
  readonly passesDiscards: boolean;
}

/** Sectors between the chunks that labels name; chunks of snapshots may be smaller or larger. */
export const LABEL_SECTORS = 2;

const PLAIN: Omit<Variant, "name"> = {
  store: "P",
  durability: "each",
  originSectors: 6,
  chunkSectors: [2, 2],
  chunksMissing: 0,
  order: [0, 1, 2],
  disks: "memory",
  passesDiscards: false,
};

/** All of them, by name. */
export const VARIANTS: readonly Variant[] = [
  { ...PLAIN, name: "P" },
  { ...PLAIN, name: "P-flush", durability: "flush", order: [2, 1, 0], disks: "plain" },
  { ...PLAIN, name: "P-short", chunksMissing: 1, order: [1, 2, 0] },
  { ...PLAIN, name: "P-tail", originSectors: 5, order: [2, 0, 1], disks: "plain" },
  { ...PLAIN, name: "PO-short", store: "PO", chunksMissing: 1, order: [0, 2, 1] },
  {
    ...PLAIN,
    name: "PO-short-flush",
    store: "PO",
    durability: "flush",
    chunksMissing: 1,
    order: [2, 1, 0],
  },
  { ...PLAIN, name: "N-short", store: "N", chunksMissing: 1, order: [1, 0, 2] },
  { ...PLAIN, name: "P-mixed", chunkSectors: [2, 1], order: [1, 0, 2] },
  {
    ...PLAIN,
    name: "PO-mixed-short",
    store: "PO",
    chunkSectors: [1, 4],
    chunksMissing: 1,
    originSectors: 5,
    disks: "plain",
  },
  { ...PLAIN, name: "P-passdown", passesDiscards: true, order: [1, 2, 0] },
];

/**
 * Finds a variant.
 *
 * @param name Its name.
 * @throws {Error} When there is none of that name.
 */
export function variantOf(name: string): Variant {
  const variant = VARIANTS.find((each) => each.name === name);
  if (variant !== undefined) return variant;
  const names = VARIANTS.map((each) => each.name).join(", ");
  throw new Error(`There is no variant "${name}"; there are ${names}`);
}

/** How many chunks a snapshot of a variant can have exceptions for. */
export function roomOf({ originSectors, chunkSectors, chunksMissing }: Variant, slot: 0 | 1) {
  return Math.ceil(originSectors / chunkSectors[slot]) - chunksMissing;
}

/** Sectors of a snapshot's COW device: room, and a header and one area where the store keeps them. */
export function cowSectorsOf(variant: Variant, slot: 0 | 1): number {
  const metadataChunks = variant.store === "N" ? 0 : 2;
  return (roomOf(variant, slot) + metadataChunks) * variant.chunkSectors[slot];
}
