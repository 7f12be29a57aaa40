/**
 * Clauses on durability and on failures of the medium.
 *
 * Most need a power over the device: to open it again, to cut its power, to fail its reads. Devices
 * without that power still show that flush and FUA succeed and lose nothing.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { SECTOR_BYTES } from "../../block/units.ts";
import { patternOf } from "../pattern.ts";
import { verify, verifySectors } from "../verify.ts";
import { type Clause, unlessPower, unlessWritable } from "./clause.ts";

/** In order: see the file's head. */
export const durabilityClauses: readonly Clause[] = [
  {
    law: "flush succeeds, twice in a row and on a device never written, and changes nothing",
    async run(trial) {
      await trial.flush();
      if (trial.device.supports.write) await trial.writePattern(1);
      const before = await trial.read();
      await trial.flush();
      await trial.flush();
      await trial.verifyHolds(before, "after flushes");
    },
  },
  {
    law: "a write with FUA is a write",
    unitsMin: 1,
    skip: unlessWritable,
    async run(trial) {
      const written = await trial.writePattern(1, 0, trial.sectorCount, { fua: true });
      await trial.verifyHolds(written, "after a write with FUA");
    },
  },
  {
    law: "what was flushed is there after the device was closed and opened again",
    skip: (facts) =>
      facts.supports.permanence
        ? unlessPower("reopen")(facts)
        : "the device does not keep its data",
    async run(trial) {
      const { unit, sectorCount } = trial;
      // One sector at a time, so that a device that keeps track of what is dirty must get all right.
      for (let sector = 0; sector < sectorCount; sector += unit) {
        await trial.writePattern(1, sector, unit);
      }
      await trial.flush();
      await trial.reopen();
      verify(trial.sectorCount === sectorCount, `it came back with ${trial.sectorCount} sectors`);
      await trial.verifyHolds(patternOf(1, 0, sectorCount), "reopened");
      await trial.writePattern(2);
      await trial.flush();
      await trial.reopen();
      await trial.verifyHolds(patternOf(2, 0, sectorCount), "reopened again");
    },
  },
  {
    law: "what was flushed survives a power cut",
    skip: unlessPower("cutPower"),
    async run(trial) {
      const { sectorCount } = trial;
      await trial.writePattern(1);
      await trial.flush();
      await trial.cutPower();
      await trial.verifyHolds(patternOf(1, 0, sectorCount), "after the cut");
    },
  },
  {
    law: "what was written with FUA survives a power cut, without a flush",
    unitsMin: 1,
    skip: unlessPower("cutPower"),
    async run(trial) {
      const { unit, sectorCount } = trial;
      const expected = await trial.writePattern(1);
      await trial.flush();
      // Of four blocks one is written, one is zeroed, and those between are left as they are.
      for (let sector = 0; sector < sectorCount; sector += 2 * unit) {
        if (sector % (4 * unit) === 0) {
          const written = await trial.writePattern(2, sector, unit, { fua: true });
          expected.set(written, sector * SECTOR_BYTES);
        } else {
          await trial.writeZeroes(sector, unit, { fua: true });
          expected.fill(0, sector * SECTOR_BYTES, (sector + unit) * SECTOR_BYTES);
        }
      }
      await trial.cutPower();
      await trial.verifyHolds(expected, "after the cut");
    },
  },
  {
    law: "after a power cut a sector never flushed is as before the write or as after it",
    unitsMin: 1,
    skip: unlessPower("cutPower"),
    async run(trial) {
      const { unit, sectorCount } = trial;
      await trial.writePattern(1);
      await trial.flush();
      for (let sector = 0; sector < sectorCount; sector += unit) {
        await trial.writePattern(2, sector, unit);
      }
      await trial.cutPower();
      const found = await trial.read();
      for (let sector = 0; sector < sectorCount; sector++) {
        const got = found.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
        const isOld = patternOf(1, sector, 1).every((byte, index) => byte === got[index]);
        if (isOld) continue;
        verifySectors(got, patternOf(2, sector, 1), sector, "neither old nor new");
      }
    },
  },
  {
    law: "a read that the medium fails is refused, and not answered with zeroes",
    unitsMin: 1,
    skip: ({ powers }) => powers.has("failReads") ? undefined : "its fixture has no failReads",
    async run(trial) {
      trial.failReads();
      let code: unknown;
      try {
        await trial.read();
      } catch (error) {
        code = (error as { code?: unknown }).code;
      }
      verify(code !== undefined, "the read succeeded");
      verify(code === "EIO", `want code EIO, have ${code}`);
    },
  },
];
