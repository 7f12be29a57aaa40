/**
 * The checker of bad-block tables, for `cowdisk check --bad-block-table`.
 *
 * Where a table lies on a disk is not written on the disk: it is told by the table line of its target,
 * as `dmsetup table` prints it. The line's device is not looked at: the image stands in its place.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import {
  type BadBlockCheckReport,
  planBadBlockCheck,
  planBadBlockRepair,
  type RelocationLayout,
} from "../exception/mod.ts";
import { formatSize, sectorsToBytes } from "../block/units.ts";
import { parseBadBlockWords } from "../mapper/table/bad_block_type.ts";
import { parseTable } from "../mapper/table/table_line.ts";
import { checkLayout } from "../targets/bad_block/bad_block_layout.ts";
import type { TableChecker, Verdict } from "./commands/check.ts";
import { CommandFailure, EXIT_CODES } from "./failure.ts";

function refuse(line: string, why: string): CommandFailure {
  return new CommandFailure(
    `Cannot use "${line}" as the line of a bad-block table: ${why}`,
    EXIT_CODES.usage,
  );
}

function optionsOf(text: string, device: BlockDevice) {
  try {
    const [line, ...others] = parseTable(text);
    if (line === undefined || others.length > 0 || line.type !== "bbr") {
      throw refuse(text, 'want one, as "dmsetup table" prints it: 0 1000 bbr /dev/vda 16 …');
    }
    return parseBadBlockWords(line.words, {
      sectorCount: line.sectorCount,
      isReadOnly: true,
      openDevice: () => device,
      deviceWord: ({ name }) => name,
      log: () => {},
    });
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw refuse(text, error instanceof Error ? error.message : String(error));
  }
}

function verdictOf(
  { counts, ...facts }: BadBlockCheckReport,
  { blockSectors }: RelocationLayout,
): Verdict {
  const { relocatedCount, retiredCount, leakedCount, spareCount } = facts;
  const summary = `${relocatedCount} of ${spareCount} spares of ` +
    `${formatSize(sectorsToBytes(blockSectors))} in use, ${retiredCount} retired, ` +
    `${leakedCount} left behind`;
  return { counts, facts, summary };
}

/**
 * A checker for the table that a line describes.
 *
 * @param line The table line.
 * @param device The image that the table is on.
 * @returns The checker.
 * @throws {CommandFailure} When the line is none.
 * @throws {BlockDeviceError} `EINVAL` when nothing can lie on the image like that.
 */
export function badBlockChecker(line: string, device: BlockDevice): TableChecker {
  const layout = checkLayout(optionsOf(line, device));
  return {
    *check({ onFinding }) {
      return verdictOf(yield* planBadBlockCheck({ layout, onFinding }), layout);
    },
    *repair({ onFinding }) {
      const { after, repaired } = yield* planBadBlockRepair({ layout, onFinding });
      return { verdict: verdictOf(after, layout), repaired };
    },
  };
}
