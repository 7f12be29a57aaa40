/**
 * Folders for what benches write: on the disk, where calls of the system are measured; in memory,
 * where they are not.
 *
 * @module
 */
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { chunkOfBytes } from "./places.ts";

/** Where a folder is. */
export type Medium = "disk" | "memory";

const folders = new Map<Medium, string>();

/** The folder of this run, which is removed at its end. */
export function benchFolder(medium: Medium): string {
  const known = folders.get(medium);
  if (known !== undefined) return known;
  const parent = medium === "memory" && existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const path = mkdtempSync(`${parent}/cowdisk-bench-`);
  folders.set(medium, path);
  globalThis.addEventListener("unload", () => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** So many bytes, none of them 0. */
export function written(byteCount: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteCount);
  const chunk = chunkOfBytes("written");
  for (let at = 0; at < byteCount; at += chunk.length) {
    bytes.set(chunk.subarray(0, Math.min(chunk.length, byteCount - at)), at);
  }
  return bytes;
}

/** Writes an image without a hole. */
export function writeImage(path: string, byteCount: number): void {
  const piece = written(Math.min(byteCount, 2 ** 22));
  const file = openSync(path, "w");
  for (let at = 0; at < byteCount; at += piece.length) writeSync(file, piece, 0, piece.length, at);
  closeSync(file);
}
