/**
 * What an origin is, as far as a disk can tell: its size, a hash of its contents or of samples of
 * them, and what its server calls it.
 *
 * A COW image knows the chunks that were changed and takes all others from its origin. On another
 * origin, or on a newer version, it shows a mixture that was never a disk: the most frequent way in
 * which overlays lose data. So a disk remembers what it was made on, and refuses anything else.
 *
 * Samples are taken at fixed places spread over the whole device, the first and the last included.
 * They tell another image mostly and a changed one sometimes; hashing everything tells every change,
 * and takes as long as reading everything. A tag tells every change too, as far as its server does:
 * the HTTP device has one, and so may any device.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { allStep, type Plan, readStep } from "../block/plan.ts";
import { divCeil, sectorsToBytes } from "../block/units.ts";
import { Xxh3 } from "../kernel/mod.ts";
import type { OriginIdentity } from "./manifest/manifest.ts";
import { tagOf } from "./origin_tag.ts";

const SAMPLE_SECTORS = 8;
const SAMPLE_COUNT = 32;
const PIECE_SECTORS = 2048;

/** Sectors in a sample: whole blocks. */
function sampleSectors({ limits }: BlockDevice): number {
  return Math.max(SAMPLE_SECTORS, limits.logicalSectors);
}

/** Where samples are taken, in sectors; at the last place there may be less than a whole one. */
function samplePlaces(device: BlockDevice): number[] {
  const unit = sampleSectors(device);
  const lastUnit = Math.max(0, divCeil(device.sectorCount, unit) - 1);
  const places = new Set<number>();
  for (let index = 0; index < SAMPLE_COUNT; index++) {
    places.add(Math.floor((lastUnit * index) / (SAMPLE_COUNT - 1)) * unit);
  }
  return [...places];
}

function* read(device: BlockDevice, target: Uint8Array, sector: number): Plan {
  yield readStep(device, target, sector);
}

/** The hash of samples, which are read side by side: an origin may be far away. */
function* hashSamples(origin: BlockDevice): Plan<string> {
  const hash = new Xxh3();
  const samples = samplePlaces(origin).map((sector) => {
    const sectorCount = Math.min(sampleSectors(origin), origin.sectorCount - sector);
    return { sector, bytes: new Uint8Array(sectorsToBytes(sectorCount)) };
  });
  yield allStep(samples.map(({ sector, bytes }) => read(origin, bytes, sector)));
  for (const { bytes } of samples) hash.update(bytes);
  return hash.digest128();
}

function* hashWhole(origin: BlockDevice): Plan<string> {
  const hash = new Xxh3();
  const bytes = new Uint8Array(sectorsToBytes(PIECE_SECTORS));
  for (let sector = 0; sector < origin.sectorCount; sector += PIECE_SECTORS) {
    const sectorCount = Math.min(PIECE_SECTORS, origin.sectorCount - sector);
    const piece = bytes.subarray(0, sectorsToBytes(sectorCount));
    yield readStep(origin, piece, sector);
    hash.update(piece);
  }
  return hash.digest128();
}

/**
 * Finds out what an origin is.
 *
 * @param origin The device.
 * @param isWhole Whether to look at everything, or at samples.
 * @returns Its identity.
 */
export function* planIdentity(origin: BlockDevice, isWhole: boolean): Plan<OriginIdentity> {
  const fingerprint = isWhole ? yield* hashWhole(origin) : yield* hashSamples(origin);
  return { sectorCount: origin.sectorCount, fingerprint, isWhole, tag: tagOf(origin) };
}

/**
 * How an origin differs from what it was.
 *
 * @param expected What it was.
 * @param found What it is.
 * @returns The end of the sentence "the origin …", or `null` when it is the same.
 */
function identityFault(expected: OriginIdentity, found: OriginIdentity): string | null {
  if (found.sectorCount !== expected.sectorCount) {
    return `has ${found.sectorCount} sectors, want ${expected.sectorCount}`;
  }
  if (expected.tag !== null && found.tag !== null && found.tag !== expected.tag) {
    return `has changed: it is version ${found.tag}, want ${expected.tag}`;
  }
  if (found.fingerprint === expected.fingerprint) return null;
  const what = expected.isWhole ? "its contents" : "samples of its contents";
  return `has changed: ${what} hash to ${found.fingerprint}, want ${expected.fingerprint}`;
}

/**
 * What an origin is now, and how that differs from what it was.
 *
 * @param origin The origin.
 * @param expected What it was.
 * @returns Its identity, and how it differs: the end of the sentence "the origin …", or `null`.
 */
export function* planCompareIdentity(
  origin: BlockDevice,
  expected: OriginIdentity,
): Plan<{ found: OriginIdentity; fault: string | null }> {
  // Of an origin of another size nothing needs to be read.
  const found = origin.sectorCount === expected.sectorCount
    ? yield* planIdentity(origin, expected.isWhole)
    : { ...expected, sectorCount: origin.sectorCount };
  return { found, fault: identityFault(expected, found) };
}
