/**
 * The kernel: what touches every byte or every chunk number, in WebAssembly over shared memory.
 *
 * | | |
 * |---|---|
 * | {@linkcode Arena} | one shared memory, handed out in pages; copy, fill, compare, is-zero, hash |
 * | {@linkcode ExceptionIndex} | old chunk to new chunk, compact and quick |
 * | {@linkcode xxh3}, {@linkcode xxh128}, {@linkcode Xxh3} | hashes of any bytes |
 *
 * This module is browser compatible.
 *
 * @module
 */
export { Arena, ARENA_BYTES_MAX, type ArenaOptions, PAGE_BYTES, type Xxh128 } from "./arena.ts";
export { type ChunkRun, CHUNKS_MAX, ExceptionIndex } from "./exception_index.ts";
export { xxh128, Xxh3, xxh3 } from "./hash.ts";
