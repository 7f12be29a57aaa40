/**
 * The frame pool: hands out 64 KiB frames of shared kernel memory, from as many arenas as it takes.
 *
 * One arena ends at 4 GiB; a pool makes the next one when all of its arenas are full. A *frame* is
 * known by one number, 32 bits wide, so that a directory of frames is a plain `Uint32Array`:
 *
 *     frame = arena's index (upper 16 bits), page's index in the arena (lower 16)    0 = no frame
 *
 * (Page 0 of every arena is the kernel's own, so no frame is ever numbered 0.)
 *
 * Invariants: a frame handed out is zeroed and belongs to its holder until it is freed; an arena
 * never moves within the pool, so a frame's number stays good.
 *
 * Fails: `allocate` with `ENOMEM` at the pool's own limit, or when the engine gives no more memory.
 * Nothing is changed then.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError, codeOf } from "../block/errors.ts";
import { SECTOR_BYTES } from "../block/units.ts";
import { Arena, ARENA_BYTES_MAX, PAGE_BYTES } from "../kernel/arena.ts";

/** Bytes in a frame: one page of kernel memory. */
export const FRAME_BYTES = PAGE_BYTES;

/** Sectors in a frame. */
export const FRAME_SECTORS = FRAME_BYTES / SECTOR_BYTES;

/** The number that stands for "no frame here". */
export const NO_FRAME = 0;

/** 65,536: its binary digits are what tells arena and page in a frame. */
const PAGES_PER_ARENA = ARENA_BYTES_MAX / PAGE_BYTES;
const ARENA_SHIFT = Math.log2(PAGES_PER_ARENA);
const PAGE_MASK = PAGES_PER_ARENA - 1;

/** Where an engine refuses to reserve 4 GiB of addresses, smaller arenas are tried down to this. */
const ARENA_BYTES_MIN = 2 ** 26;

/** What {@linkcode FramePool.create} is told. */
export interface FramePoolOptions {
  /**
   * The pool never holds more than this many bytes of frames.
   *
   * @default {Infinity}
   */
  readonly bytesMax?: number;
  /**
   * The size of each arena the pool makes: address space, not memory.
   *
   * @default {4294967296}
   */
  readonly arenaBytes?: number;
}

/**
 * Hands out frames.
 *
 * @example Two devices that share no memory with the others
 * ```ts
 * import { createMemoryDevice, FramePool } from "cowdisk";
 * import { equal } from "node:assert/strict";
 *
 * const pool = FramePool.create({ bytesMax: 2 ** 24 });
 * const origin = createMemoryDevice({ sectorCount: 2048, pool });
 * origin.writeSync(new Uint8Array(512).fill(1), 0);
 * equal(pool.usedBytes, 65536);
 * ```
 */
export class FramePool {
  readonly #arenas: Arena[];
  readonly #arenaBytes: number;
  readonly #framesMax: number;
  /** False for a pool over someone's arena: it makes no other. */
  readonly #isOpenEnded: boolean;
  #framesUsed = 0;
  /** The arena that had room last time; it is asked first. */
  #roomyIndex = 0;

  private constructor(arenas: Arena[], arenaBytes: number, bytesMax: number, isOpenEnded: boolean) {
    this.#arenas = arenas;
    this.#arenaBytes = arenaBytes;
    this.#framesMax = Math.floor(bytesMax / FRAME_BYTES);
    this.#isOpenEnded = isOpenEnded;
  }

  /**
   * Makes a pool that makes its own arenas, the first one when the first frame is asked for.
   *
   * @param options Its limits.
   * @returns The pool, empty.
   */
  static create(options: FramePoolOptions = {}): FramePool {
    const { bytesMax = Infinity, arenaBytes = ARENA_BYTES_MAX } = options;
    if (!(bytesMax >= 0)) {
      throw new RangeError(`Cannot make a pool of ${bytesMax} bytes: want a number from 0 on`);
    }
    return new FramePool([], arenaBytes, bytesMax, true);
  }

  /**
   * Makes a pool over one arena, which it shares with whoever else uses that arena.
   *
   * @param arena Where the frames come from.
   * @returns The pool, which ends where the arena ends.
   */
  static over(arena: Arena): FramePool {
    return new FramePool([arena], arena.limitBytes, Infinity, false);
  }

  /** Bytes of frames handed out. */
  get usedBytes(): number {
    return this.#framesUsed * FRAME_BYTES;
  }

  /**
   * The arena a frame lies in.
   *
   * @param frame A frame's number.
   * @returns The arena.
   */
  arenaOf(frame: number): Arena {
    return this.#arenas[frame >>> ARENA_SHIFT] as Arena;
  }

  /**
   * Where in its arena a frame lies.
   *
   * @param frame A frame's number.
   * @returns The address of its first byte.
   */
  addressOf(frame: number): number {
    return (frame & PAGE_MASK) * PAGE_BYTES;
  }

  /**
   * Hands out a frame of zeroes.
   *
   * @returns The frame's number.
   * @throws {BlockDeviceError} `ENOMEM` when there is no room.
   */
  allocate(): number {
    if (this.#framesUsed >= this.#framesMax) {
      throw new BlockDeviceError(
        "ENOMEM",
        `Cannot allocate a frame: the pool holds ${this.usedBytes} bytes, all that it may`,
      );
    }
    for (let tried = 0; tried < this.#arenas.length; tried++) {
      const index = (this.#roomyIndex + tried) % this.#arenas.length;
      const frame = this.#allocateFrom(index);
      if (frame !== NO_FRAME) return frame;
    }
    const frame = this.#isOpenEnded ? this.#allocateFrom(this.#addArena()) : NO_FRAME;
    if (frame !== NO_FRAME) return frame;
    throw new BlockDeviceError(
      "ENOMEM",
      `Cannot allocate a frame: the pool holds ${this.usedBytes} bytes, and no arena has room`,
    );
  }

  /**
   * Takes a frame back.
   *
   * @param frame A number that `allocate` gave and that was not freed since.
   */
  free(frame: number): void {
    this.arenaOf(frame).freePages(this.addressOf(frame), 1);
    this.#framesUsed--;
  }

  #allocateFrom(index: number): number {
    const arena = this.#arenas[index] as Arena;
    if (arena.usedBytes >= arena.limitBytes) return NO_FRAME;
    let address: number;
    try {
      address = arena.allocatePages(1);
    } catch (error) {
      // Below its limit an arena fails when the engine will not grow it. Another may still have room.
      if (codeOf(error) === "ENOMEM") return NO_FRAME;
      throw error;
    }
    this.#roomyIndex = index;
    this.#framesUsed++;
    return index * PAGES_PER_ARENA + address / PAGE_BYTES;
  }

  /** Returns the new arena's index. */
  #addArena(): number {
    for (let arenaBytes = this.#arenaBytes;; arenaBytes /= 2) {
      try {
        return this.#arenas.push(Arena.create({ bytesMax: arenaBytes })) - 1;
      } catch (error) {
        if (codeOf(error) !== "ENOMEM" || arenaBytes / 2 < ARENA_BYTES_MIN) throw error;
      }
    }
  }
}

let shared: FramePool | undefined;

/**
 * The pool that devices use when they are given no other.
 *
 * @returns Always the same one, made at the first call.
 */
export function sharedFramePool(): FramePool {
  return shared ??= FramePool.create();
}
