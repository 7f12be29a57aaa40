/**
 * What can be said to a bad-block target: `dmsetup message <device> 0 query 1000`.
 *
 * | message | reply |
 * |---|---|
 * | `query <sector>` | where the sector's block is, and whether it is marked |
 * | `list` | a line for each relocated or marked block, by sector |
 * | `mark <sector>` | none; the next write of the block relocates it |
 * | `unmark <sector>` | none |
 *
 * Sectors are counted in the target. A mark lasts until its block is relocated or the target ends:
 * a bad block will say so again.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";

/** A block that lives in a spare. */
export interface Relocation {
  /** Its first sector, in the target. */
  readonly sector: number;
  /** The first sector of the spare, on the device. */
  readonly spareSector: number;
}

/** What a message is answered from. */
export interface MessageContext {
  /** The size of the target. */
  readonly sectorCount: number;
  /** All relocated blocks. */
  relocations(): readonly Relocation[];
  /** The first sectors of all marked blocks. */
  marks(): readonly number[];
  /** Marks the block of a sector. */
  mark(sector: number): void;
  /** Takes the mark away; tells whether there was one. */
  unmark(sector: number): boolean;
  /** The first sector of the block that a sector lies in. */
  blockStart(sector: number): number;
}

function refuse(words: readonly string[], why: string): BlockDeviceError {
  return new BlockDeviceError("EINVAL", `Cannot answer the message "${words.join(" ")}": ${why}`);
}

function sectorOf(words: readonly string[], { sectorCount }: MessageContext): number {
  const [, word = ""] = words;
  const sector = /^\d+$/.test(word) ? Number(word) : NaN;
  if (words.length === 2 && sector < sectorCount) return sector;
  throw refuse(words, `want one sector from 0 to ${sectorCount - 1}`);
}

function query(sector: number, context: MessageContext): string {
  const start = context.blockStart(sector);
  const found = context.relocations().find((each) => each.sector === start);
  const place = found === undefined
    ? "in place"
    : `relocated to sector ${found.spareSector + sector - start}`;
  return `${sector} ${place}${context.marks().includes(start) ? ", marked" : ""}`;
}

function list(context: MessageContext): string {
  const lines = new Map<number, string>();
  for (const { sector, spareSector } of context.relocations()) {
    lines.set(sector, `relocated to sector ${spareSector}`);
  }
  for (const sector of context.marks()) {
    const line = lines.get(sector);
    lines.set(sector, line === undefined ? "in place, marked" : `${line}, marked`);
  }
  const sorted = [...lines].sort(([one], [other]) => one - other);
  return sorted.map(([sector, line]) => `${sector} ${line}`).join("\n");
}

/**
 * Answers a message.
 *
 * @param words The message.
 * @param context What it is answered from.
 * @returns The reply; empty where there is nothing to say.
 * @throws {BlockDeviceError} `EINVAL` when the message makes no sense.
 */
export function answerMessage(words: readonly string[], context: MessageContext): string {
  const verb = words[0]?.toLowerCase();
  switch (verb) {
    case "query":
      return query(sectorOf(words, context), context);
    case "list":
      if (words.length > 1) throw refuse(words, "want nothing behind list");
      return list(context);
    case "mark":
      context.mark(sectorOf(words, context));
      return "";
    case "unmark":
      if (context.unmark(sectorOf(words, context))) return "";
      throw refuse(words, "its block is not marked");
    default:
      throw refuse(words, "want query, list, mark or unmark");
  }
}
