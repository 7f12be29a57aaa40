/**
 * Why what survived a loss of power did, in sentences: what became of each cache, of each exception
 * that was being made, and, once there is power again, whether every snapshot still reads as it did.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import type { PendingCopy, Strip } from "../scene.ts";
import { DISK_NAME } from "../world/devices.ts";
import type { CutReport } from "../world/probe.ts";
import type { World } from "../world/world.ts";
import { chunksText } from "./beat_story.ts";

function cacheSentence(device: string, { volatileSectors, keptSectors }: CutReport): string | null {
  const count = volatileSectors.length;
  if (count === 0) return null;
  const name = device === DISK_NAME ? "The disk" : device;
  const had = `${name} had ${count} ${count === 1 ? "sector" : "sectors"} in its cache alone`;
  const kept = keptSectors.length;
  if (kept === 0) return `${had}: lost.`;
  return kept === count
    ? `${had}: by luck they were kept.`
    : `${had}: ${kept} kept, the rest lost.`;
}

function copySentence({ snapshot, oldChunk, isCommitted }: PendingCopy, world: World): string {
  if (!isCommitted) {
    return `Chunk ${oldChunk} had no committed exception on ${snapshot}: what was copied counts for ` +
      "nothing, and the origin was not overwritten yet.";
  }
  const durable = world.isCareless
    ? "but its data may not be there: this device lies about flushes"
    : "and the data that it names was flushed before it";
  return `The exception of chunk ${oldChunk} on ${snapshot} was committed, ${durable}.`;
}

/**
 * What a loss of power has done.
 *
 * @param reports What became of each device's cache.
 * @param copies The exceptions that were being made.
 * @param world What there was.
 */
export function sentencesOfCut(
  reports: ReadonlyMap<string, CutReport>,
  copies: readonly PendingCopy[],
  world: World,
): string[] {
  const caches = [...reports].flatMap(([name, report]) => cacheSentence(name, report) ?? []);
  const first = caches.length === 0 ? ["Nothing was in a cache alone: nothing was lost."] : caches;
  return [...first, ...copies.slice(0, 4).map((copy) => copySentence(copy, world))];
}

/** Chunks that two drawings of a device differ in. */
function differing(before: Strip, after: Strip): number[] {
  const chunks: number[] = [];
  for (let chunk = 0; chunk < after.chunkCount; chunk++) {
    if (before.generations[chunk] !== after.generations[chunk]) chunks.push(chunk);
  }
  return chunks;
}

/**
 * What there is when there is power again, compared with what was before the line that was cut.
 *
 * @param before The strips as they were before that line.
 * @param after The strips now.
 * @param written The device that the line wrote to.
 */
export function sentencesOfPlug(
  before: readonly Strip[],
  after: readonly Strip[],
  written: string | null,
): string[] {
  const sentences: string[] = [];
  for (const strip of after) {
    const was = before.find(({ name, role }) => name === strip.name && role === strip.role);
    if (was === undefined || strip.role !== "snapshot" || was.chunkCount !== strip.chunkCount) {
      continue;
    }
    const { name } = strip;
    if (strip.health === "invalid") {
      sentences.push(`${name} is invalid: it says so, and reads nothing wrong.`);
      continue;
    }
    if (name === written) continue;
    const wrong = differing(was, strip);
    sentences.push(
      wrong.length === 0
        ? `${name} reads as it did: all ${strip.chunkCount} chunks.`
        : `${name} READS WRONG in ${chunksText(wrong[0] ?? 0, 1)}` +
          `${wrong.length > 1 ? ` and ${wrong.length - 1} more` : ""}: an exception names data ` +
          "that was never written.",
    );
  }
  return sentences;
}
