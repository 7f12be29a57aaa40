/**
 * Clauses on requests under way together.
 *
 * The contract promises little: requests that overlap land in either order, sector by sector, and
 * one that starts after another has ended sees its effect. That little is tried hard.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { SECTOR_BYTES } from "../../block/units.ts";
import { patternOf } from "../pattern.ts";
import { verify, verifySectors } from "../verify.ts";
import { type Clause, unlessWritable } from "./clause.ts";

/** In order: see the file's head. */
export const concurrencyClauses: readonly Clause[] = [
  {
    law: "many writes under way together all land, each in its place",
    faces: ["asynchronous"],
    skip: unlessWritable,
    async run(trial) {
      const writes: Promise<unknown>[] = [];
      const step = 3 * trial.unit;
      for (let sector = 0; sector < trial.sectorCount; sector += step) {
        const count = Math.min(step, trial.sectorCount - sector);
        writes.push(trial.writePattern(sector, sector, count));
      }
      await Promise.all(trial.prng.shuffle(writes));
      for (let sector = 0; sector < trial.sectorCount; sector += step) {
        const count = Math.min(step, trial.sectorCount - sector);
        const want = patternOf(sector, sector, count);
        verifySectors(await trial.read(sector, count), want, sector, "one of many writes");
      }
    },
  },
  {
    law: "many reads under way together each get their own sectors",
    faces: ["asynchronous"],
    async run(trial) {
      if (trial.device.supports.write) await trial.writePattern(1);
      const whole = await trial.read();
      const step = 5 * trial.unit;
      const reads: Promise<void>[] = [];
      for (let sector = 0; sector < trial.sectorCount; sector += step) {
        const count = Math.min(step, trial.sectorCount - sector);
        const want = whole.subarray(sector * SECTOR_BYTES, (sector + count) * SECTOR_BYTES);
        reads.push(
          trial.read(sector, count).then((got) =>
            verifySectors(got, want, sector, "one of many reads")
          ),
        );
      }
      await Promise.all(reads);
    },
  },
  {
    law: "writes that overlap under way together leave every sector as one of them left it",
    faces: ["asynchronous"],
    unitsMin: 1,
    skip: unlessWritable,
    async run(trial) {
      await trial.writePattern(99);
      const seeds = [1, 2, 3, 4, 5];
      await Promise.all(seeds.map((seed) => trial.writePattern(seed)));
      const found = await trial.read();
      for (let sector = 0; sector < trial.sectorCount; sector += trial.unit) {
        const got = found.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
        const isOne = seeds.some((seed) => {
          const want = patternOf(seed, sector, 1);
          return got.every((byte, index) => byte === want[index]);
        });
        verify(isOne, `sector ${sector} is as none of the writes left it`);
      }
    },
  },
  {
    law: "a read that starts after a write has ended sees it, whatever else is under way",
    faces: ["asynchronous"],
    unitsMin: 7,
    skip: unlessWritable,
    async run(trial) {
      const { unit } = trial;
      const expected = await trial.writePattern(1);
      const others: Promise<unknown>[] = [];
      try {
        for (let seed = 2; seed < 40; seed++) {
          others.push(trial.writePattern(seed, 2 * unit, unit), trial.read(0, unit), trial.flush());
          const written = await trial.writePattern(seed, unit, unit);
          verifySectors(await trial.read(unit, unit), written, unit, "just written");
          expected.set(written, unit * SECTOR_BYTES);
        }
      } finally {
        // Also when the law is broken: requests must not outlive the trial.
        await Promise.allSettled(others);
      }
      await Promise.all(others);
      await trial.writePattern(1, 2 * unit, unit);
      await trial.verifyHolds(expected, "in the end");
    },
  },
];
