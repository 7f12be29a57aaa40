/**
 * Commands that change the world: each does to the real stack what its words say.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { formatSize, SECTOR_BYTES, type StoreType } from "../../../src/mod.ts";
import { fillPattern } from "../../../src/testing/mod.ts";
import type { Session } from "../session.ts";
import { Refusal } from "./refusal.ts";
import { chunksText } from "../play/beat_story.ts";
import {
  COW_SECTORS_MAX,
  cowName,
  freeSlot,
  type SnapshotFacts,
  SNAPSHOTS_MAX,
  withSnapshot,
} from "../world/world.ts";
import { FOREIGN_MARK } from "../world/sector_marks.ts";
import { chunkSectorsOf, chunksOf, deviceNames, deviceOf, sectorsOf } from "./chunks.ts";
import type { Call, Command } from "./command.ts";

/** The largest chunk of a snapshot, in sectors: 1 MiB. */
const CHUNK_SECTORS_MAX = 2048;
/** A COW device's size, where none is said. */
const COW_SECTORS = 128;
/** What is written or read at a time, in sectors: 1 MiB. */
const PIECE_SECTORS = 2048;

const NAME = /^[a-z][a-z0-9]{0,14}$/;
const STORES: readonly StoreType[] = ["P", "PO", "N"];

function requireNewName(session: Session, name: string): void {
  if (!NAME.test(name) || name === "disk") {
    throw new Refusal(`Cannot call a snapshot "${name}": want a short word of lower-case letters`);
  }
  if (!deviceNames(session).includes(name)) return;
  throw new Refusal(`There is a device "${name}" already: want another name, or drop it first`);
}

/** Writes a new generation of chunks. */
async function writeChunks({ session, words: [word = "", chunksWord = ""] }: Call) {
  const device = deviceOf(session, word);
  const chunks = chunksOf(device, chunksWord);
  const { mapper } = session.requireStack("write");
  const writeCount = session.world.writeCount % (FOREIGN_MARK - 1) + 1;
  session.errand = "write";
  session.written = device.name;
  session.change({ writeCount });
  for (let done = 0; done < chunks.sectorCount; done += PIECE_SECTORS) {
    const sector = chunks.sector + done;
    const count = Math.min(PIECE_SECTORS, chunks.sectorCount - done);
    const bytes = fillPattern(new Uint8Array(count * SECTOR_BYTES), writeCount, sector);
    await mapper.device(device.name).write(bytes, sector);
    const { bill } = session.world;
    session.change({ bill: { ...bill, writtenSectors: bill.writtenSectors + count } });
  }
  return `${device.name}: ${chunksText(chunks.first, chunks.count)} written, number ${writeCount}`;
}

async function readChunks({ session, words: [word = "", chunksWord = ""] }: Call) {
  const device = deviceOf(session, word);
  const chunks = chunksOf(device, chunksWord);
  const { mapper } = session.requireStack("read");
  session.errand = "read";
  session.written = device.name;
  for (let done = 0; done < chunks.sectorCount; done += PIECE_SECTORS) {
    const count = Math.min(PIECE_SECTORS, chunks.sectorCount - done);
    await mapper.device(device.name).read(
      new Uint8Array(count * SECTOR_BYTES),
      chunks.sector + done,
    );
  }
  return `${device.name}: ${chunksText(chunks.first, chunks.count)} read`;
}

/**
 * Makes a snapshot on a COW device that is there.
 *
 * @param session Where.
 * @param snapshot What it is to be.
 */
export async function addSnapshot(session: Session, snapshot: SnapshotFacts): Promise<void> {
  const stack = session.requireStack("take a snapshot");
  const before = session.world;
  session.errand = "snapshot";
  session.change({ snapshots: [...before.snapshots, snapshot] });
  try {
    await stack.add(snapshot, session.devices);
  } catch (error) {
    if (!session.tempo.isCut) {
      session.change({ snapshots: before.snapshots });
      await session.devices.removeCow(snapshot);
    }
    throw error;
  }
  const { bill, origin } = session.world;
  session.change({ bill: { ...bill, fullCopySectors: bill.fullCopySectors + origin.sectorCount } });
}

/**
 * The facts of a snapshot that is to be.
 *
 * @param session Where.
 * @param name Its name, which must be free.
 * @param options Its chunk, store and size.
 * @param isCache Whether it keeps what is read.
 */
