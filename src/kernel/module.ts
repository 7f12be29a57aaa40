/**
 * The kernel's door: compiles the binary once, and says in TypeScript what it exports.
 *
 * Compiling is synchronous and happens at the first arena, not at import. An instance is the module
 * over one shared memory. Any number of instances, in any number of threads, may stand on one
 * memory: the kernel keeps its state in memory, and only a workspace for itself
 * (`assembly/layout.ts`). Nothing outside `src/kernel/` imports this file.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { KERNEL_WASM_BASE64 } from "./kernel_wasm.ts";

/**
 * The exports of `assembly/index.ts`. Addresses and counts arrive as signed 32-bit numbers; `>>> 0`
 * makes them what they are. What is a `bigint` here is signed, too.
 */
export interface KernelExports {
  formatArena(pagesLimit: number): number;
  isFormatted(): number;
  pagesLimit(): number;
  pagesUsed(): number;
  allocatePages(pageCount: number): number;
  freePages(address: number, pageCount: number): number;
  copyBytes(target: number, source: number, byteCount: number): void;
  fillBytes(target: number, byte: number, byteCount: number): void;
  isZero(address: number, byteCount: number): number;
  compareBytes(a: number, b: number, byteCount: number): number;
  createIndex(): number;
  destroyIndex(index: number): void;
  clearIndex(index: number): void;
  findRun(index: number, oldChunk: number, chunksWanted: number): number;
  insertRun(index: number, oldChunk: number, newChunk: number, count: number): number;
  removeRun(index: number, oldChunk: number, count: number): number;
  listRuns(index: number, cursor: number, target: number, runsMax: number): number;
  exceptionCount(index: number): number;
  runCount(index: number): number;
  indexPages(index: number): number;
  checkIndex(index: number): number;
  attachWorkspace(address: number): void;
  xxh3(address: number, byteCount: number): bigint;
  xxh3Low32(address: number, byteCount: number): number;
  xxh128(address: number, byteCount: number): bigint;
  xxh128High(): bigint;
  resetStream(stream: number): void;
  updateStream(stream: number, input: number, byteCount: number): void;
  digestStream(stream: number): bigint;
  digestStream128(stream: number): bigint;
}

/** Bytes in a page of WebAssembly memory: the unit in which an arena hands out memory. */
export const PAGE_BYTES = 65536;

// The numbers below are those of `assembly/layout.ts`.

/** Pages at the start of every arena that are the kernel's own. */
export const KERNEL_PAGES = 2;

/** An arena has at most this many pages. */
export const PAGES_MAX = 65535;

/** Where the workspace of the thread that made an arena begins. */
export const WORKSPACE = 0x10000;

/** In a workspace: where the state of a streamed hash is, and how long it is. */
export const STREAM_OFFSET = 0x400;
export const STREAM_BYTES = 1232;

/** In a workspace: where bytes and records are put on their way in or out, and how many fit. */
export const STAGING_OFFSET = 0x1000;
export const STAGING_BYTES = PAGE_BYTES - STAGING_OFFSET;

let compiled: WebAssembly.Module | undefined;

/** Makes an instance of the kernel over `memory`. The first call compiles the kernel. */
export function instantiateKernel(memory: WebAssembly.Memory): KernelExports {
  compiled ??= new WebAssembly.Module(
    Uint8Array.from(atob(KERNEL_WASM_BASE64), (character) => character.charCodeAt(0)),
  );
  const instance = new WebAssembly.Instance(compiled, { env: { memory } });
  return instance.exports as unknown as KernelExports;
}
