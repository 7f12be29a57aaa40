/**
 * Three generations of one ext4 file system: the first; the second and the third, each made from the
 * first by adding, changing, growing and removing files.
 *
 * A generation is an image, the list of its files, and a way to walk from its blocks to another's.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { SECTOR_BYTES } from "../../src/block/units.ts";
import { Prng } from "../../src/testing/prng.ts";
import { BLOCK_BYTES, listFolder, makeImage, withFolder } from "./e2fsprogs.ts";

/** The size of the disk. */
export const DISK_BYTES = 8 * 1024 * 1024;

/** The most blocks of one write: it may begin and end anywhere in a chunk. */
const WRITE_BLOCKS_MAX = 24;

/** A file system at one time of its life. */
export interface Generation {
  readonly name: string;
  /** The image. */
  readonly bytes: Buffer;
  /** Its files, as `listImage` tells them. */
  readonly files: readonly string[];
}

/** A write of whole blocks. */
export interface BlockWrite {
  readonly sector: number;
  readonly bytes: Uint8Array;
}

/** Builds all three. */
export function buildGenerations(): readonly [Generation, Generation, Generation] {
  return [
    build("first", () => {}),
    build("second", (folder) => change(folder, Prng.fromSeed("second"))),
    build("third", (folder) => change(folder, Prng.fromSeed("third"))),
  ];
}

function build(name: string, change: (folder: string) => void): Generation {
  return withFolder((folder) => {
    const files = `${folder}/files`;
    writeFirstFiles(files);
    change(files);
    const image = `${folder}/image`;
    makeImage(image, files, DISK_BYTES);
    return { name, bytes: readFileSync(image), files: listFolder(files) };
  });
}

const FOLDERS = ["", "etc/", "home/ann/", "home/bob/deep/er/still/"];
const FILES_PER_FOLDER = 12;

function pathOf(index: number): string {
  return `${FOLDERS[index % FOLDERS.length]}file-${index}`;
}

function writeFirstFiles(folder: string): void {
  const prng = Prng.fromSeed("first");
  for (const each of FOLDERS) mkdirSync(`${folder}/${each}`, { recursive: true });
  for (let index = 0; index < FOLDERS.length * FILES_PER_FOLDER; index++) {
    writeFileSync(`${folder}/${pathOf(index)}`, prng.bytes(prng.int(40_000)));
  }
  writeFileSync(`${folder}/large`, prng.bytes(1_500_000));
  writeFileSync(`${folder}/empty`, "");
  writeFileSync(`${folder}/secret`, "only mine\n");
  chmodSync(`${folder}/secret`, 0o600);
  symlinkSync("home/ann/file-2", `${folder}/link`);
}

function change(folder: string, prng: Prng): void {
  for (let index = 0; index < FOLDERS.length * FILES_PER_FOLDER; index++) {
    const path = `${folder}/${pathOf(index)}`;
    const fate = prng.pick(["kept", "kept", "removed", "edited", "rewritten"]);
    if (fate === "removed") rmSync(path);
    if (fate === "edited") editInside(path, prng);
    if (fate === "rewritten") writeFileSync(path, prng.bytes(prng.int(60_000)));
  }
  editInside(`${folder}/large`, prng);
  mkdirSync(`${folder}/new/folder`, { recursive: true });
  for (let index = 0; index < 10; index++) {
    writeFileSync(`${folder}/new/folder/added-${index}`, prng.bytes(prng.int(30_000)));
  }
  writeFileSync(`${folder}/empty`, "no longer\n");
  chmodSync(`${folder}/secret`, 0o644);
  rmSync(`${folder}/link`);
  symlinkSync("new/folder/added-3", `${folder}/link`);
}

/** Changes a few bytes in the middle of a file, so that most of its blocks stay as they are. */
function editInside(path: string, prng: Prng): void {
  const bytes = readFileSync(path);
  const length = Math.min(100, bytes.length);
  bytes.set(prng.bytes(length), prng.int(bytes.length - length + 1));
  writeFileSync(path, bytes);
}

/**
 * The writes that make one generation of another: the blocks that differ, a few neighbours at a time,
 * in an order that is nobody's.
 */
export function writesBetween(from: Generation, to: Generation): BlockWrite[] {
  const prng = Prng.fromSeed(`${from.name} to ${to.name}`);
  const writes: BlockWrite[] = [];
  let end: number;
  for (let start = 0; start < DISK_BYTES; start = Math.max(end, start + BLOCK_BYTES)) {
    const limit = start + prng.intBetween(1, WRITE_BLOCKS_MAX) * BLOCK_BYTES;
    end = start;
    while (end < Math.min(limit, DISK_BYTES) && differs(from.bytes, to.bytes, end)) {
      end += BLOCK_BYTES;
    }
    if (end === start) continue;
    writes.push({ sector: start / SECTOR_BYTES, bytes: to.bytes.subarray(start, end) });
  }
  return prng.shuffle(writes);
}

function differs(a: Buffer, b: Buffer, start: number): boolean {
  const end = start + BLOCK_BYTES;
  return a.compare(b, start, end, start, end) !== 0;
}