export function newSnapshot(
  session: Session,
  name: string,
  { chunk = "4K", store = "P", size }: Readonly<Record<string, string>>,
  isCache: boolean,
): SnapshotFacts {
  requireNewName(session, name);
  const slot = freeSlot(session.world);
  if (slot < 0) throw new Refusal(`There are ${SNAPSHOTS_MAX} snapshots already: drop one first`);
  const type = STORES.find((each) => each === store);
  if (type === undefined) throw new Refusal(`Cannot use the store "${store}": want P, PO or N`);
  const chunkSectors = chunkSectorsOf(chunk, CHUNK_SECTORS_MAX);
  const cowSectors = size === undefined
    ? Math.max(COW_SECTORS, 16 * chunkSectors)
    : sectorsOf(size, "size");
  if (cowSectors > COW_SECTORS_MAX) {
    throw new Refusal(`Cannot make a COW device of ${size}: want at most 512M`);
  }
  return { name, store: type, chunkSectors, slot, cowSectors, isCache, merge: "none" };
}

async function takeSnapshot({ session, words: [name = ""], options }: Call, isCache: boolean) {
  session.requireStack("take a snapshot");
  const snapshot = newSnapshot(session, name, options, isCache);
  await session.devices.addCow(snapshot);
  await addSnapshot(session, snapshot);
  session.redraw();
  const { chunkSectors, cowSectors } = snapshot;
  return `${name}: ${session.stack?.statusLine(name)}\n` +
    `chunks of ${formatSize(chunkSectors * SECTOR_BYTES)}, ` +
    `${formatSize(cowSectors * SECTOR_BYTES)} for exceptions; nothing was copied`;
}

async function drop({ session, words: [name = ""] }: Call) {
  const stack = session.requireStack("drop");
  const snapshot = session.requireSnapshot(name);
  await stack.remove(name);
  await session.devices.removeCow(snapshot);
  session.change({ snapshots: session.world.snapshots.filter((each) => each !== snapshot) });
  session.redraw();
  return `${name}: gone, and its COW device with it`;
}

async function merge({ session, words: [name = ""] }: Call) {
  const stack = session.requireStack("merge");
  const snapshot = session.requireSnapshot(name);
  if (snapshot.store === "N") {
    throw new Refusal(`Cannot merge ${name}: a transient store (N) has nothing that is merged`);
  }
  if (stack.statusWords(name) === "Invalid") {
    throw new Refusal(`Cannot merge ${name}: it is invalid`);
  }
  const chunkCount = stack.tableOf(name)?.exceptionCount ?? 0;
  session.errand = "merge";
  session.written = name;
  session.change(withSnapshot(session.world, name, { merge: "going on" }));
  await stack.beginMerge(snapshot);
  await finishMerge(session, name);
  return `origin: ${chunkCount} ${chunkCount === 1 ? "chunk" : "chunks"} merged from ${name}, ` +
    "which is empty now";
}

/** Waits for a merge that has begun. */
async function finishMerge(session: Session, name: string): Promise<void> {
  const stack = session.requireStack("merge");
  await stack.endMerge(session.requireSnapshot(name));
  session.change(withSnapshot(session.world, name, { merge: "done" }));
  session.redraw();
}

async function plug({ session }: Call) {
  if (session.world.power === "on") throw new Refusal("Cannot plug it in: there is power");
  const merging = session.world.snapshots.find((each) => each.merge === "going on");
  if (merging !== undefined) session.errand = "merge";
  await session.powerOn();
  if (merging !== undefined) await finishMerge(session, merging.name);
  return session.world.survivors.join("\n");
}

function careless({ session, words: [word = ""] }: Call) {
  if (word !== "on" && word !== "off") throw new Refusal("Usage: careless on|off");
  session.change({ isCareless: word === "on" });
  return Promise.resolve(
    word === "on"
      ? "COW devices say that they have flushed, and have not: entries overtake their data"
      : "COW devices keep what they promise",
  );
}

async function makeBad({ session, words: [word = ""] }: Call) {
  const stack = session.requireStack("break a chunk");
  const { first } = chunksOf(deviceOf(session, "origin"), word);
  const { origin, snapshots } = session.world;
  const transient = snapshots.find(({ store }) => store === "N");
  if (!origin.hasSpares && transient !== undefined) {
    throw new Refusal(
      `Cannot put a bad-block target under the origin: ${transient.name} is transient, and would ` +
        "be forgotten; drop it first",
    );
  }
  const badChunks = [...new Set([...origin.badChunks, first])].sort((a, b) => a - b);
  session.change({ origin: { ...origin, hasSpares: true, badChunks } });
  if (!origin.hasSpares) await session.reopenStack();
  else if (stack.relocations().some((line) => line.startsWith(`${first * origin.chunkSectors} `))) {
    return `chunk ${first} lives in a spare block already`;
  }
  session.redraw();
  return `chunk ${first} of the disk cannot be written any more: the next write goes to a spare`;
}

