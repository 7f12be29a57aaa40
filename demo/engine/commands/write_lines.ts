/**
 * Lines that write and read: through the stack, as any user of a disk would.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { SECTOR_BYTES } from "../../../src/mod.ts";
import { fillPattern } from "../../../src/testing/pattern.ts";
import { chunksText } from "../play/beat_story.ts";
import { FOREIGN_MARK } from "../world/sector_marks.ts";
import { chunksOf, deviceOf, snapshotOf } from "./chunks.ts";
import { type Call, type Command, ofDevices, ofSnapshots } from "./command.ts";
import { Refusal } from "./refusal.ts";

/** What is written or read at a time, in sectors: 1 MiB. */
const PIECE_SECTORS = 2048;

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

async function fill({ session, words: [name = ""] }: Call) {
  const stack = session.requireStack("fill");
  const snapshot = snapshotOf(session, name);
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

async function makeBad({ session, words: [word = ""] }: Call) {
  session.requireStack("break a chunk");
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
  const world = { ...session.world, origin: { ...origin, hasSpares: true, badChunks } };
  if (origin.hasSpares) session.change(world);
  else await session.rebuild(world);
  session.redraw();
  return `chunk ${first} of the disk cannot be written any more: the next write goes to a spare`;
}

/** They, in the order of help. */
export const WRITE_LINES: readonly Command[] = [
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
    name: "fill",
    usage: "NAME",
    summary: "write the origin, chunk by chunk, until a snapshot's COW device is full",
    wordCount: [1, 1],
    kind: "line",
    completes: ofSnapshots,
    run: fill,
  },
  {
    name: "bad",
    usage: "CHUNK",
    summary: "break a chunk of the disk: what is written to it goes to a spare block",
    wordCount: [1, 1],
    kind: "line",
    run: makeBad,
  },
];
