/**
 * Clauses on the life of a device: growth, and its end.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { SECTOR_BYTES } from "../../block/units.ts";
import { type GrowableDevice, isGrowableDevice } from "../../devices/growable.ts";
import { verify, verifyRefusal } from "../verify.ts";
import { type Clause, unlessPower } from "./clause.ts";
import type { Trial } from "./trial.ts";

function growable({ device }: Trial): GrowableDevice {
  verify(isGrowableDevice(device), "it cannot grow any more");
  return device;
}

/** Demands that every kind of request is refused because the device is closed. */
async function verifyClosed(trial: Trial): Promise<void> {
  const { unit } = trial;
  const buffer = new Uint8Array(unit * SECTOR_BYTES);
  await verifyRefusal(() => trial.read(0, unit), "ESHUTDOWN", "read");
  await verifyRefusal(() => trial.flush(), "ESHUTDOWN", "flush");
  await verifyRefusal(() => trial.write(buffer, 0), "ESHUTDOWN", "write");
  await verifyRefusal(() => trial.writeZeroes(0, unit), "ESHUTDOWN", "zeroes");
  await verifyRefusal(() => trial.discard(0, unit), "ESHUTDOWN", "discard");
}

/** In order: see the file's head. */
export const lifecycleClauses: readonly Clause[] = [
  {
    law: "sectors gained by growing read as zeroes, and the others stay",
    skip: unlessPower("grow"),
    async run(trial) {
      const device = growable(trial);
      for (const gain of [1, 7, 300]) {
        const before = await trial.writePattern(gain);
        const sectorCount = trial.sectorCount + gain * trial.unit;
        device.grow(sectorCount);
        verify(trial.sectorCount === sectorCount, `it has ${trial.sectorCount} sectors`);
        const expected = new Uint8Array(sectorCount * SECTOR_BYTES);
        expected.set(before);
        await trial.verifyHolds(expected, `after growing by ${gain}`);
      }
    },
  },
  {
    law: "a device does not grow smaller, nor to a size that is none",
    skip: unlessPower("grow"),
    async run(trial) {
      const device = growable(trial);
      const { sectorCount } = trial;
      for (const size of [sectorCount - 1, -1, NaN, sectorCount + 0.5, Infinity, 2 ** 53]) {
        await verifyRefusal(async () => await device.grow(size), "EINVAL", `grow to ${size}`);
      }
      verify(trial.sectorCount === sectorCount, `it has ${trial.sectorCount} sectors`);
    },
  },
  {
    law: "after close every request is refused with ESHUTDOWN",
    async run(trial) {
      await trial.close();
      await verifyClosed(trial);
    },
  },
  {
    law: "closing twice is no mistake",
    async run(trial) {
      await trial.close();
      await trial.close();
      await trial.device.close();
      await verifyClosed(trial);
    },
  },
  {
    law: "a device that leaves its scope is closed",
    async run(trial) {
      await trial.leaveScope();
      await verifyClosed(trial);
    },
  },
];
