/**
 * Links: the log as text behind a `#`, so that a story can be sent. Lines are separated by `~`, and
 * opened on a fresh world in memory they make the same scene, for seeds are in the lines.
 *
 *     #do=snapshot+monday~write+origin+5
 *
 * A disk of another size than a page begins with is the first line, `reset --size …`.
 *
 * This module is browser compatible, and has no DOM.
 *
 * @module
 */

import type { Scene } from "./scene.ts";

/** The disk that a page begins with: 64 chunks of 4 KiB. */
export const FIRST_DISK = { sectorCount: 512, chunkSectors: 8 } as const;

const resetLine = ({ sectorCount, chunkSectors }: Record<keyof typeof FIRST_DISK, number>) =>
  `reset --size ${sectorCount}s --chunk ${chunkSectors}s`;

const FIRST_LINE = resetLine(FIRST_DISK);

/** The longest link that is opened. */
const LINK_LENGTH_MAX = 64 * 1024;
/** The most lines that a link may have. */
const LINES_MAX = 500;

/**
 * The link to what a scene shows.
 *
 * @param scene The scene.
 */
export function linkOf(scene: Scene): string {
  const lines = scene.log.slice(0, scene.cursor).map(({ line }) => line);
  const beginning = beginningOf(scene);
  return encodeLines(beginning === FIRST_LINE ? lines : [beginning, ...lines]);
}

/**
 * The line that makes the disk that a scene's log began with.
 *
 * @param scene The scene.
 */
export function beginningOf({ strips: [origin] }: Scene): string {
  const chunkSectors = (origin?.chunkBytes ?? 0) / 512;
  const sectorCount = chunkSectors * (origin?.chunkCount ?? 0);
  return resetLine({ sectorCount, chunkSectors });
}

/**
 * Writes lines as the end of a link.
 *
 * @param lines The lines.
 */
export function encodeLines(lines: readonly string[]): string {
  const words = lines.map((line) => encodeURIComponent(line).replaceAll("~", "%7E"));
  return `#do=${words.join("~").replaceAll("%20", "+").replaceAll("%3B", ";")}`;
}

/**
 * Reads the end of a link.
 *
 * @param link What stands behind the address, from the `#` on; from anybody.
 * @returns Its lines; none when it is no such link.
 */
export function decodeLines(link: string): string[] {
  const [, text] = /^#do=(.+)$/s.exec(link) ?? [];
  if (text === undefined || text.length > LINK_LENGTH_MAX) return [];
  try {
    const lines = text.split("~").map((each) => decodeURIComponent(each.replaceAll("+", "%20")));
    return lines.length <= LINES_MAX ? lines : [];
  } catch {
    return [];
  }
}
