/**
 * What is done to a valid image: each mutation is data with its own numbers, so that any part of a
 * list is a list, and a failure can be shrunk to the mutations that matter.
 *
 * Most of them aim at metadata: the header, the entries in use, the end of the list.
 */
import type { Prng } from "../../src/testing/prng.ts";
import type { BaseImage } from "./bases.ts";
import { EXTENSION_SECTORS, type FuzzedDisk } from "./fuzzed_disk.ts";

/** One change. Offsets are in bytes; what lies outside of the image is left out. */
export type Mutation =
  | { readonly kind: "flip"; offset: number; bit: number }
  | { readonly kind: "byte"; offset: number; value: number }
  | { readonly kind: "word"; offset: number; value: number }
  | { readonly kind: "chunk"; offset: number; value: bigint }
  | { readonly kind: "copy"; from: number; to: number; count: number }
  | { readonly kind: "swap"; from: number; to: number; count: number }
  | { readonly kind: "zero"; offset: number; count: number }
  | { readonly kind: "garbage"; offset: number; count: number; seed: number }
  | { readonly kind: "header"; words: readonly number[] }
  | { readonly kind: "resize"; sectorCount: number; isGarbage: boolean }
  | { readonly kind: "bad"; sector: number };

/** Numbers at which something changes. */
const EDGES = [0n, 1n, 2n, 2n ** 31n, 2n ** 32n, 2n ** 44n, 2n ** 53n, 2n ** 56n, 2n ** 63n];

const WEIGHTS = {
  flip: 6,
  byte: 2,
  field: 8,
  plausible: 8,
  entry: 6,
  sectors: 4,
  zero: 2,
  garbage: 1,
  headerWord: 4,
  header: 1,
  junk: 2,
  truncate: 2,
  extend: 1,
  bad: 1,
} as const;

/** Where the metadata of an image is. */
class MetadataMap {
  readonly chunkBytes: number;
  readonly perArea: number;
  readonly areaStarts: number[] = [];
  readonly entryCount: number;

  constructor(readonly base: BaseImage, readonly prng: Prng) {
    this.chunkBytes = base.chunkSectors * 512;
    this.perArea = base.chunkSectors * 32;
    const stride = (this.perArea + 1) * this.chunkBytes;
    for (let start = this.chunkBytes; start < base.bytes.length; start += stride) {
      this.areaStarts.push(start);
    }
    const view = new DataView(base.bytes.buffer, base.bytes.byteOffset, base.bytes.byteLength);
    let count = 0;
    const limit = this.areaStarts.length * this.perArea;
    while (count < limit && view.getBigUint64(this.entryOffset(count) + 8, true) !== 0n) count++;
    this.entryCount = count;
  }

  entryOffset(place: number): number {
    const area = Math.floor(place / this.perArea);
    return (this.areaStarts[area] ?? this.chunkBytes) + (place % this.perArea) * 16;
  }

  /** An entry in use, or one of the two behind them. */
  entry(): number {
    const limit = this.areaStarts.length * this.perArea;
    return this.entryOffset(this.prng.int(Math.min(limit, this.entryCount + 2)));
  }

  /** A byte of metadata. */
  offset(): number {
    return this.prng.bool(0.25) ? this.prng.int(16) : this.entry() + this.prng.int(16);
  }

  /** The start of a sector of the header or of an area in use. */
  sectorStart(): number {
    const { prng } = this;
    if (prng.bool(0.15)) return 0;
    return Math.floor(this.entry() / 512) * 512;
  }

  area(): number {
    return Math.floor((this.entry() - this.chunkBytes) / this.chunkBytes) * this.chunkBytes +
      this.chunkBytes;
  }
}

/**
 * Draws what is done to an image.
 *
 * @param prng Chance.
 * @param base The image.
 * @param others Images whose headers may be taken.
 */
export function drawMutations(
  prng: Prng,
  base: BaseImage,
  others: readonly BaseImage[],
): Mutation[] {
  const map = new MetadataMap(base, prng);
  const count = prng.bool(0.6) ? 1 : prng.intBetween(2, 5);
  return Array.from({ length: count }, () => draw(map, others));
}

