/**
 * Files: an image to be the origin, a COW file to be a snapshot, and both to keep.
 *
 * A COW file is Linux's format, byte for byte: what comes from here opens there, and what was made
 * there opens here, if it is of this origin. The format does not say which origin it is of; so a COW
 * file is checked against the one that there is, and only what cannot be is refused.
 *
 * | a file | is taken as |
 * |---|---|
 * | begins with `SnAp` | a COW file; the snapshot is called as the file is |
 * | anything else, of at most {@linkcode IMAGE_BYTES_MAX} | an image: a new disk, and a new history |
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import { createMemoryDevice, decodeHeader, formatSize, SECTOR_BYTES } from "../../../src/mod.ts";
import { HEADER_MAGIC } from "../../../src/exception/store/disk_format.ts";
import type { Outcome } from "../scene.ts";
import type { Session } from "../session.ts";
import { cowName, type SnapshotFacts } from "../world/world.ts";
import { deviceOf, snapshotOf } from "./chunks.ts";
import { type Call, type Command, ofDevices, ofSnapshots } from "./command.ts";
import { checkCow, piecesOf } from "./look_lines.ts";
import { Refusal } from "./refusal.ts";
import { addSnapshot, newSnapshot } from "./snapshot_lines.ts";

/** The largest image that is taken: 256 MiB. */
const IMAGE_BYTES_MAX = 2 ** 28;
/** The largest COW file that is taken: 64 MiB. It is held in memory while it is checked. */
const COW_BYTES_MAX = 2 ** 26;
/** The unit in which an image is drawn, in sectors. */
const CHUNK_SECTORS = 8;
const PIECE_BYTES = 2 ** 20;

async function bytesOf(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.arrayBuffer());
}

/** A name for a snapshot, from a file's. */
function nameOf(fileName: string): string {
  const word = fileName.toLowerCase().replace(/\.[^.]*$/, "").replace(/[^a-z0-9]/g, "");
  return word.replace(/^[^a-z]+/, "").replace(/cow$/, "").slice(0, 15) || "given";
}

/** Checks what is said to be a COW device, before anything is made of it. */
async function checkContent(content: Uint8Array, originSectors: number) {
  const cow = createMemoryDevice({ sectorCount: content.length / SECTOR_BYTES, content });
  const origin = createMemoryDevice({ sectorCount: originSectors });
  try {
    return await checkCow(cow, origin);
  } finally {
    cow.closeSync();
    origin.closeSync();
  }
}

async function takeCow(session: Session, fileName: string, file: Blob): Promise<string> {
  session.requireStack("open a COW file");
  if (file.size > COW_BYTES_MAX || file.size % SECTOR_BYTES !== 0) {
    const max = formatSize(COW_BYTES_MAX);
    throw new Refusal(`Cannot open "${fileName}": want whole sectors, at most ${max}`);
  }
  const content = await bytesOf(file);
  const sectorCount = content.length / SECTOR_BYTES;
  const { origin } = session.world;
  const { isUsable, text } = await checkContent(content, origin.sectorCount);
  if (!isUsable) {
    throw new Refusal(`Cannot open "${fileName}" as a COW file of this origin:\n${text}`);
  }
  const { chunkSectors } = decodeHeader(content);
  const options = { chunk: `${chunkSectors}s`, size: `${sectorCount}s` };
  const snapshot = newSnapshot(session, nameOf(fileName), options, false);
  const probe = await session.devices.addCow(snapshot);
  await session.tempo.muted(async () => {
    for (let at = 0; at < content.length; at += PIECE_BYTES) {
      await probe.device.write(content.subarray(at, at + PIECE_BYTES), at / SECTOR_BYTES);
    }
    await probe.drain();
    await addSnapshot(session, snapshot);
  });
  session.redraw();
  return `${snapshot.name}: ${session.stack?.statusLine(snapshot.name)}\n${text}`;
}

