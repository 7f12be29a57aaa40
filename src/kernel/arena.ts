/**
 * An arena: one shared memory, handed out in pages, and the verbs that work on it.
 *
 * Everything the kernel touches lies in an arena: a memory device's chunks, a copier's buffers, an
 * exception index. An address is a byte offset into its arena and means nothing in another. The
 * memory is a `SharedArrayBuffer`, so that workers can be given the same bytes; where the page is
 * not cross-origin isolated it cannot be posted, and everything else still works.
 *
 * A memory ends at 4 GiB. Whoever needs more makes several arenas.
 *
 * Invariants: a page handed out is zeroed and belongs to its holder until it is freed; memory only
 * grows, so an address stays good. `bytes` is replaced when the memory grows: fetch it after each
 * {@linkcode Arena.allocatePages}, do not keep it. (The old view still works on the old part.)
 *
 * Fails: an allocation past the limit with `ENOMEM`; a range outside the arena, or inside the pages
 * that are the kernel's own, with a `RangeError`.
 *
 * Longer than most: two thirds are what each verb promises.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { BlockDeviceError } from "../block/errors.ts";
import {
  instantiateKernel,
  KERNEL_PAGES,
  type KernelExports,
  PAGE_BYTES,
  PAGES_MAX,
  WORKSPACE,
} from "./module.ts";

export { PAGE_BYTES } from "./module.ts";

/** An arena cannot be larger than this: 4 GiB, all that a 32-bit address reaches. */
export const ARENA_BYTES_MAX = 2 ** 32;

const KERNEL_BYTES = KERNEL_PAGES * PAGE_BYTES;

/** For the other files of `src/kernel/`: the instance over an arena, and its workspace's address. */
export let kernelOf: (arena: Arena) => KernelExports;
export let workspaceOf: (arena: Arena) => number;

/** Which arena a buffer is the memory of. Every buffer that `bytes` ever was is in it. */
const arenas = new WeakMap<ArrayBufferLike, Arena>();

/** For the other files of `src/kernel/`: the arena that `bytes` lie in, if any. */
export function arenaOf(bytes: Uint8Array): Arena | undefined {
  return arenas.get(bytes.buffer);
}

/** What {@linkcode Arena.create} is told. */
export interface ArenaOptions {
  /**
   * The arena never grows past this many bytes, the kernel's own 128 KiB included. Rounded down to
   * whole pages, and to one page less than 4 GiB. It is address space, not memory: a page costs
   * nothing until it is touched.
   *
   * @default {1073741824}
   */
  readonly bytesMax?: number;
}

/** The two halves of a 128-bit hash. */
export interface Xxh128 {
  /** The lower 64 bits, unsigned. */
  readonly low: bigint;
  /** The upper 64 bits, unsigned. */
  readonly high: bigint;
}

/**
 * One shared memory, handed out in 64 KiB pages, and what can be done to the bytes in it.
 *
 * @example Taking a page, and giving it back
 * ```ts
 * import { Arena } from "cowdisk/kernel";
 * import { equal } from "node:assert/strict";
 *
 * const arena = Arena.create({ bytesMax: 1 << 20 });
 * const page = arena.allocatePages(1);
 * equal(arena.isZero(page, 65536), true);
 * arena.fill(page, 7, 512);
 * arena.copy(page + 512, page, 512);
 * equal(arena.bytes[page + 1023], 7);
 * equal(arena.compare(page, page + 512, 1024), 512);
 * arena.freePages(page, 1);
 * ```
 */
export class Arena {
  static {
    kernelOf = (arena) => arena.#kernel;
    workspaceOf = (arena) => arena.#workspace;
  }

  /** The memory itself, to be posted to a worker that calls {@linkcode Arena.attach}. */
  readonly memory: WebAssembly.Memory;
  /** The arena never grows past this many bytes. */
  readonly limitBytes: number;
  readonly #kernel: KernelExports;
  readonly #workspace: number;
  #bytes!: Uint8Array<SharedArrayBuffer>;

  private constructor(memory: WebAssembly.Memory, kernel: KernelExports, workspace: number) {
    this.memory = memory;
    this.limitBytes = kernel.pagesLimit() * PAGE_BYTES;
    this.#kernel = kernel;
    this.#workspace = workspace;
    this.refreshView();
  }

