/**
 * A transfer: a device read from end to end, piece by piece, with a bar for whoever watches and an ear
 * for Ctrl-C.
 *
 * Pieces share one buffer. Whoever is given a piece is done with it when it returns.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { sectorsToBytes } from "../block/units.ts";
import { cutZeroes, PIECE_SECTORS } from "../disk/image/image_pieces.ts";
import type { Environment, Output } from "./environment.ts";
import { CommandFailure, EXIT_CODES } from "./failure.ts";
import { Interruption } from "./interruption.ts";
import { Progress } from "./progress.ts";

/** Sectors that become a hole when they are all zeroes. */
const HOLE_SECTORS = 8;

/** How much is written before the disk is told to begin: 32 MiB. */
const EARLY_FLUSH_SECTORS = 65_536;

/** What is read, and what is said meanwhile. */
export interface Transfer {
  /** Where from. */
  readonly device: BlockDevice;
  /** The first sector. Left out: the device's first. */
  readonly sector?: number;
  /** How many. Left out: all to the device's end. */
  readonly sectorCount?: number;
  /** What is going on: `exporting`. */
  readonly verb: string;
  /** What a Ctrl-C leaves, as the end of a sentence: `OUT was not made`. */
  readonly interruptedWith: string;
}

/**
 * Reads.
 *
 * @param environment The world.
 * @param transfer What is read.
 * @param visit Given each piece and its first sector, in order.
 * @throws {CommandFailure} When the user has pressed Ctrl-C.
 */
export async function eachPiece(
  environment: Environment,
  { device, verb, interruptedWith, ...range }: Transfer,
  visit: (piece: Uint8Array, sector: number) => void | Promise<void>,
): Promise<void> {
  const { sector: first = 0, sectorCount = device.sectorCount - first } = range;
  const end = first + sectorCount;
  const buffer = new Uint8Array(sectorsToBytes(Math.min(PIECE_SECTORS, sectorCount)));
  const progress = new Progress(environment, verb, sectorsToBytes(sectorCount), "bytes");
  using interruption = new Interruption(environment, interruptedWith);
  try {
    for (let sector = first; sector < end; sector += PIECE_SECTORS) {
      const piece = buffer.subarray(0, sectorsToBytes(Math.min(PIECE_SECTORS, end - sector)));
      await device.read(piece, sector);
      await visit(piece, sector);
      progress.update(sectorsToBytes(sector - first) + piece.length);
      await interruption.breathe();
    }
  } finally {
    progress.end();
  }
}

/**
 * Gathers pieces of any size into larger ones, all but the last of one size.
 *
 * @param pieces Where from.
 * @returns Pieces that share one buffer.
 */
export async function* gathered(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(sectorsToBytes(PIECE_SECTORS));
  let filled = 0;
  for await (const piece of pieces) {
    for (let taken = 0; taken < piece.length;) {
      const part = piece.subarray(taken, taken + buffer.length - filled);
      buffer.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled < buffer.length) continue;
      yield buffer;
      filled = 0;
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}

/**
 * Refuses to show raw bytes to a person.
 *
 * @param out Where they would go.
 * @param remedy What to ask for instead.
 */
export function requirePipe(out: Output, remedy: string): void {
  if (!out.isTerminal) return;
  throw new CommandFailure(`Raw bytes are not for a terminal: want ${remedy}`, EXIT_CODES.usage);
}

/**
 * Writes the stretches of a piece that are not zero.
 *
 * @param piece Whole sectors.
 * @param target Where to; it holds zeroes there.
 * @param sector The piece's first sector.
 * @returns How many sectors were written.
 */
export async function writeStretches(
  piece: Uint8Array,
  target: BlockDevice,
  sector: number,
): Promise<number> {
  let written = 0;
  for (const stretch of cutZeroes(piece, HOLE_SECTORS)) {
    if (stretch.isZero) continue;
    const from = sectorsToBytes(stretch.sector);
    const bytes = piece.subarray(from, from + sectorsToBytes(stretch.sectorCount));
    await target.write(bytes, sector + stretch.sector);
    written += stretch.sectorCount;
  }
  return written;
}

/**
 * Flushes while others write: the disk takes what is there already instead of idling until all of it
 * is to be durable at once. One flush is under way at a time. The last one is still to be made.
 */
export class EarlyFlush {
  readonly #target: BlockDevice;
  #waitingSectors = 0;
  #underWay: Promise<void> | null = null;
  #failure: { readonly error: unknown } | null = null;

  /**
   * Nothing is flushed yet.
   *
   * @param target What is written. Its asynchronous flush does not hold up the caller.
   */
  constructor(target: BlockDevice) {
    this.#target = target;
  }

  /**
   * Takes note of a write; begins a flush when enough has come together.
   *
   * @param sectorCount How many sectors were written.
   * @throws What a flush before has failed with.
   */
  wrote(sectorCount: number): void {
    this.#requireNoFailure();
    this.#waitingSectors += sectorCount;
    if (this.#underWay !== null || this.#waitingSectors < EARLY_FLUSH_SECTORS) return;
    this.#waitingSectors = 0;
    this.#underWay = this.#flush();
  }

  /**
   * Waits for the flush under way.
   *
   * @throws What a flush has failed with.
   */
  async end(): Promise<void> {
    await this.#underWay;
    this.#requireNoFailure();
  }

  /** Never rejects: whoever writes may fail first and never ask. */
  async #flush(): Promise<void> {
    try {
      await this.#target.flush();
    } catch (error) {
      this.#failure = { error };
    }
    this.#underWay = null;
  }

  #requireNoFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}
