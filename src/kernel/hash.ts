/**
 * XXH3 of any bytes: 64 bits or 128, at once or in pieces.
 *
 * Bytes that lie in an arena are hashed where they are. All others pass through a window of kernel
 * memory, 60 KiB wide, that was there before the call: nothing grows, whatever is hashed.
 *
 * The hashes are those of `XXH3_64bits` and `XXH3_128bits` in the xxHash library, seed 0, default
 * secret. They are for telling chunks apart, not for defence against someone who wants collisions.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { Arena, arenaOf, kernelOf, workspaceOf } from "./arena.ts";
import {
  type KernelExports,
  PAGE_BYTES,
  STAGING_BYTES,
  STAGING_OFFSET,
  STREAM_BYTES,
  STREAM_OFFSET,
} from "./module.ts";

let windowArena: Arena | undefined;

/** The arena whose kernel hashes `bytes`: their own, or a small one with nothing but a window. */
function hashArena(bytes?: Uint8Array): Arena {
  const own = bytes === undefined ? undefined : arenaOf(bytes);
  return own ?? (windowArena ??= Arena.create({ bytesMax: 3 * PAGE_BYTES }));
}

/** Puts bytes where the kernel can hash them, at once, and returns their address. */
function place(arena: Arena, bytes: Uint8Array): number {
  if (arenaOf(bytes) === arena) return bytes.byteOffset;
  const address = workspaceOf(arena) + STAGING_OFFSET;
  arena.bytes.set(bytes, address);
  return address;
}

/**
 * Hashes bytes to 64 bits.
 *
 * @param bytes Any bytes. Those of an arena are not copied.
 * @returns The hash, unsigned.
 *
 * @example The hash of nothing
 * ```ts
 * import { xxh3 } from "cowdisk/kernel";
 * import { equal } from "node:assert/strict";
 *
 * equal(xxh3(new Uint8Array(0)), 0x2d06800538d394c2n);
 * ```
 */
export function xxh3(bytes: Uint8Array): bigint {
  const arena = hashArena(bytes);
  if (bytes.length > STAGING_BYTES && arena === windowArena) {
    return new Xxh3().update(bytes).digest();
  }
  return BigInt.asUintN(64, kernelOf(arena).xxh3(place(arena, bytes), bytes.length));
}

/**
 * Hashes bytes to 128 bits.
 *
 * @param bytes Any bytes. Those of an arena are not copied.
 * @returns The hash as 32 hexadecimal digits, the higher half first, as xxHash prints it.
 *
 * @example The hash of nothing
 * ```ts
 * import { xxh128 } from "cowdisk/kernel";
 * import { equal } from "node:assert/strict";
 *
 * equal(xxh128(new Uint8Array(0)), "99aa06d3014798d86001c324468d497f");
 * ```
 */
export function xxh128(bytes: Uint8Array): string {
  const arena = hashArena(bytes);
  if (bytes.length > STAGING_BYTES && arena === windowArena) {
    return new Xxh3().update(bytes).digest128();
  }
  const kernel = kernelOf(arena);
  return hexOf(kernel.xxh128(place(arena, bytes), bytes.length), kernel.xxh128High());
}

/**
 * Hashes input that comes in pieces.
 *
 * @example Two pieces
 * ```ts
 * import { Xxh3, xxh3 } from "cowdisk/kernel";
 * import { equal } from "node:assert/strict";
 *
 * const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
 * const hasher = new Xxh3();
 * hasher.update(bytes.subarray(0, 300)).update(bytes.subarray(300));
 * equal(hasher.digest(), xxh3(bytes));
 * ```
 */
export class Xxh3 {
  /** The state, in the kernel's own form. It visits the kernel for the length of a call. */
  readonly #state = new Uint8Array(STREAM_BYTES);

  /** Makes a hasher that has seen nothing. */
  constructor() {
    this.reset();
  }

  /**
   * Forgets what was seen.
   *
   * @returns This hasher.
   */
  reset(): this {
    return this.#visit(hashArena(), (kernel, stream) => kernel.resetStream(stream));
  }

  /**
   * Takes more input.
   *
   * @param bytes The next bytes. They are not kept; those of an arena are not copied.
   * @returns This hasher.
   */
  update(bytes: Uint8Array): this {
    const arena = hashArena(bytes);
    return this.#visit(arena, (kernel, stream) => {
      if (arena !== windowArena) {
        kernel.updateStream(stream, bytes.byteOffset, bytes.length);
        return;
      }
      for (let begin = 0; begin < bytes.length; begin += STAGING_BYTES) {
        const piece = bytes.subarray(begin, begin + STAGING_BYTES);
        kernel.updateStream(stream, place(arena, piece), piece.length);
      }
    });
  }

  /**
   * Hashes all input so far to 64 bits. More input may follow.
   *
   * @returns The hash, unsigned.
   */
  digest(): bigint {
    let hash = 0n;
    this.#visit(hashArena(), (kernel, stream) => hash = kernel.digestStream(stream));
    return BigInt.asUintN(64, hash);
  }

  /**
   * Hashes all input so far to 128 bits. More input may follow.
   *
   * @returns The hash as 32 hexadecimal digits, the higher half first.
   */
  digest128(): string {
    let hash = "";
    this.#visit(hashArena(), (kernel, stream) => {
      hash = hexOf(kernel.digestStream128(stream), kernel.xxh128High());
    });
    return hash;
  }

  /** Takes the state into an arena's workspace, and back. */
  #visit(arena: Arena, act: (kernel: KernelExports, stream: number) => void): this {
    const stream = workspaceOf(arena) + STREAM_OFFSET;
    arena.bytes.set(this.#state, stream);
    act(kernelOf(arena), stream);
    this.#state.set(arena.bytes.subarray(stream, stream + STREAM_BYTES));
    return this;
  }
}

function hexOf(low: bigint, high: bigint): string {
  const half = (word: bigint) => BigInt.asUintN(64, word).toString(16).padStart(16, "0");
  return half(high) + half(low);
}