  /**
   * Makes an arena over a new memory.
   *
   * @param options Its limit.
   * @returns The arena, with the kernel's own pages in use and no other.
   * @throws {RangeError} The limit is not a number of bytes from 192 KiB to 4 GiB.
   * @throws {BlockDeviceError} ENOMEM when the engine will not reserve that much address space.
   */
  static create(options: ArenaOptions = {}): Arena {
    const bytesMax = options.bytesMax ?? 2 ** 30;
    if (!(bytesMax >= KERNEL_BYTES + PAGE_BYTES && bytesMax <= ARENA_BYTES_MAX)) {
      throw new RangeError(
        `Cannot make an arena of ${bytesMax} bytes: want ${KERNEL_BYTES + PAGE_BYTES} to ` +
          `${ARENA_BYTES_MAX}`,
      );
    }
    const pagesLimit = Math.min(Math.floor(bytesMax / PAGE_BYTES), PAGES_MAX);
    const memory = reserve(pagesLimit);
    const kernel = instantiateKernel(memory);
    kernel.formatArena(pagesLimit);
    return new Arena(memory, kernel, WORKSPACE);
  }

  /**
   * Works on another thread's arena: to be called in a worker.
   *
   * Copy, fill, compare, is-zero and hashes work as in the owner, at the same time. Pages are handed
   * out by the owner alone. Nothing is locked: who may touch which bytes when is the caller's care.
   *
   * @param memory The owner's {@linkcode Arena.memory}.
   * @param workspace The address of a page that the owner allocated for this worker alone.
   * @returns An arena over the same bytes, which hands out no pages.
   * @throws {TypeError} The memory is not that of an arena.
   *
   * @example A second arena over the same bytes
   * ```ts
   * import { Arena } from "cowdisk/kernel";
   * import { equal } from "node:assert/strict";
   *
   * const owner = Arena.create({ bytesMax: 1 << 20 });
   * const page = owner.allocatePages(1);
   * const worker = Arena.attach(owner.memory, owner.allocatePages(1));
   * worker.fill(page, 7, 512);
   * equal(owner.bytes[page], 7);
   * ```
   */
  static attach(memory: WebAssembly.Memory, workspace: number): Arena {
    const kernel = instantiateKernel(memory);
    if (!kernel.isFormatted()) {
      throw new TypeError("Cannot attach to this memory: it is not that of an arena");
    }
    const arena = new Arena(memory, kernel, workspace);
    arena.#checkRange(workspace, PAGE_BYTES);
    kernel.attachWorkspace(workspace);
    return arena;
  }

  /** Every byte of the memory. Replaced when the memory grows. */
  get bytes(): Uint8Array<SharedArrayBuffer> {
    return this.#bytes;
  }

  /** Bytes handed out, plus the kernel's own 128 KiB. */
  get usedBytes(): number {
    return this.#kernel.pagesUsed() * PAGE_BYTES;
  }

