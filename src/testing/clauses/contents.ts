/**
 * Clauses on contents: what was written is what is read, in its place and nowhere else.
 *
 * Every sector written carries the write's number and its own (`pattern.ts`), and whole buffers are
 * compared.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { isSyncDevice } from "../../block/device.ts";
import { SECTOR_BYTES } from "../../block/units.ts";
import { fillPattern, patternOf } from "../pattern.ts";
import { verify, verifySectors } from "../verify.ts";
import { type Clause, unlessWritable } from "./clause.ts";
import type { Trial } from "./trial.ts";

/** Starts and lengths around the sizes of chunks, pages and frames, as far as the device goes. */
function* awkwardRanges({ sectorCount, unit }: Trial): Generator<[number, number]> {
  for (const start of [0, 1, 2, 3, 7, 8, 9, 15, 16, 63, 64, 127, 128, 129, 255]) {
    for (const length of [1, 2, 7, 8, 9, 16, 127, 128, 129]) {
      if ((start + length) * unit <= sectorCount) yield [start * unit, length * unit];
    }
  }
}

/** In order: see the file's head. */
export const contentClauses: readonly Clause[] = [
  {
    law: "a read fills the whole of its target",
    async run(trial) {
      const first = new Uint8Array(trial.sectorCount * SECTOR_BYTES).fill(0xa5);
      const second = new Uint8Array(trial.sectorCount * SECTOR_BYTES).fill(0x5a);
      await trial.readInto(first, 0);
      await trial.readInto(second, 0);
      verifySectors(second, first, 0, "the second of two reads");
    },
  },
  {
    law: "what is read in pieces is what is read at once",
    unitsMin: 1,
    async run(trial) {
      if (trial.device.supports.write) await trial.writePattern(1);
      const whole = await trial.read();
      for (const pieceUnits of [1, 3, 8, 129]) {
        const step = pieceUnits * trial.unit;
        for (let sector = 0; sector < trial.sectorCount; sector += step) {
          const count = Math.min(step, trial.sectorCount - sector);
          const want = whole.subarray(sector * SECTOR_BYTES, (sector + count) * SECTOR_BYTES);
          verifySectors(await trial.read(sector, count), want, sector, `a piece of ${step}`);
        }
      }
    },
  },
  {
    law: "every sector holds what was written to it, also when each was written alone",
    skip: unlessWritable,
    async run(trial) {
      const { unit } = trial;
      const order: number[] = [];
      for (let sector = 0; sector < trial.sectorCount; sector += unit) order.push(sector);
      for (const sector of trial.prng.shuffle(order)) await trial.writePattern(7, sector, unit);
      await trial.verifyHolds(patternOf(7, 0, trial.sectorCount), "after writing each");
    },
  },
  {
    law: "a write changes its own sectors and not their neighbours, at every alignment",
    unitsMin: 1,
    skip: unlessWritable,
    async run(trial) {
      const expected = await trial.writePattern(1);
      let seed = 1;
      for (const [sector, sectorCount] of awkwardRanges(trial)) {
        const written = await trial.writePattern(++seed, sector, sectorCount);
        expected.set(written, sector * SECTOR_BYTES);
        const from = Math.max(0, sector - 9 * trial.unit);
        const to = Math.min(trial.sectorCount, sector + sectorCount + 9 * trial.unit);
        const around = expected.subarray(from * SECTOR_BYTES, to * SECTOR_BYTES);
        const what = `around a write of ${sectorCount} sectors at sector ${sector}`;
        verifySectors(await trial.read(from, to - from), around, from, what);
      }
      await trial.verifyHolds(expected, "after all writes");
    },
  },
  {
    law: "the later of two writes that overlap wins, and only where it lies",
    unitsMin: 3,
    skip: unlessWritable,
    async run(trial) {
      const third = Math.floor(trial.sectorCount / trial.unit / 3) * trial.unit;
      const expected = await trial.writePattern(1, 0, 2 * third);
      await trial.writePattern(2, third, 2 * third);
      const whole = new Uint8Array(3 * third * SECTOR_BYTES);
      whole.set(expected);
      fillPattern(whole.subarray(third * SECTOR_BYTES), 2, third);
      verifySectors(await trial.read(0, 3 * third), whole, 0, "two writes that overlap");
    },
  },
  {
    law: "sectors can be written again, also with zeroes",
    unitsMin: 1,
    skip: unlessWritable,
    async run(trial) {
      for (const seed of [1, 2, 3]) {
        const written = await trial.writePattern(seed);
        await trial.verifyHolds(written, `after write ${seed}`);
      }
      const zeroes = new Uint8Array(trial.sectorCount * SECTOR_BYTES);
      await trial.write(zeroes, 0);
      await trial.verifyHolds(zeroes, "after a write of zeroes");
      await trial.verifyHolds(await trial.writePattern(4), "after writing over zeroes");
    },
  },
  {
    law: "both faces see the same sectors",
    unitsMin: 1,
    faces: ["synchronous"],
    skip: unlessWritable,
    async run({ device, sectorCount }) {
      verify(isSyncDevice(device), "it has no synchronous face");
      const target = new Uint8Array(sectorCount * SECTOR_BYTES);
      for (const seed of [1, 3, 5]) {
        device.writeSync(patternOf(seed, 0, sectorCount), 0);
        await device.read(target, 0);
        verifySectors(target, patternOf(seed, 0, sectorCount), 0, "written at once, read later");
        await device.write(patternOf(seed + 1, 0, sectorCount), 0);
        device.readSync(target, 0);
        verifySectors(
          target,
          patternOf(seed + 1, 0, sectorCount),
          0,
          "written later, read at once",
        );
      }
    },
  },
];
