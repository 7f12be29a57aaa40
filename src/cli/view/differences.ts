/**
 * Where two views differ.
 *
 * Views of one origin can differ only where a COW image that they do not share has an exception: then
 * nothing else is read. Otherwise all of both is.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { realpathSync } from "node:fs";
import { sectorsToBytes } from "../../block/units.ts";
import { differingStretches } from "../../disk/image/differing.ts";
import type { Extent } from "../../disk/mod.ts";
import { readCowHeader, readCowRuns } from "../cow_image.ts";
import type { Environment } from "../environment.ts";
import { CommandFailure } from "../failure.ts";
import { openImage } from "../files.ts";
import { eachPiece } from "../transfer.ts";
import type { DeviceUri } from "./device_uri.ts";
import type { View, ViewName } from "./view.ts";

/** The unit in which differences are told. */
const UNIT_SECTORS = 8;

function placeOf(origin: DeviceUri): string | null {
  switch (origin.kind) {
    case "file":
      return realpathSync(origin.path);
    case "http":
      return origin.url;
    case "memory": // Two of one size are zeroes both.
      return `mem:${origin.sectorCount}`;
  }
}

/** COW images that two views do not share; `null` when they do not lie on one origin. */
function unsharedCows(from: ViewName, to: ViewName): string[] | null {
  if (placeOf(from.origin) !== placeOf(to.origin)) return null;
  const [left, right] = [from, to].map(({ cows }) => cows.map((path) => realpathSync(path)));
  let shared = 0;
  while (shared < left!.length && left![shared] === right![shared]) shared++;
  return [...left!.slice(shared), ...right!.slice(shared)];
}

/** Where a COW image has exceptions, in sectors. */
function heldExtents(path: string): Extent[] {
  using stack = new DisposableStack();
  const cow = stack.adopt(openImage(path, "read"), (device) => device.closeSync());
  const header = readCowHeader(cow);
  const extents: Extent[] = [];
  readCowRuns(cow, header, ({ oldChunk, count }) => {
    const { chunkSectors } = header;
    extents.push({ sector: oldChunk * chunkSectors, sectorCount: count * chunkSectors });
  });
  return extents;
}

/** Puts extents in order, joins those that touch, and cuts them off at a size. */
export function joinExtents(extents: readonly Extent[], sectorCountMax: number): Extent[] {
  const joined: { sector: number; end: number }[] = [];
  for (const { sector, sectorCount } of extents.toSorted((a, b) => a.sector - b.sector)) {
    const end = Math.min(sector + sectorCount, sectorCountMax);
    const last = joined.at(-1);
    if (last !== undefined && sector <= last.end) last.end = Math.max(last.end, end);
    else if (sector < end) joined.push({ sector, end });
  }
  return joined.map(({ sector, end }) => ({ sector, sectorCount: end - sector }));
}

/**
 * Finds what differs.
 *
 * @param environment The world.
 * @param from One view.
 * @param to The other, of the same size.
 * @returns Stretches, in order; in every 4 KiB of them at least one byte differs.
 */
export async function findDifferences(
  environment: Environment,
  from: View,
  to: View,
): Promise<Extent[]> {
  const { sectorCount } = to.device;
  if (from.device.sectorCount !== sectorCount) {
    throw new CommandFailure(
      `Cannot compare "${from.name.word}" with "${to.name.word}": they have ` +
        `${from.device.sectorCount} and ${sectorCount} sectors`,
    );
  }
  const cows = unsharedCows(from.name, to.name);
  const places = cows?.flatMap(heldExtents) ?? [{ sector: 0, sectorCount }];
  const found: Extent[] = [];
  let other = new Uint8Array(0);
  for (const place of joinExtents(places, sectorCount)) {
    const transfer = {
      device: to.device,
      ...place,
      verb: "comparing",
      interruptedWith: "nothing was changed",
    };
    await eachPiece(environment, transfer, async (piece, sector) => {
      if (other.length < piece.length) other = new Uint8Array(piece.length);
      const there = other.subarray(0, piece.length);
      await from.device.read(there, sector);
      // Most pieces are alike, and the runtime compares them whole several times as fast as we do.
      if (Buffer.compare(there, piece) === 0) return;
      for (const stretch of differingStretches(there, piece, UNIT_SECTORS)) {
        found.push({ sector: sector + stretch.sector, sectorCount: stretch.sectorCount });
      }
    });
  }
  return joinExtents(found, sectorCount);
}

/** The sectors of extents, in bytes. */
export function bytesIn(extents: readonly Extent[]): number {
  return sectorsToBytes(extents.reduce((sum, { sectorCount }) => sum + sectorCount, 0));
}