  /**
   * Hands out a run of pages, zeroed. They are the caller's until {@linkcode Arena.freePages}.
   *
   * @param pageCount How many pages of 64 KiB, at least 1.
   * @returns The address of the first byte, a multiple of 65,536 and never 0.
   * @throws {RangeError} `pageCount` is not a positive integer.
   * @throws {TypeError} The arena is another thread's.
   * @throws {BlockDeviceError} ENOMEM when the limit is reached, when no run of free pages is long
   * enough below the limit, or when the engine will not grow the memory. Nothing is changed then.
   */
  allocatePages(pageCount: number): number {
    checkPageCount("allocate", pageCount);
    this.#checkOwner();
    const address = pageCount <= PAGES_MAX ? this.#kernel.allocatePages(pageCount) >>> 0 : 0;
    if (address === 0) {
      throw new BlockDeviceError(
        "ENOMEM",
        `Cannot allocate ${pageCount} pages of ${PAGE_BYTES} bytes: ` +
          `the arena uses ${this.usedBytes} of ${this.limitBytes} bytes`,
      );
    }
    if (address + pageCount * PAGE_BYTES > this.#bytes.length) this.refreshView();
    return address;
  }

  /**
   * Takes pages back: a whole run, or any part of one. What was in them is lost.
   *
   * @param address The address of the first page, in bytes.
   * @param pageCount How many pages.
   * @throws {RangeError} Those pages are not all in use, or are the kernel's own.
   * @throws {TypeError} The arena is another thread's.
   */
  freePages(address: number, pageCount: number): void {
    checkPageCount("free", pageCount);
    this.#checkOwner();
    this.#checkRange(address, pageCount * PAGE_BYTES);
    if (!this.#kernel.freePages(address, pageCount)) {
      throw new RangeError(
        `Cannot free ${pageCount} pages at address ${address}: they are not all in use`,
      );
    }
  }

  /**
   * Moves bytes within the arena. The two ranges may overlap.
   *
   * @param target Address of the first byte written.
   * @param source Address of the first byte read.
   * @param byteCount How many bytes.
   * @throws {RangeError} A range is not inside the arena.
   */
  copy(target: number, source: number, byteCount: number): void {
    this.#checkRange(target, byteCount);
    this.#checkRange(source, byteCount);
    this.#kernel.copyBytes(target, source, byteCount);
  }

  /**
   * Sets every byte of a range.
   *
   * @param target Address of the first byte written.
   * @param byte The value, 0 to 255.
   * @param byteCount How many bytes.
   * @throws {RangeError} The range is not inside the arena.
   */
  fill(target: number, byte: number, byteCount: number): void {
    this.#checkRange(target, byteCount);
    this.#kernel.fillBytes(target, byte, byteCount);
  }

  /**
   * Says whether a range holds only zeroes.
   *
   * @param address Address of the first byte.
   * @param byteCount How many bytes.
   * @returns True when every byte is 0, as it is for no bytes.
   * @throws {RangeError} The range is not inside the arena.
   */
  isZero(address: number, byteCount: number): boolean {
    this.#checkRange(address, byteCount);
    return this.#kernel.isZero(address, byteCount) !== 0;
  }

  /**
   * Finds where two ranges differ.
   *
   * @param a Address of the one.
   * @param b Address of the other.
   * @param byteCount How many bytes of each.
   * @returns The offset of the first byte that differs, or `byteCount` when none does.
   * @throws {RangeError} A range is not inside the arena.
   */
  compare(a: number, b: number, byteCount: number): number {
    this.#checkRange(a, byteCount);
    this.#checkRange(b, byteCount);
    return this.#kernel.compareBytes(a, b, byteCount) >>> 0;
  }

  /**
   * Hashes a range: XXH3, 64 bits, seed 0. Not for defence against someone who wants collisions.
   *
   * @param address Address of the first byte.
   * @param byteCount How many bytes.
   * @returns The hash, unsigned.
   * @throws {RangeError} The range is not inside the arena.
   */
  xxh3(address: number, byteCount: number): bigint {
    this.#checkRange(address, byteCount);
    return BigInt.asUintN(64, this.#kernel.xxh3(address, byteCount));
  }

  /**
   * Hashes a range to a number: the lower 32 bits of {@linkcode Arena.xxh3}, without the `bigint`.
   *
   * @param address Address of the first byte.
   * @param byteCount How many bytes.
   * @returns The hash, an unsigned 32-bit number.
   * @throws {RangeError} The range is not inside the arena.
   */
  xxh3Low32(address: number, byteCount: number): number {
    this.#checkRange(address, byteCount);
    return this.#kernel.xxh3Low32(address, byteCount) >>> 0;
  }

  /**
   * Hashes a range: XXH3, 128 bits, seed 0. Of its two halves the lower one is, for more than 240
   * bytes, the 64-bit hash.
   *
   * @param address Address of the first byte.
   * @param byteCount How many bytes.
   * @returns Both halves.
   * @throws {RangeError} The range is not inside the arena.
   */
  xxh128(address: number, byteCount: number): Xxh128 {
    this.#checkRange(address, byteCount);
    const low = BigInt.asUintN(64, this.#kernel.xxh128(address, byteCount));
    return { low, high: BigInt.asUintN(64, this.#kernel.xxh128High()) };
  }

  /**
   * Makes `bytes` cover what the memory has grown to. Needed only after someone else grew it: the
   * owner, when this arena is a worker's; an exception index, when it has one.
   */
  refreshView(): void {
    this.#bytes = new Uint8Array(this.memory.buffer as unknown as SharedArrayBuffer);
    arenas.set(this.#bytes.buffer, this);
  }

  #checkOwner(): void {
    if (this.#workspace !== WORKSPACE) {
      throw new TypeError("Cannot hand out or take back pages of another thread's arena");
    }
  }

  /** Refuses a range by one comparison, which a NaN, a fraction or a minus fails, too. */
  #checkRange(address: number, byteCount: number): void {
    const isWhole = address >>> 0 === address && byteCount >>> 0 === byteCount;
    if (isWhole && address >= KERNEL_BYTES) {
      if (address + byteCount <= this.#bytes.length) return;
      this.refreshView();
      if (address + byteCount <= this.#bytes.length) return;
    }
    throw new RangeError(
      `Cannot use ${byteCount} bytes at address ${address}: ` +
        `want a range from ${KERNEL_BYTES} to ${this.#bytes.length}`,
    );
  }
}

function checkPageCount(verb: string, pageCount: number): void {
  if (Number.isSafeInteger(pageCount) && pageCount > 0) return;
  throw new RangeError(`Cannot ${verb} ${pageCount} pages: want a positive whole number`);
}

/** A memory that can grow to `pagesLimit`. The engine reserves the addresses, not the memory. */
function reserve(pagesLimit: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: KERNEL_PAGES, maximum: pagesLimit, shared: true });
  } catch (cause) {
    throw new BlockDeviceError(
      "ENOMEM",
      `Cannot reserve ${pagesLimit * PAGE_BYTES} bytes of addresses for an arena`,
      { cause },
    );
  }
}
