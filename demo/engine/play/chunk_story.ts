/**
 * One chunk: which devices its read goes through, from the top, one table line each; and its bytes.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { AreaLayout, SECTOR_BYTES } from "../../../src/mod.ts";
import { HexDump } from "../../../src/cli/hex_dump.ts";
import type { ChunkStory } from "../scene.ts";
import type { Session } from "../session.ts";
import { Refusal } from "../commands/refusal.ts";
import { DISK_NAME } from "../world/devices.ts";
import { ORIGIN_NAME, SPARES_NAME } from "../world/stack.ts";
import { relocatedChunks } from "../world/origin_surface.ts";
import { cowName, cowRegion, diskRegion, type SnapshotFacts } from "../world/world.ts";

/** Bytes of a chunk that are shown. */
const DUMP_BYTES = 256;

/** Where a read ends: a sector of a probe. */
interface End {
  readonly device: string;
  readonly sector: number;
}

function regionLine(session: Session, { device, sector }: End): string {
  const { world } = session;
  const snapshot = world.snapshots.find((each) => cowName(each) === device);
  const { startSector, sectorCount } = snapshot === undefined
    ? diskRegion(world)
    : cowRegion(snapshot);
  return `${device}: 0 ${sectorCount} linear /dev/medium ${startSector} (sector ${
    startSector + sector
  } of what is stored)`;
}

function throughDisk(session: Session, sector: number, path: string[]): End {
  const { world, stack } = session;
  if (!world.origin.hasSpares || stack === null) return { device: DISK_NAME, sector };
  const { chunkSectors } = world.origin;
  const spare = relocatedChunks(world, stack).get(Math.floor(sector / chunkSectors));
  const why = spare === undefined ? "its block is good" : "its block is bad: it is in a spare";
  path.push(`${SPARES_NAME}: ${stack.tableLine(SPARES_NAME)} (${why})`);
  return {
    device: DISK_NAME,
    sector: spare === undefined ? sector : spare + sector % chunkSectors,
  };
}

function throughSnapshot(
  session: Session,
  snapshot: SnapshotFacts,
  chunk: number,
  path: string[],
): End {
  const { name, chunkSectors } = snapshot;
  const newChunk = session.newChunkOf(snapshot, chunk);
  const line = session.stack?.tableLine(name) ?? "no power";
  if (newChunk >= 0) {
    path.push(`${name}: ${line} (an exception: chunk ${newChunk} of ${cowName(snapshot)})`);
    return { device: cowName(snapshot), sector: newChunk * chunkSectors };
  }
  path.push(`${name}: ${line} (no exception: the origin's)`);
  return throughDisk(session, chunk * chunkSectors, path);
}

function cowWhy({ chunkSectors, store }: SnapshotFacts, chunk: number): string {
  if (store === "N") return "data: a transient store keeps its list in memory";
  if (chunk === 0) return "the header";
  return new AreaLayout(chunkSectors).isMetadataChunk(chunk) ? "a list of exceptions" : "data";
}

/**
 * Tells of a chunk.
 *
 * @param session Where it is.
 * @param strip The strip's name.
 * @param chunk Its number there.
 */
export async function tellChunk(
  session: Session,
  strip: string,
  chunk: number,
): Promise<ChunkStory> {
  const { world, stack, devices } = session;
  const path: string[] = [];
  let end: End;
  let { chunkSectors } = world.origin;
  const snapshot = world.snapshots.find((each) => each.name === strip || cowName(each) === strip);
  if (snapshot !== undefined) ({ chunkSectors } = snapshot);
  const isCow = snapshot !== undefined && snapshot.name !== strip;
  const size = isCow ? snapshot.cowSectors : world.origin.sectorCount;
  const sector = chunk * chunkSectors;
  if (!Number.isSafeInteger(chunk) || chunk < 0 || sector >= size) {
    throw new Refusal(`There is no chunk ${chunk} of ${strip}`);
  }
  if (strip === ORIGIN_NAME) {
    path.push(`${ORIGIN_NAME}: ${stack?.tableLine(ORIGIN_NAME) ?? "no power"}`);
    end = throughDisk(session, sector, path);
  } else if (snapshot?.name === strip) {
    end = throughSnapshot(session, snapshot, chunk, path);
  } else if (snapshot !== undefined) {
    path.push(`${strip}: ${cowWhy(snapshot, chunk)}`);
    end = { device: strip, sector };
  } else {
    throw new Refusal(`There is no device "${strip}"`);
  }
  path.push(regionLine(session, end));
  const probe = devices.get(end.device);
  const room = (probe.device.sectorCount - end.sector) * SECTOR_BYTES;
  const bytes = new Uint8Array(Math.min(DUMP_BYTES * 2, room));
  await probe.peek(bytes, end.sector);
  let dump = "";
  const writer = new HexDump(sector * SECTOR_BYTES, (text) => dump += text);
  writer.add(bytes.subarray(0, DUMP_BYTES));
  writer.end();
  return { path, dump };
}