function draw(map: MetadataMap, others: readonly BaseImage[]): Mutation {
  const { prng, base } = map;
  const sectors = base.bytes.length / 512;
  const kind = prng.weighted(WEIGHTS);
  switch (kind) {
    case "flip":
      return { kind, offset: map.offset(), bit: prng.int(8) };
    case "byte":
      return { kind, offset: map.offset(), value: prng.pick([0, 1, 127, 128, 255]) };
    case "field":
      return { kind: "chunk", offset: map.entry() + 8 * prng.int(2), value: edgeValue(prng) };
    case "plausible":
      return { kind: "chunk", offset: map.entry() + 8 * prng.int(2), value: plausible(map) };
    case "entry": {
      const swap = prng.pick(["copy", "swap"] as const);
      return { kind: swap, from: map.entry(), to: map.entry(), count: 16 };
    }
    case "sectors": {
      const swap = prng.pick(["copy", "swap"] as const);
      const to = prng.bool() ? map.sectorStart() : prng.int(sectors) * 512;
      return { kind: swap, from: map.sectorStart(), to, count: 512 * prng.intBetween(1, 3) };
    }
    case "zero":
      return { kind, offset: map.area(), count: prng.pick([16, 512, map.chunkBytes]) };
    case "garbage":
      return { kind, offset: map.area(), count: map.chunkBytes, seed: prng.uint32() };
    case "headerWord":
      return { kind: "word", offset: 4 * prng.int(4), value: headerValue(map) };
    case "header":
      return { kind, words: headerWords(prng.pick(others)) };
    case "junk":
      return { kind: "byte", offset: 16 + prng.int(map.chunkBytes - 16), value: prng.int(256) };
    case "truncate":
      return { kind: "resize", sectorCount: inBlocks(prng.int(sectors), base), isGarbage: false };
    case "extend": {
      const sectorCount = inBlocks(sectors + prng.int(EXTENSION_SECTORS + 1), base);
      return { kind: "resize", sectorCount, isGarbage: prng.bool() };
    }
    case "bad":
      return { kind, sector: Math.floor((map.area() + prng.int(map.chunkBytes)) / 512) };
  }
}

/** A device ends with a logical block. */
function inBlocks(sectorCount: number, { blockSectors }: BaseImage): number {
  return Math.floor(sectorCount / blockSectors) * blockSectors;
}

function edgeValue(prng: Prng): bigint {
  const value = prng.pick(EDGES) + BigInt(prng.intBetween(-1, 1));
  return BigInt.asUintN(64, value);
}

/** A chunk near to what is there: in use already, on metadata, next to the ends. */
function plausible({ prng, base, perArea, entryCount }: MetadataMap): bigint {
  const chunkCount = Math.ceil(base.bytes.length / 512 / base.chunkSectors);
  const near = prng.pick([
    prng.int(chunkCount + 2),
    1 + (perArea + 1) * prng.int(3),
    chunkCount - 1 + prng.int(3) - 1,
    Math.ceil(base.originSectors / base.chunkSectors) - 1 + prng.int(3) - 1,
    2 + entryCount + prng.int(3) - 1,
  ]);
  const top = prng.bool(0.1) ? BigInt(prng.int(256)) << 56n : 0n;
  return BigInt(Math.max(0, near)) + top;
}

function headerValue({ prng, base }: MetadataMap): number {
  const power = 2 ** prng.int(32);
  return prng.pick([
    0,
    1,
    2,
    3,
    power,
    power - 1,
    0xffffffff,
    base.chunkSectors * 2,
    0x70416e53,
  ]) >>>
    0;
}

function headerWords({ bytes }: BaseImage): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return [0, 4, 8, 12].map((offset) => view.getUint32(offset, true));
}

/**
 * Does something to an image.
 *
 * @param disk The disk that holds it.
 * @param mutation What is done.
 */
export function applyMutation(disk: FuzzedDisk, mutation: Mutation): void {
  const bytes = disk.capacity;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (mutation.kind) {
    case "flip":
      bytes[mutation.offset]! ^= 1 << mutation.bit;
      return disk.touch(mutation.offset, mutation.offset + 1);
    case "byte":
      bytes[mutation.offset] = mutation.value;
      return disk.touch(mutation.offset, mutation.offset + 1);
    case "word":
      view.setUint32(mutation.offset, mutation.value, true);
      return disk.touch(mutation.offset, mutation.offset + 4);
    case "chunk":
      view.setBigUint64(mutation.offset, mutation.value, true);
      return disk.touch(mutation.offset, mutation.offset + 8);
    case "copy":
    case "swap": {
      const { from, to, kind } = mutation;
      const count = Math.min(mutation.count, bytes.length - Math.max(from, to));
      const source = bytes.slice(from, from + count);
      if (kind === "swap") {
        bytes.copyWithin(from, to, to + count);
        disk.touch(from, from + count);
      }
      bytes.set(source, to);
      return disk.touch(to, to + count);
    }
    case "zero":
    case "garbage": {
      const end = Math.min(mutation.offset + mutation.count, bytes.length);
      const range = bytes.subarray(mutation.offset, end);
      if (mutation.kind === "zero") range.fill(0);
      else scatter(range, mutation.seed);
      return disk.touch(mutation.offset, end);
    }
    case "header":
      mutation.words.forEach((word, index) => view.setUint32(index * 4, word, true));
      return disk.touch(0, 16);
    case "resize": {
      const first = disk.sectorCount * 512;
      disk.sectorCount = mutation.sectorCount;
      if (!mutation.isGarbage || mutation.sectorCount * 512 <= first) return;
      scatter(bytes.subarray(first, mutation.sectorCount * 512), mutation.sectorCount);
      return disk.touch(first, mutation.sectorCount * 512);
    }
    case "bad":
      disk.badSectors.add(mutation.sector);
  }
}

/** Bytes without a meaning. */
function scatter(range: Uint8Array, seed: number): void {
  let state = seed;
  for (let at = 0; at < range.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    range[at] = state >>> 24;
  }
}
