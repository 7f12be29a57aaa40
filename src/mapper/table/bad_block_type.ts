/**
 * The bad-block target's table line: EVMS's, with its eight arguments.
 *
 *     bbr <device> <first sector> <table 1> <table 2> <table sectors> <first spare> <spares> <block bytes>
 *
 * All sectors are counted on the device. EVMS gave no texts for wrong arguments; these are ours.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { isAligned, SECTOR_BYTES, SECTORS_MAX } from "../../block/units.ts";
import { type BadBlockOptions, planBadBlock } from "../../targets/bad_block/bad_block.ts";
import { TargetError } from "../../targets/target_error.ts";
import { parseUnsigned, type TargetContext, type TargetType } from "./target_types.ts";

const ARGUMENTS = [
  "a first sector",
  "the first table's sector",
  "the second table's sector",
  "the table's length in sectors",
  "the first spare's sector",
  "a number of spares",
  "a block size in bytes",
] as const;

function refuse(reason: string, why: string): TargetError {
  return new TargetError("EINVAL", reason, `Cannot make a bbr target: ${why}`);
}

/**
 * Reads the arguments.
 *
 * @param words The arguments of the table line.
 * @param context What else they need.
 * @returns What the target is made of; its layout is not checked.
 * @throws {TargetError} `EINVAL` when they are none.
 */
export function parseBadBlockWords(
  words: readonly string[],
  context: TargetContext,
): BadBlockOptions {
  const [word = "", ...numberWords] = words;
  if (numberWords.length !== ARGUMENTS.length) {
    throw refuse(
      "Invalid argument count",
      `have ${words.length} arguments, want a device, ${ARGUMENTS.join(", ")}`,
    );
  }
  const numbers = ARGUMENTS.map((what, index) => {
    const text = numberWords[index] ?? "";
    const number = parseUnsigned(text, SECTORS_MAX);
    if (number === null) throw refuse("Invalid argument", `"${text}" is not ${what}`);
    return number;
  });
  const [start, table1, table2, tableSectors, spareSector, spareCount, blockBytes] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (blockBytes === 0 || !isAligned(blockBytes, SECTOR_BYTES)) {
    throw refuse(
      "Invalid block size",
      `a block of ${blockBytes} bytes cannot be used, want a multiple of ${SECTOR_BYTES}`,
    );
  }
  const { sectorCount, deviceWord, log, isReadOnly } = context;
  const use = { reason: "Device lookup failed", startSector: start, sectorCount };
  return {
    device: context.openDevice(word, { ...use, isWritten: !isReadOnly }),
    startSector: start,
    sectorCount,
    copySectors: [table1, table2],
    tableSectors,
    spareSector,
    spareCount,
    blockSectors: blockBytes / SECTOR_BYTES,
    isReadOnly,
    deviceWord,
    log,
  };
}

/** `bbr <device> <first sector> <table 1> <table 2> <table sectors> <first spare> <spares> <bytes>` */
export const badBlockType: TargetType = {
  name: "bbr",
  version: "2.0.0",
  *plan(words, context) {
    return yield* planBadBlock(parseBadBlockWords(words, context));
  },
};
