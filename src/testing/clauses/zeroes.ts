/**
 * Clauses on zeroes and discards: exactly their own sectors, whole or not at all.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { SECTOR_BYTES } from "../../block/units.ts";
import { verifyRefusal, verifySectors } from "../verify.ts";
import { type Clause, unlessDiscarding, unlessWritable } from "./clause.ts";
import type { Trial } from "./trial.ts";

/** Ranges that are parts of frames and chunks, wholes of them, and both. */
function* pieces({ sectorCount, unit }: Trial): Generator<[number, number]> {
  for (
    const [start, length] of [[3, 1], [5, 8], [0, 1], [120, 9], [200, 300], [511, 129]] as const
  ) {
    if ((start + length) * unit <= sectorCount) yield [start * unit, length * unit];
  }
  const last = sectorCount - unit;
  yield [last, unit];
}

/** Runs a request on awkward pieces of a full device, which must zero them and nothing else. */
async function verifyZeroing(
  trial: Trial,
  request: (sector: number, sectorCount: number) => Promise<void>,
): Promise<void> {
  const expected = await trial.writePattern(1);
  for (const [sector, sectorCount] of pieces(trial)) {
    await request(sector, sectorCount);
    expected.fill(0, sector * SECTOR_BYTES, (sector + sectorCount) * SECTOR_BYTES);
    await trial.verifyHolds(expected, `after ${sectorCount} sectors at sector ${sector}`);
  }
  await request(0, trial.sectorCount);
  await trial.verifyHolds(expected.fill(0), "after all of it");
  await trial.verifyHolds(await trial.writePattern(2), "after writing over it");
}

/** In order: see the file's head. */
export const zeroClauses: readonly Clause[] = [
  {
    law: "zeroes are written to exactly the sectors asked for, parts of chunks included",
    unitsMin: 1,
    skip: unlessWritable,
    async run(trial) {
      await verifyZeroing(trial, (sector, count) => trial.writeZeroes(sector, count));
    },
  },
  {
    law: "zeroes with FUA are zeroes",
    unitsMin: 1,
    skip: unlessWritable,
    async run(trial) {
      await trial.writePattern(1);
      await trial.writeZeroes(0, trial.sectorCount, { fua: true });
      await trial.verifyHolds(new Uint8Array(trial.sectorCount * SECTOR_BYTES), "after zeroes");
    },
  },
  {
    law: "discarded sectors read as zeroes, parts of chunks included, and their neighbours stay",
    unitsMin: 1,
    skip: ({ supports }) =>
      supports.discardZeroes ? undefined : "the device does not discard to zeroes",
    async run(trial) {
      await verifyZeroing(trial, (sector, count) => trial.discard(sector, count));
    },
  },
  {
    law: "a discard leaves its neighbours alone, and its sectors can be written again",
    unitsMin: 1,
    skip: unlessDiscarding,
    async run(trial) {
      const expected = await trial.writePattern(1);
      for (const [sector, sectorCount] of pieces(trial)) {
        const end = sector + sectorCount;
        await trial.discard(sector, sectorCount);
        const before = expected.subarray(0, sector * SECTOR_BYTES);
        verifySectors(await trial.read(0, sector), before, 0, "before the discarded sectors");
        verifySectors(await trial.read(end), expected.subarray(end * SECTOR_BYTES), end, "behind");
        expected.set(await trial.writePattern(2, sector, sectorCount), sector * SECTOR_BYTES);
      }
      await trial.verifyHolds(expected, "after writing over what was discarded");
    },
  },
  {
    law: "a device that does not support discard refuses it with ENOTSUP, and changes nothing",
    unitsMin: 1,
    skip: (facts) =>
      unlessWritable(facts) ?? (facts.supports.discard ? "the device supports it" : undefined),
    async run(trial) {
      const expected = await trial.writePattern(1);
      await verifyRefusal(() => trial.discard(0, trial.sectorCount), "ENOTSUP", "discard");
      await trial.verifyHolds(expected, "after the refusal");
    },
  },
];
