/**
 * A golden vector: what a Linux kernel answered to a list of operations. See `vectors/README.md`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** One stretch of a disk's first contents. Stretches are laid down in order, over zeroes. */
export interface Stretch {
  /** The first sector; left out: 0. */
  at?: number;
  /** How many sectors; left out: to the end of the disk. */
  count?: number;
  /** Pattern P1 with this salt. */
  p1?: number;
  /** One byte, everywhere. */
  byte?: number;
  /** These bytes, from the first sector on. */
  hex?: string;
}

/** A disk of the recorded machine. */
export interface DiskSpec {
  sectors: number;
  /** Bytes in a logical block; left out: 512. */
  lbs?: number;
  init: Stretch[];
  sha256: string;
}

/** An operation and the kernel's answer. */
export interface Recorded {
  op: string;
  /** Left out: 0. An errno name, or the exit status of a program. */
  rc?: string | number;
  /** Left out: nothing was printed. */
  out?: string;
  /** What the kernel logged. */
  kmsg?: string[];
  /** Two recordings differed here. */
  racy?: boolean;
}

/** From power-on to power-off. */
export interface Boot {
  ops: Recorded[];
  /** The disks afterwards; `file` is a kept image. */
  after: Record<string, { sha256: string; file?: string }>;
}

/** A vector. */
export interface Vector {
  format: string;
  name: string;
  title: string;
  kernel: string;
  dmsetup: string;
  /** Answers depend on timing, so only some of them are compared. */
  timing?: boolean;
  /** Disks whose final image is not reproducible. */
  racy?: string[];
  disks: Record<string, DiskSpec>;
  boots: Boot[];
}

/** The vectors that belong to this folder. */
export const VECTOR_FOLDER = join(import.meta.dirname ?? ".", "vectors");

/**
 * Reads a vector.
 *
 * @param path The JSON file.
 */
export function readVector(path: string): Vector {
  const vector = JSON.parse(readFileSync(path, "utf8")) as Vector;
  if (vector.format === "dm-snapshot-golden-1") return vector;
  throw new TypeError(`Cannot replay ${path}: its format is "${vector.format}"`);
}

/**
 * Lists the vectors of a folder.
 *
 * @param folder The folder.
 * @returns The paths, sorted.
 */
export function listVectors(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".json")).sort();
  return names.map((name) => join(folder, name));
}

/**
 * Reads a kept disk image.
 *
 * @param folder The folder of the vector.
 * @param file The image's name, from `after`.
 */
export function readImage(folder: string, file: string): Uint8Array {
  return new Uint8Array(gunzipSync(readFileSync(join(folder, file))));
}
