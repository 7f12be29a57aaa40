/**
 * Lines that only look: what dm says, what is stored, what differs. They change nothing, and are not
 * kept in the log.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import {
  allocationOf,
  type BlockDevice,
  type CowFinding,
  formatSize,
  planCowCheck,
  runAsync,
  SECTOR_BYTES,
} from "../../../src/mod.ts";
import { LEAF_SECTORS, leafHash, rootHash } from "../../../src/cli/hash/tree_hash.ts";
import { differingStretches } from "../../../src/disk/image/differing.ts";
import { chunksText } from "../play/beat_story.ts";
import type { Session } from "../session.ts";
import { ORIGIN_NAME } from "../world/stack.ts";
import { cowName } from "../world/world.ts";
import { deviceNames, deviceOf, type NamedDevice, snapshotOf } from "./chunks.ts";
import { type Call, type Command, ofDevices, ofSnapshots } from "./command.ts";
import { Refusal } from "./refusal.ts";

/** What is read at a time, in sectors: 1 MiB. */
const PIECE_SECTORS = 2048;
/** Lines that a list has at most. */
const LIST_LINES_MAX = 200;

/** What dm may be asked. It is told things by this page's own commands, which are kept. */
const DM_QUESTIONS = ["table", "status", "info", "ls", "deps", "targets", "version", "help"];

async function status({ session, words: [word] }: Call) {
  const stack = session.requireStack("ask for the status");
  const names = word === undefined ? deviceNames(session) : [deviceOf(session, word).name];
  return await Promise.resolve(
    names.map((name) => `${name}: ${stack.statusLine(name)}`).join("\n"),
  );
}

async function table({ session, words: [word] }: Call) {
  const stack = session.requireStack("ask for the table");
  const names = word === undefined ? deviceNames(session) : [deviceOf(session, word).name];
  return await Promise.resolve(names.map((name) => `${name}: ${stack.tableLine(name)}`).join("\n"));
}

/** Lines, and how many there would be more. */
function listed(lines: readonly string[]): string {
  const more = lines.length - LIST_LINES_MAX;
  const shown = lines.slice(0, LIST_LINES_MAX);
  return (more > 0 ? [...shown, `and ${more} more`] : shown).join("\n");
}

async function dump({ session, words: [name = ""] }: Call) {
  const snapshot = snapshotOf(session, name);
  if (snapshot.store === "N") {
    throw new Refusal(`Cannot dump ${name}: a transient store (N) writes no list`);
  }
  const { state, chunkSectors, areaCount, runs } = await session.storedExceptions(snapshot);
  const facts = `${cowName(snapshot)}: ${state}, chunks of ` +
    `${formatSize(chunkSectors * SECTOR_BYTES)}, ${areaCount} areas`;
  const rows = runs.map(({ oldChunk, newChunk, count }) =>
    `${chunksText(oldChunk, count)} → ${chunksText(newChunk, count)}`
  );
  return `${facts}\n${listed(rows.length === 0 ? ["no exceptions"] : rows)}`;
}

/**
 * Checks a COW device, as `cowdisk check` does.
 *
 * @param cow The device.
 * @param origin What its exceptions are of.
 * @returns Whether it can be used, and what was found.
 */
export async function checkCow(
  cow: BlockDevice,
  origin: BlockDevice,
): Promise<{ isUsable: boolean; text: string }> {
  const lines: string[] = [];
  const onFinding = ({ severity, message }: CowFinding) =>
    void lines.push(`${severity} ${message}`);
  const { state, counts, exceptionCount } = await runAsync(
    planCowCheck({ cow, origin, onFinding }),
  );
  const { errors, warnings, notes } = counts;
  const facts = `${state}: ${exceptionCount} exceptions, ${errors} errors, ${warnings} warnings, ` +
    `${notes} notes`;
  return { isUsable: state === "usable", text: listed([...lines, facts]) };
}

async function check({ session, words: [name = ""] }: Call) {
  const snapshot = snapshotOf(session, name);
  const { device } = session.devices.get(cowName(snapshot));
  const origin = session.devices.disk.device;
  const { isUsable, text } = await session.tempo.muted(() => checkCow(device, origin));
  return { isDone: isUsable, text };
}

/** The devices that a view reads from, from the top. */
function layerNames(session: Session, name: string): string[] {
  return name === ORIGIN_NAME ? ["disk"] : [cowName(snapshotOf(session, name)), "disk"];
}

