/**
 * Clauses on buffers: they are the caller's, before and after.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { SECTOR_BYTES } from "../../block/units.ts";
import { fillPattern, patternOf } from "../pattern.ts";
import { verify, verifySectors } from "../verify.ts";
import { type Clause, unlessWritable } from "./clause.ts";

/** Bytes on either side of a view; odd, so that nothing is aligned. */
const MARGIN_BYTES = 13;

/** In order: see the file's head. */
export const bufferClauses: readonly Clause[] = [
  {
    law: "a write takes the bytes at the call, whatever becomes of the buffer before it ends",
    unitsMin: 1,
    skip: unlessWritable,
    async run(trial) {
      const source = patternOf(1, 0, trial.sectorCount);
      const ending = trial.write(source, 0);
      source.fill(0xee);
      await ending;
      await trial.verifyHolds(patternOf(1, 0, trial.sectorCount), "a buffer reused at once");
    },
  },
  {
    law: "what the caller does to a buffer after a write is not seen",
    unitsMin: 1,
    skip: unlessWritable,
    async run(trial) {
      const source = patternOf(1, 0, trial.sectorCount);
      await trial.write(source, 0);
      source.fill(0xee);
      await trial.verifyHolds(patternOf(1, 0, trial.sectorCount), "a buffer reused afterwards");
      await trial.flush();
      await trial.verifyHolds(patternOf(1, 0, trial.sectorCount), "after a flush");
    },
  },
  {
    law: "a write leaves its buffer as it was",
    unitsMin: 1,
    skip: unlessWritable,
    async run(trial) {
      const source = patternOf(1, 0, trial.sectorCount);
      await trial.write(source, 0);
      verifySectors(source, patternOf(1, 0, trial.sectorCount), 0, "the buffer after the write");
    },
  },
  {
    law: "what was read is the caller's: later writes do not show in it, nor it in the device",
    unitsMin: 1,
    skip: unlessWritable,
    async run(trial) {
      const first = await trial.writePattern(1);
      const target = await trial.read();
      const second = await trial.writePattern(2);
      verifySectors(target, first, 0, "a buffer read before the second write");
      target.fill(0xee);
      await trial.verifyHolds(second, "after the buffer was scribbled on");
    },
  },
  {
    law: "a request touches its view of a buffer, and not the bytes around it",
    unitsMin: 1,
    async run(trial) {
      const byteCount = trial.sectorCount * SECTOR_BYTES;
      const buffer = new Uint8Array(byteCount + 2 * MARGIN_BYTES).fill(0x77);
      const view = buffer.subarray(MARGIN_BYTES, MARGIN_BYTES + byteCount);
      if (trial.device.supports.write) {
        await trial.write(fillPattern(view, 1, 0), 0);
        await trial.verifyHolds(patternOf(1, 0, trial.sectorCount), "written from a view");
      }
      const expected = await trial.read();
      view.fill(0);
      await trial.readInto(view, 0);
      verifySectors(view, expected, 0, "read into a view");
      const around = [...buffer.subarray(0, MARGIN_BYTES), ...buffer.subarray(-MARGIN_BYTES)];
      verify(around.every((byte) => byte === 0x77), "bytes around the view were changed");
    },
  },
  {
    law: "a buffer in shared memory is as good as any",
    unitsMin: 1,
    skip: () =>
      typeof SharedArrayBuffer === "undefined" ? "there is no SharedArrayBuffer here" : undefined,
    async run(trial) {
      const byteCount = trial.sectorCount * SECTOR_BYTES;
      const shared = new Uint8Array(new SharedArrayBuffer(byteCount + SECTOR_BYTES), 8, byteCount);
      if (trial.device.supports.write) {
        await trial.write(fillPattern(shared, 1, 0), 0);
        await trial.verifyHolds(patternOf(1, 0, trial.sectorCount), "written from shared memory");
      }
      shared.fill(0xa5);
      await trial.readInto(shared, 0);
      verifySectors(shared, await trial.read(), 0, "read into shared memory");
    },
  },
];
