/**
 * Folders of golden vectors, and the one that belongs to us.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseVector, type ReadImage, type Vector } from "./vector.ts";

/** The vectors that belong to us. */
export const VECTOR_FOLDER = join(import.meta.dirname ?? ".", "vectors");

/**
 * Reads a vector.
 *
 * @param path The JSON file.
 */
export function readVector(path: string): Vector {
  return parseVector(readFileSync(path, "utf8"), path);
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
 * The kept disk images of a folder.
 *
 * @param folder The folder of the vectors.
 */
export function imagesIn(folder: string): ReadImage {
  return (file) => new Uint8Array(gunzipSync(readFileSync(join(folder, file))));
}