async function map({ session, words: [word = ""] }: Call) {
  const { name, sectorCount, chunkSectors } = deviceOf(session, word);
  const device = session.requireStack("map").mapper.device(name);
  const names = layerNames(session, name);
  const rows: string[] = [];
  for (let sector = 0; sector < sectorCount && rows.length <= LIST_LINES_MAX;) {
    for (const extent of allocationOf(device, sector, sectorCount - sector)) {
      const first = sector / chunkSectors;
      const count = Math.ceil(extent.sectorCount / chunkSectors);
      rows.push(`${chunksText(first, count)}: ${names[extent.depth - 1]}`);
      sector += extent.sectorCount;
    }
  }
  return await Promise.resolve(listed(rows));
}

/**
 * Reads a whole view, unseen.
 *
 * @param session Where it is.
 * @param device The view.
 * @param pieceSectors What is read at a time.
 */
export async function* piecesOf(
  session: Session,
  { name, sectorCount }: NamedDevice,
  pieceSectors = PIECE_SECTORS,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const view = session.requireStack("read").mapper.device(name);
  for (let sector = 0; sector < sectorCount; sector += pieceSectors) {
    const count = Math.min(pieceSectors, sectorCount - sector);
    const bytes = new Uint8Array(count * SECTOR_BYTES);
    await session.tempo.muted(() => view.read(bytes, sector));
    yield bytes;
  }
}

async function diff({ session, words: [oneWord = "", otherWord = ""] }: Call) {
  const one = deviceOf(session, oneWord);
  const other = deviceOf(session, otherWord);
  const unit = Math.min(one.chunkSectors, other.chunkSectors);
  const rows: string[] = [];
  const others = piecesOf(session, other);
  let sector = 0;
  for await (const bytes of piecesOf(session, one)) {
    const { value } = await others.next();
    for (const extent of differingStretches(bytes, value as Uint8Array, unit)) {
      const first = (sector + extent.sector) / unit;
      rows.push(chunksText(first, Math.ceil(extent.sectorCount / unit)));
    }
    sector += bytes.length / SECTOR_BYTES;
  }
  if (rows.length === 0) return `${one.name} and ${other.name} are the same`;
  return `they differ, in chunks of ${formatSize(unit * SECTOR_BYTES)}:\n${listed(rows)}`;
}

/** As `cowdisk hash`, so that an image that was kept can be told to be the same. */
async function hash({ session, words: [word = ""] }: Call) {
  const device = deviceOf(session, word);
  const leaves: string[] = [];
  for await (const bytes of piecesOf(session, device, LEAF_SECTORS)) leaves.push(leafHash(bytes));
  return `${rootHash(leaves)}  ${device.name}`;
}

async function dm({ session, words }: Call) {
  const [verb = ""] = words;
  if (!DM_QUESTIONS.includes(verb)) {
    throw new Refusal(
      `Here dm can be asked, not told: ${
        DM_QUESTIONS.join(", ")
      }. What this page's own commands do ` +
        "is kept; help lists them",
    );
  }
  const { exitStatus, output } = await session.requireStack("ask dm").dm(words);
  return { isDone: exitStatus === 0, text: output.trimEnd() };
}

/** They, in the order of help. */
export const LOOK_LINES: readonly Command[] = [
  {
    name: "status",
    usage: "[DEVICE]",
    summary: "print dm's status lines",
    wordCount: [0, 1],
    kind: "line",
    completes: ofDevices,
    run: status,
  },
  {
    name: "table",
    usage: "[DEVICE]",
    summary: "print dm's table lines",
    wordCount: [0, 1],
    kind: "line",
    completes: ofDevices,
    run: table,
  },
  {
    name: "dump",
    usage: "NAME",
    summary: "print the exceptions as they are stored",
    wordCount: [1, 1],
    kind: "line",
    completes: ofSnapshots,
    run: dump,
  },
  {
    name: "check",
    usage: "NAME",
    summary: "find what is wrong with a snapshot's COW device",
    wordCount: [1, 1],
    kind: "line",
    completes: ofSnapshots,
    run: check,
  },
  {
    name: "map",
    usage: "DEVICE",
    summary: "print which layer holds what",
    wordCount: [1, 1],
    kind: "line",
    completes: ofDevices,
    run: map,
  },
  {
    name: "diff",
    usage: "DEVICE DEVICE",
    summary: "print what differs",
    wordCount: [2, 2],
    kind: "line",
    completes: (session) => deviceNames(session),
    run: diff,
  },
  {
    name: "hash",
    usage: "DEVICE",
    summary: "print a hash of all that a device shows, as cowdisk hash does",
    wordCount: [1, 1],
    kind: "line",
    completes: ofDevices,
    run: hash,
  },
  {
    name: "dm",
    usage: DM_QUESTIONS.join("|"),
    summary: "ask dmsetup",
    wordCount: [1, 8],
    kind: "line",
    completes: (session, index) => index === 0 ? DM_QUESTIONS : deviceNames(session),
    run: dm,
  },
];
