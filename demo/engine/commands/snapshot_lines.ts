/**
 * Lines about snapshots: they are taken, merged, dropped, made larger.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { formatSize, SECTOR_BYTES, type StoreType } from "../../../src/mod.ts";
import type { Session } from "../session.ts";
import {
  COW_SECTORS_MAX,
  cowName,
  freeSlot,
  type SnapshotFacts,
  SNAPSHOTS_MAX,
  withSnapshot,
} from "../world/world.ts";
import { chunkSectorsOf, deviceNames, sectorsOf, snapshotOf } from "./chunks.ts";
import { type Call, type Command, ofSnapshots } from "./command.ts";
import { Refusal } from "./refusal.ts";

/** The largest chunk of a snapshot, in sectors: 1 MiB. */
const CHUNK_SECTORS_MAX = 2048;
/** A COW device's size, where none is said. */
const COW_SECTORS = 128;
const NAME = /^[a-z][a-z0-9]{0,14}$/;
const STORES: readonly StoreType[] = ["P", "PO", "N"];

function requireNewName(session: Session, name: string): void {
  if (!NAME.test(name) || name === "disk") {
    throw new Refusal(`Cannot call a snapshot "${name}": want a short word of lower-case letters`);
  }
  if (!deviceNames(session).includes(name)) return;
  throw new Refusal(`There is a device "${name}" already: want another name, or drop it first`);
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
  const snapshot = snapshotOf(session, name);
  await stack.remove(name);
  await session.devices.removeCow(snapshot);
  session.change({ snapshots: session.world.snapshots.filter((each) => each !== snapshot) });
  session.redraw();
  return `${name}: gone, and its COW device with it`;
}

async function merge({ session, words: [name = ""] }: Call) {
  const stack = session.requireStack("merge");
  const snapshot = snapshotOf(session, name);
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
export async function finishMerge(session: Session, name: string): Promise<void> {
  const stack = session.requireStack("merge");
  await stack.endMerge(snapshotOf(session, name));
  session.change(withSnapshot(session.world, name, { merge: "done" }));
  session.redraw();
}

async function resize({ session, words: [name = "", sizeWord = ""] }: Call) {
  session.requireStack("resize");
  const snapshot = snapshotOf(session, name);
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

/** They, in the order of help. */
export const SNAPSHOT_LINES: readonly Command[] = [
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
    name: "resize",
    usage: "NAME SIZE",
    summary: "make a snapshot's COW device larger",
    wordCount: [2, 2],
    kind: "line",
    completes: ofSnapshots,
    run: resize,
  },
];
