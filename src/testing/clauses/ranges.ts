/**
 * Clauses on which requests are accepted: limits, alignment, and what a refusal leaves behind.
 *
 * Limits come in threes: the last sector works, one past it does not, and neither does what lies
 * half in and half out. Nothing is clipped.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { ErrorCode } from "../../block/errors.ts";
import { SECTOR_BYTES } from "../../block/units.ts";
import { verify, verifyRefusal, verifySectors } from "../verify.ts";
import type { Clause } from "./clause.ts";
import { unlessWritable } from "./clause.ts";
import type { Trial } from "./trial.ts";

/** Demands that every kind of request with this range is refused, and that nothing has changed. */
async function verifyRangeRefused(
  trial: Trial,
  sector: number,
  sectorCount: number,
  code: ErrorCode = "EINVAL",
): Promise<void> {
  const where = `${sectorCount} sectors at sector ${sector}`;
  const target = new Uint8Array(sectorCount * SECTOR_BYTES).fill(0x5a);
  await verifyRefusal(() => trial.readInto(target, sector), code, `read of ${where}`);
  verify(target.every((byte) => byte === 0x5a), `a refused read of ${where} changed its target`);
  if (!trial.device.supports.write) return;
  const source = new Uint8Array(sectorCount * SECTOR_BYTES).fill(0xc3);
  await verifyRefusal(() => trial.write(source, sector), code, `write of ${where}`);
  await verifyRefusal(() => trial.writeZeroes(sector, sectorCount), code, `zeroes to ${where}`);
  if (!trial.device.supports.discard) return;
  await verifyRefusal(() => trial.discard(sector, sectorCount), code, `discard of ${where}`);
}

const ODD_NUMBERS = [-1, -0.5, 0.5, NaN, Infinity, -Infinity, 2 ** 53 - 1, 2 ** 53, 1e300];

/** In order: see the file's head. */
export const rangeClauses: readonly Clause[] = [
  {
    law: "a request past the end is refused whole with EINVAL, and changes nothing",
    async run(trial) {
      const { unit, sectorCount } = trial;
      if (trial.device.supports.write) await trial.writePattern(1);
      const before = await trial.read();
      await verifyRangeRefused(trial, sectorCount, unit);
      await verifyRangeRefused(trial, sectorCount + unit, unit);
      await verifyRangeRefused(trial, 0, sectorCount + unit);
      if (sectorCount >= unit) {
        await verifyRangeRefused(trial, sectorCount - unit, 2 * unit);
        await verifyRangeRefused(trial, sectorCount - unit, 64 * unit);
      }
      await trial.verifyHolds(before, "after the refusals");
    },
  },
  {
    law: "the last sector can be used like any other",
    unitsMin: 1,
    async run(trial) {
      const { unit } = trial;
      const last = trial.sectorCount - unit;
      const whole = await trial.read();
      const tail = await trial.read(last, unit);
      verifySectors(tail, whole.subarray(last * SECTOR_BYTES), last, "the last sector");
      if (!trial.device.supports.write) return;
      const written = await trial.writePattern(2, last, unit);
      verifySectors(await trial.read(last, unit), written, last, "the last sector");
    },
  },
  {
    law: "a sector that is no whole number from 0 on is refused with EINVAL",
    async run(trial) {
      for (const sector of ODD_NUMBERS) await verifyRangeRefused(trial, sector, trial.unit);
      await verifyRangeRefused(trial, -trial.unit, 2 * trial.unit);
    },
  },
  {
    law: "a count of sectors that is no whole number from 0 on is refused with EINVAL",
    skip: unlessWritable,
    async run(trial) {
      if (trial.sectorCount > 0) await trial.writePattern(3);
      const before = await trial.read();
      for (const count of ODD_NUMBERS) {
        await verifyRefusal(
          () => trial.writeZeroes(0, count),
          "EINVAL",
          `zeroes to ${count} sectors`,
        );
        if (!trial.device.supports.discard) continue;
        await verifyRefusal(() => trial.discard(0, count), "EINVAL", `discard of ${count} sectors`);
      }
      await trial.verifyHolds(before, "after the refusals");
    },
  },
  {
    law: "a buffer that is no whole number of sectors is refused with EINVAL, and is not touched",
    unitsMin: 2,
    async run(trial) {
      const before = await trial.read();
      for (const byteCount of [1, SECTOR_BYTES - 1, SECTOR_BYTES + 1]) {
        const buffer = new Uint8Array(byteCount).fill(0x5a);
        const what = `of ${byteCount} bytes`;
        await verifyRefusal(() => trial.readInto(buffer, 0), "EINVAL", `read ${what}`);
        verify(buffer.every((byte) => byte === 0x5a), `a refused read ${what} changed its target`);
        if (!trial.device.supports.write) continue;
        await verifyRefusal(() => trial.write(buffer, 0), "EINVAL", `write ${what}`);
      }
      await trial.verifyHolds(before, "after the refusals");
    },
  },
  {
    law: "a request that is not aligned to the logical block is refused with EINVAL",
    unitsMin: 7,
    skip: ({ logicalSectors }) =>
      logicalSectors > 1 ? undefined : "the device's logical block is one sector",
    async run(trial) {
      const before = await trial.read();
      await verifyRangeRefused(trial, 0, trial.unit - 1);
      await verifyRangeRefused(trial, 1, trial.unit - 1);
      await verifyRangeRefused(trial, trial.unit - 1, trial.unit);
      await trial.verifyHolds(before, "after the refusals");
    },
  },
  {
    law: "a request of no sectors succeeds anywhere up to the end, and changes nothing",
    async run(trial) {
      const { unit, sectorCount } = trial;
      const nothing = new Uint8Array(0);
      const { supports } = trial.device;
      if (supports.write) await trial.writePattern(4);
      const before = await trial.read();
      for (const sector of sectorCount > 0 ? [0, unit, sectorCount] : [0]) {
        await trial.readInto(nothing, sector);
        if (supports.write) await trial.write(nothing, sector);
        if (supports.write) await trial.write(nothing, sector, { fua: true });
        if (supports.write) await trial.writeZeroes(sector, 0);
        if (supports.discard) await trial.discard(sector, 0);
      }
      await trial.verifyHolds(before, "after requests of nothing");
      await verifyRangeRefused(trial, sectorCount + unit, 0);
    },
  },
  {
    law: "a read-only device refuses to be changed with EROFS, and still reads and flushes",
    unitsMin: 1,
    skip: ({ supports }) => supports.write ? "the device can be written" : undefined,
    async run(trial) {
      const { unit } = trial;
      const before = await trial.read();
      const source = new Uint8Array(unit * SECTOR_BYTES).fill(0xc3);
      await verifyRefusal(() => trial.write(source, 0), "EROFS", "write");
      await verifyRefusal(() => trial.write(source, 0, { fua: true }), "EROFS", "write with FUA");
      await verifyRefusal(() => trial.writeZeroes(0, unit), "EROFS", "zeroes");
      await verifyRefusal(() => trial.discard(0, unit), "EROFS", "discard");
      await trial.flush();
      await trial.verifyHolds(before, "after the refusals");
    },
  },
];
