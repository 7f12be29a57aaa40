/**
 * Table lines: the text that describes a mapped device, read and written letter for letter as dm has
 * them.
 *
 *     0 4096 snapshot /dev/vda /dev/vdb P 8
 *     │ │    │        └ arguments of the target
 *     │ │    └ type of the target
 *     │ └ length in sectors
 *     └ first sector
 *
 * A table is one line after another. Lines are separated by newlines or `;`; a `#` begins a comment;
 * a backslash makes the character behind it an ordinary one. Whether the lines make sense together
 * is not decided here but where the table is loaded.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import { SECTORS_MAX } from "../../block/units.ts";

/** One line of a table. */
export interface TableLine {
  /** The first sector, as the mapped device counts. */
  readonly startSector: number;
  /** How many sectors. */
  readonly sectorCount: number;
  /** dm's name of the target. */
  readonly type: string;
  /** The target's arguments. */
  readonly words: readonly string[];
}

/** What is cut at: a character behind a backslash does not count. */
const SEPARATORS = /((?:\\.|[^\\;\n])*)(?:[;\n]|$)/gs;
const WORDS = /(?:\\.|[^\\\s])+\\?|\\/gs;
const COMMENT = /^((?:\\.|[^\\#])*)#.*$/s;

function unescape(word: string): string {
  return word.replace(/\\(.)/gs, "$1");
}

function parseCount(text: string, what: string, line: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value <= SECTORS_MAX) return value;
  const why = Number.isNaN(value)
    ? `"${text}" is no number of sectors`
    : `${text} is more sectors than a device can have`;
  throw new BlockDeviceError(
    "EINVAL",
    `Cannot read the ${what} in the table line "${line}": ${why}`,
  );
}

function parseLine(line: string): TableLine {
  const [start, length, type, ...words] = line.match(WORDS) ?? [];
  if (start === undefined || length === undefined || type === undefined) {
    throw new BlockDeviceError(
      "EINVAL",
      `Cannot read the table line "${line}": want a first sector, a length, a type, and arguments`,
    );
  }
  return {
    startSector: parseCount(start, "first sector", line),
    sectorCount: parseCount(length, "length", line),
    type,
    words: words.map(unescape),
  };
}

/**
 * Reads a table.
 *
 * @param text Lines, separated by newlines or `;`. Empty lines and comments are passed over.
 * @returns The lines, in the order given.
 * @throws {BlockDeviceError} `EINVAL` when a line is none.
 *
 * @example Two lines
 * ```ts
 * import { parseTable } from "cowdisk";
 * import { deepEqual } from "node:assert/strict";
 *
 * deepEqual(parseTable("0 8 linear /dev/vda 80; 8 8 zero"), [
 *   { startSector: 0, sectorCount: 8, type: "linear", words: ["/dev/vda", "80"] },
 *   { startSector: 8, sectorCount: 8, type: "zero", words: [] },
 * ]);
 * ```
 */
export function parseTable(text: string): TableLine[] {
  const lines: TableLine[] = [];
  for (const [, piece = ""] of text.matchAll(SEPARATORS)) {
    const line = piece.replace(COMMENT, "$1").trim();
    if (line !== "") lines.push(parseLine(line));
  }
  return lines;
}

/**
 * Writes a line. dm writes the separator before the arguments even when there are none.
 *
 * @param startSector The first sector.
 * @param sectorCount How many sectors.
 * @param type dm's name of the target.
 * @param rest The arguments of a table line, or what a status line says.
 * @returns The line, without a newline.
 */
export function formatLine(
  startSector: number,
  sectorCount: number,
  type: string,
  rest: string,
): string {
  return `${startSector} ${sectorCount} ${type} ${rest}`;
}

/**
 * Writes a table as {@linkcode parseTable} reads it.
 *
 * @param lines The lines.
 * @returns The text, lines separated by newlines.
 */
export function formatTable(lines: readonly TableLine[]): string {
  const escape = (word: string) => word.replace(/[\\\s;#]/g, "\\$&");
  return lines.map((line) =>
    formatLine(line.startSector, line.sectorCount, line.type, line.words.map(escape).join(" "))
  ).join("\n");
}