async function fill({ session, words: [name = ""] }: Call) {
  const stack = session.requireStack("fill");
  const snapshot = session.requireSnapshot(name);
  const device = deviceOf(session, "origin");
  const chunkCount = device.sectorCount / device.chunkSectors;
  let writtenCount = 0;
  for (let chunk = 0; chunk < chunkCount; chunk++) {
    const table = stack.tableOf(name);
    if (table === null || !table.isValid || table.hasOverflowed) break;
    const snapshotChunk = Math.floor(chunk * device.chunkSectors / snapshot.chunkSectors);
    if (table.find(snapshotChunk, 1) >= 0) continue;
    await writeChunks({ session, words: ["origin", String(chunk)], options: {} });
    writtenCount++;
  }
  return `${writtenCount} chunks of the origin written\n${name}: ${stack.statusLine(name)}`;
}

async function resize({ session, words: [name = "", sizeWord = ""] }: Call) {
  session.requireStack("resize");
  const snapshot = session.requireSnapshot(name);
  const cowSectors = sectorsOf(sizeWord, "size");
  if (cowSectors <= snapshot.cowSectors || cowSectors > COW_SECTORS_MAX) {
    const now = formatSize(snapshot.cowSectors * SECTOR_BYTES);
    throw new Refusal(
      `Cannot make ${cowName(snapshot)} ${sizeWord}: it has ${now}, want more, to 512M`,
    );
  }
  const transient = session.world.snapshots.find(({ store }) => store === "N");
  if (transient !== undefined) {
    throw new Refusal(`Cannot resize: ${transient.name} is transient, and would be forgotten`);
  }
  await session.rebuild(withSnapshot(session.world, name, { cowSectors }));
  return `${name}: ${session.stack?.statusLine(name)}`;
}

/** Names of snapshots, for completion. */
function snapshotNames({ world }: Session): string[] {
  return world.snapshots.map(({ name }) => name);
}

const SNAPSHOT_OPTIONS = {
  chunk: { value: "SIZE", summary: "the unit of copy-on-write (4K)", words: ["4K", "8K", "16K"] },
  store: {
    value: "TYPE",
    summary: "P becomes invalid when full, PO refuses writes, N forgets (P)",
    words: STORES,
  },
  size: {
    value: "SIZE",
    summary: "the size of the COW device (64K)",
    words: ["64K", "256K", "1M"],
  },
} as const;

const ofDevices = (session: Session, index: number) => index === 0 ? deviceNames(session) : [];
const ofSnapshots = (session: Session, index: number) => index === 0 ? snapshotNames(session) : [];

/** They, in the order of help. */
export const ACTS: readonly Command[] = [
  {
    name: "snapshot",
    usage: "NAME",
    summary: "take a snapshot of the origin",
    wordCount: [1, 1],
    options: SNAPSHOT_OPTIONS,
    kind: "line",
    run: (call) => takeSnapshot(call, false),
  },
  {
    name: "cache",
    usage: "NAME",
    summary: "take a snapshot that keeps what is read through it",
    wordCount: [1, 1],
    options: SNAPSHOT_OPTIONS,
    kind: "line",
    run: (call) => takeSnapshot(call, true),
  },
  {
    name: "write",
    usage: "DEVICE CHUNK[-CHUNK]",
    summary: "write chunks; each write has a number, and a colour",
    wordCount: [2, 2],
    kind: "line",
    completes: ofDevices,
    run: writeChunks,
  },
  {
    name: "read",
    usage: "DEVICE CHUNK[-CHUNK]",
    summary: "read chunks",
    wordCount: [2, 2],
    kind: "line",
    completes: ofDevices,
    run: readChunks,
  },
  {
    name: "merge",
    usage: "NAME",
    summary: "fold a snapshot back into the origin",
    wordCount: [1, 1],
    kind: "line",
    completes: ofSnapshots,
    run: merge,
  },
  {
    name: "drop",
    usage: "NAME",
    summary: "end a snapshot",
    wordCount: [1, 1],
    kind: "line",
    completes: ofSnapshots,
    run: drop,
  },
  {
    name: "fill",
    usage: "NAME",
    summary: "write the origin, chunk by chunk, until a snapshot's COW device is full",
    wordCount: [1, 1],
    kind: "line",
    completes: ofSnapshots,
    run: fill,
  },
  {
    name: "resize",
    usage: "NAME SIZE",
    summary: "make a snapshot's COW device larger",
    wordCount: [2, 2],
    kind: "line",
    completes: ofSnapshots,
    run: resize,
  },
  {
    name: "bad",
    usage: "CHUNK",
    summary: "break a chunk of the disk: what is written to it goes to a spare block",
    wordCount: [1, 1],
    kind: "line",
    run: makeBad,
  },
  {
    name: "careless",
    usage: "on|off",
    summary: "COW devices that lie about flushes, to see why the right order is right",
    wordCount: [1, 1],
    kind: "line",
    completes: (_, index) => index === 0 ? ["on", "off"] : [],
    run: careless,
  },
  {
    name: "plug",
    usage: "",
    summary: "give power again, and open the stack from what survived",
    wordCount: [0, 0],
    kind: "line",
    run: plug,
  },
];
