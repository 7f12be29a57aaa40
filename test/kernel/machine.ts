/**
 * A machine: something that understands dmsetup and has the disk `vda`.
 *
 * There are two, Linux in the guest and cowdisk, and the cases are written for either: the same
 * words, the same sectors, and answers that can be compared letter by letter and byte by byte.
 */

import type { Stretch } from "./disk.ts";

/** A write to a mapped device. */
export interface Write {
  /** The device's name under `/dev/mapper`. */
  readonly device: string;
  /** The first sector. */
  readonly sector: number;
  /** What is written. */
  readonly bytes: Uint8Array;
}

/** A mapped device that is to be made. */
export interface Recipe {
  /** Its name. */
  readonly name: string;
  /** Its table, one line. */
  readonly table: string;
}

/** Does as it is told. */
export interface Machine {
  /** For the report. */
  readonly name: string;
  /**
   * Runs dmsetup.
   *
   * @param words Its words.
   * @returns What it printed.
   * @throws {Error} With what it printed, when it failed.
   */
  dmsetup(...words: string[]): Promise<string>;
  /**
   * Makes mapped devices.
   *
   * @param recipes What to make, those below first.
   */
  create(recipes: readonly Recipe[]): Promise<void>;
  /**
   * How to make a device over a stretch of the disk whose writes take many milliseconds, so that a
   * merge into it can be caught on the way.
   *
   * @param stretch What it holds.
   * @param name Its name.
   */
  slow(name: string, stretch: Stretch): Recipe;
  /**
   * Writes, one after another.
   *
   * @param writes What to write where; each is one request.
   * @returns Which of them were done. The others failed.
   */
  write(writes: readonly Write[]): Promise<boolean[]>;
  /**
   * Writes, all at once.
   *
   * @param writes What to write where; they do not overlap. None of them may fail.
   */
  writeTogether(writes: readonly Write[]): Promise<void>;
  /**
   * Reads a mapped device.
   *
   * @param device Its name.
   * @param sectorCount Its size.
   * @returns Its bytes, or `null` when some of it cannot be read.
   */
  read(device: string, sectorCount: number): Promise<Uint8Array | null>;
}
