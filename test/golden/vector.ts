/**
 * A golden vector: what a Linux kernel answered to a list of operations. See `vectors/README.md`.
 *
 * Where vectors come from is another matter: `vector_folder.ts` reads them here, pages fetch them.
 */

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

/** Gives a kept disk image by its name, from `after`. */
export type ReadImage = (file: string) => Uint8Array;

/**
 * Reads a vector.
 *
 * @param text JSON.
 * @param path Where it was, for messages.
 */
export function parseVector(text: string, path: string): Vector {
  const vector = JSON.parse(text) as Vector;
  if (vector.format === "dm-snapshot-golden-1") return vector;
  throw new TypeError(`Cannot replay ${path}: its format is "${vector.format}"`);
}
