/**
 * Strips and chunks in words: what is drawn, for those who listen.
 *
 * @module
 */
import { type Place, PLACES, type Strip } from "../../engine/scene.ts";

/** What each place means, after "chunk 3 of origin: write 7". */
export const PLACE_WORDS: Readonly<Record<Place, string>> = {
  shared: "in the origin",
  own: "copied, on the COW device",
  cached: "kept by a read, on the COW device",
  header: "the header",
  area: "a metadata area",
  data: "copied data",
  stale: "left over, named by nothing",
  free: "free",
  bad: "bad block",
  relocated: "relocated",
};

/** Places as the names of things to be counted. */
const COUNT_WORDS: Readonly<Record<Place, string>> = {
  ...PLACE_WORDS,
  shared: "shared with the origin",
  own: "copied",
  cached: "kept by reads",
  header: "header",
  area: "metadata",
  data: "data",
  bad: "bad",
};

/**
 * Content in words.
 *
 * @param generation As a scene has it.
 * @returns "zeroes", "write 7", or that it is neither.
 */
export function contentWords(generation: number): string {
  if (generation === 0) return "zeroes";
  return generation >= 0x8000 ? "mixed or other bytes" : `write ${generation}`;
}

/**
 * What a chunk holds, and where that is.
 *
 * @param strip Its device.
 * @param chunk Which.
 * @returns "write 7, in place".
 */
export function cellWords(strip: Strip, chunk: number): string {
  const place = PLACES[strip.places[chunk]!]!;
  const content = contentWords(strip.generations[chunk]!);
  const where = strip.role === "origin" && place === "shared" ? "in place" : PLACE_WORDS[place];
  const isMetadata = place === "free" || place === "header" || place === "area";
  return isMetadata ? where : `${content}, ${where}`;
}

/**
 * One chunk in words.
 *
 * @param strip Its device.
 * @param chunk Which.
 * @returns A sentence without its full stop.
 */
export function chunkWords(strip: Strip, chunk: number): string {
  return `chunk ${chunk} of ${strip.chunkCount}: ${cellWords(strip, chunk)}`;
}

/**
 * A strip in words.
 *
 * @param strip The device.
 * @returns "monday: 64 chunks, 3 copied, 61 shared with the origin".
 */
export function stripWords(strip: Strip): string {
  const counts = new Uint32Array(PLACES.length);
  for (const place of strip.places) counts[place]!++;
  const parts = PLACES.flatMap((place, at) => {
    const isTold = counts[at]! > 0 && !(strip.role === "origin" && place === "shared");
    return isTold ? [`${counts[at]} ${COUNT_WORDS[place]}`] : [];
  });
  const health = strip.health === "valid" ? [] : [strip.health];
  return `${strip.name}: ${
    [`${strip.chunkCount} ${strip.chunkCount === 1 ? "chunk" : "chunks"}`, ...parts, ...health]
      .join(", ")
  }`;
}
