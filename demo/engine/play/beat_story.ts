/**
 * What a request to a device is, in the story of a snapshot: decided by which device it goes to, which
 * part of it, what the tables say at that moment, and what line is under way.
 *
 * | device | sectors | verb | during | kind |
 * |---|---|---|---|---|
 * | the disk | | read | a visitor's read | `read` |
 * | the disk | | read | anything else | `read-old` |
 * | the disk | | write | a merge | `merge-copy` |
 * | the disk | behind its end | write | | `relocate` |
 * | the disk | | write | anything else | `in-place` |
 * | a COW device | header or area | write | its merge | `merge-commit` |
 * | a COW device | header or area | write | anything else | `commit` |
 * | a COW device | a pending chunk | write | a read | `fill` |
 * | a COW device | a pending chunk | write | anything else | `copy-out` |
 * | a COW device | another chunk | write | | `in-place` |
 * | any | | flush | | `flush` |
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { AreaLayout, type ExceptionTable, type PendingException } from "../../../src/mod.ts";
import type { Beat } from "../scene.ts";
import { DISK_NAME } from "../world/devices.ts";
import type { ProbeRequest } from "../world/probe.ts";
import { ORIGIN_NAME, type Stack } from "../world/stack.ts";
import { cowName, type SnapshotFacts, type World } from "../world/world.ts";

/** What line is under way. */
export type Errand = "read" | "write" | "merge" | "snapshot" | "other";

/** What a story is told from. */
export interface StoryContext {
  readonly world: World;
  readonly stack: Stack | null;
  readonly errand: Errand;
}

/** The exceptions of a snapshot, also while it is merging. */
export function exceptionsOf(snapshot: SnapshotFacts, stack: Stack | null): ExceptionTable | null {
  return stack?.tableOf(snapshot.merge === "going on" ? ORIGIN_NAME : snapshot.name) ?? null;
}

/** All exceptions that are being made. */
export function* pendingOf(table: ExceptionTable | null): Iterable<PendingException> {
  if (table === null) return;
  let run = table.findPending(0, Infinity);
  while (run !== null) {
    yield run;
    run = table.findPending(run.lastOldChunk + 1, Infinity);
  }
}

/** `chunk 5`, or `chunks 5 to 7`. */
export function chunksText(first: number, count: number): string {
  return count === 1 ? `chunk ${first}` : `chunks ${first} to ${first + count - 1}`;
}

function list(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

type Told = Pick<Beat, "kind" | "text">;

/** Chunks that a request touches. */
function chunksOf({ sector, sectorCount }: ProbeRequest, chunkSectors: number) {
  const first = Math.floor(sector / chunkSectors);
  const count = Math.floor((sector + sectorCount - 1) / chunkSectors) - first + 1;
  return { first, count, text: chunksText(first, count) };
}

function diskTold(request: ProbeRequest, { world, stack, errand }: StoryContext): Told {
  const { sectorCount, chunkSectors } = world.origin;
  const { first, text } = chunksOf(request, chunkSectors);
  if (request.verb === "flush") {
    return { kind: "flush", text: "Flushes the disk: what was written to it is durable." };
  }
  if (request.sector >= sectorCount) {
    return request.verb === "read"
      ? { kind: "read", text: "Reads the table of bad blocks, or a spare block." }
      : { kind: "relocate", text: "A block is bad: it lives in a spare from now on." };
  }
  if (request.verb === "read") {
    if (errand === "read") return { kind: "read", text: `Reads ${text} from the disk.` };
    const keepers = world.snapshots.filter((each) => {
      const start = Math.floor(request.sector / each.chunkSectors);
      return (exceptionsOf(each, stack)?.findPending(start, start) ?? null) !== null;
    });
    const whom = list(keepers.map(({ name }) => name));
    const why = whom === "" ? "" : `, to keep it for ${whom}`;
    return { kind: "read-old", text: `Reads ${text} as it is${why}.` };
  }
  if (errand === "merge") {
    return { kind: "merge-copy", text: `Copies back over ${text} of the origin.` };
  }
  const isBad = world.origin.badChunks.includes(first);
  const end = isBad ? "Tries to overwrite" : "Overwrites";
  return { kind: "in-place", text: `${end} ${text} of the origin, in place.` };
}

function metadataTold(
  snapshot: SnapshotFacts,
  request: ProbeRequest,
  { stack, errand }: StoryContext,
): Told {
  const { name, chunkSectors } = snapshot;
  const cow = cowName(snapshot);
  const table = exceptionsOf(snapshot, stack);
  if (request.sector > 0 && request.sector < chunkSectors) {
    return { kind: "commit", text: `Clears what is behind the header of ${cow}.` };
  }
  if (request.sector === 0) {
    const text = table?.isInvalidating === true
      ? `Writes into the header that ${name} is not to be used any more, durably.`
      : `Writes the header of ${cow}: from now on it is a snapshot.`;
    return { kind: "commit", text };
  }
  if (errand === "merge" && snapshot.merge === "going on") {
    return { kind: "merge-commit", text: `Takes what was copied back out of the list of ${name}.` };
  }
  const [run] = pendingOf(table);
  if (run === undefined) return { kind: "commit", text: `Writes an empty list to ${cow}.` };
  const entry = `${run.oldChunk} → ${run.newChunk}`;
  const more = run.count === 1 ? "" : ` and ${run.count - 1} more`;
  const text = `Commits ${entry}${more} to ${cow}, durably: ${name} has ` +
    `${chunksText(run.oldChunk, run.count)} of its own.`;
  return { kind: "commit", text };
}

function cowTold(snapshot: SnapshotFacts, request: ProbeRequest, context: StoryContext): Told {
  const { name, chunkSectors, isCache } = snapshot;
  const cow = cowName(snapshot);
  const { first, text } = chunksOf(request, chunkSectors);
  if (request.verb === "flush") {
    return context.world.isCareless
      ? { kind: "flush", text: `${cow} says that it has flushed, and has not.` }
      : { kind: "flush", text: `Flushes ${cow}: data is durable before anything names it.` };
  }
  if (request.verb === "read") return { kind: "read", text: `Reads ${text} of ${cow}.` };
  if (new AreaLayout(chunkSectors).isMetadataChunk(first) && snapshot.store !== "N") {
    return metadataTold(snapshot, request, context);
  }
  for (const { oldChunk, newChunk, count } of pendingOf(exceptionsOf(snapshot, context.stack))) {
    if (first < newChunk || first >= newChunk + count) continue;
    const from = oldChunk + first - newChunk;
    if (isCache && context.errand === "read") {
      return { kind: "fill", text: `Keeps chunk ${from}, which was read, in ${text} of ${cow}.` };
    }
    return { kind: "copy-out", text: `Copies chunk ${from} out, to ${text} of ${cow}.` };
  }
  return { kind: "in-place", text: `Writes ${text} of ${cow}, which is ${name}'s own already.` };
}

/**
 * Tells a request as a beat.
 *
 * @param device The device it goes to.
 * @param request The request.
 * @param context What it is told from.
 */
export function tellBeat(device: string, request: ProbeRequest, context: StoryContext): Beat {
  const { sector, sectorCount } = request;
  const snapshot = context.world.snapshots.find((each) => cowName(each) === device);
  const told = device === DISK_NAME || snapshot === undefined
    ? diskTold(request, context)
    : cowTold(snapshot, request, context);
  return { ...told, device, sector, sectorCount, isPerformed: false };
}