async function takeImage(session: Session, fileName: string, file: Blob): Promise<string> {
  if (file.size === 0 || file.size > IMAGE_BYTES_MAX) {
    const max = formatSize(IMAGE_BYTES_MAX);
    throw new Refusal(`Cannot take "${fileName}" as a disk: want 1 byte to ${max} of it`);
  }
  const chunkBytes = CHUNK_SECTORS * SECTOR_BYTES;
  const sectorCount = Math.ceil(file.size / chunkBytes) * CHUNK_SECTORS;
  await session.reset({ sectorCount, chunkSectors: CHUNK_SECTORS });
  const { device } = session.devices.disk;
  await session.tempo.muted(async () => {
    for (let at = 0; at < file.size; at += PIECE_BYTES) {
      const piece = await bytesOf(file.slice(at, at + PIECE_BYTES));
      const whole = new Uint8Array(Math.ceil(piece.length / SECTOR_BYTES) * SECTOR_BYTES);
      whole.set(piece);
      await device.write(whole, at / SECTOR_BYTES);
      await session.devices.drain();
    }
  });
  session.redraw();
  return `a disk of ${formatSize(sectorCount * SECTOR_BYTES)}, from ${fileName}`;
}

/**
 * Takes a file.
 *
 * @param session Where it goes.
 * @param name The file's name.
 * @param file What is in it; from anybody.
 */
export async function takeFile(session: Session, name: string, file: Blob): Promise<string> {
  const head = await bytesOf(file.slice(0, SECTOR_BYTES));
  const isCow = head.length === SECTOR_BYTES && decodeHeader(head).magic === HEADER_MAGIC;
  return await (isCow ? takeCow(session, name, file) : takeImage(session, name, file));
}

/** What to type so that Linux opens the two files. */
function linuxLines({ world }: Session, { name, store, chunkSectors }: SnapshotFacts): string {
  const { sectorCount } = world.origin;
  return [
    "Linux opens it with the origin at /dev/loop0 and this file at /dev/loop1:",
    `  dmsetup create origin --table '0 ${sectorCount} snapshot-origin /dev/loop0'`,
    `  dmsetup create ${name} --table '0 ${sectorCount} snapshot /dev/loop0 /dev/loop1 ` +
    `${store} ${chunkSectors}'`,
  ].join("\n");
}

async function downloadImage({ session, words: [word = ""] }: Call): Promise<Outcome> {
  const device = deviceOf(session, word);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  if (device.sectorCount * SECTOR_BYTES > IMAGE_BYTES_MAX) {
    throw new Refusal(
      `Cannot make a file of ${word}: it is larger than ${formatSize(IMAGE_BYTES_MAX)}`,
    );
  }
  for await (const bytes of piecesOf(session, device)) pieces.push(bytes);
  const name = `${device.name}.img`;
  return { isDone: true, text: `${name}: all of it`, file: { name, bytes: new Blob(pieces) } };
}

async function downloadCow({ session, words: [, word = ""] }: Call): Promise<Outcome> {
  const snapshot = snapshotOf(session, word);
  if (snapshot.store === "N") {
    throw new Refusal(`Cannot make a file of ${word}: a transient store (N) writes no list`);
  }
  const { device } = session.devices.get(cowName(snapshot));
  const bytes = new Uint8Array(snapshot.cowSectors * SECTOR_BYTES);
  await session.tempo.muted(async () => {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      await device.read(bytes.subarray(at, at + PIECE_BYTES), at / SECTOR_BYTES);
    }
  });
  const name = `${snapshot.name}.cow`;
  const file = { name, bytes: new Blob([bytes]) };
  return { isDone: true, text: `${name}\n${linuxLines(session, snapshot)}`, file };
}

/** They, in the order of help. */
export const FILE_LINES: readonly Command[] = [
  {
    name: "export",
    usage: "DEVICE",
    summary: "keep the image of what a device shows",
    wordCount: [1, 1],
    kind: "line",
    completes: ofDevices,
    run: downloadImage,
  },
  {
    name: "download",
    usage: "DEVICE | cow NAME",
    summary: "keep an image, or a snapshot's COW file, which Linux opens",
    wordCount: [1, 2],
    kind: "line",
    completes: (session, index) =>
      index === 0 ? ["cow", ...ofDevices(session, 0)] : ofSnapshots(session, 0),
    run: async (call) =>
      call.words.length === 2 && call.words[0] === "cow"
        ? await downloadCow(call)
        : await downloadImage(call),
  },
];
