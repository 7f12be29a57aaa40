/**
 * The clause of the plain model: whatever is done to a device, it reads like an array of bytes that
 * the same was done to.
 *
 * Operations, ranges and contents are drawn from the suite's seed. The weights are drawn too, some of
 * them 0: a swarm of different mixtures finds what one even mixture would not.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { SECTOR_BYTES } from "../../block/units.ts";
import { fillPattern } from "../pattern.ts";
import { verifySectors } from "../verify.ts";
import { type Clause, unlessWritable } from "./clause.ts";
import type { Trial } from "./trial.ts";

const OPERATIONS = ["read", "write", "writeZeros", "zero", "discard", "flush"] as const;
type Operation = typeof OPERATIONS[number];

const OPERATION_COUNT = 300;

/** The model: what every sector should hold. */
class Model {
  readonly bytes: Uint8Array;
  /** What was done, for the message. */
  readonly log: string[] = [];

  constructor(sectorCount: number) {
    this.bytes = new Uint8Array(sectorCount * SECTOR_BYTES);
  }

  range(sector: number, sectorCount: number): Uint8Array {
    return this.bytes.subarray(sector * SECTOR_BYTES, (sector + sectorCount) * SECTOR_BYTES);
  }
}

function drawWeights({ prng, device }: Trial): Record<Operation, number> {
  const weights = { read: 3, write: 4, writeZeros: 0, zero: 0, discard: 0, flush: 0 };
  for (const name of ["writeZeros", "zero", "flush"] as const) {
    if (prng.bool(0.7)) weights[name] = prng.intBetween(1, 3);
  }
  // What a discard leaves behind is known only where it leaves zeroes.
  if (device.supports.discardZeroes && prng.bool(0.8)) weights.discard = prng.intBetween(1, 3);
  return weights;
}

/** Draws a range: often small, sometimes large; often at places used before. */
function drawRange({ prng, sectorCount, unit }: Trial, hot: readonly number[]): [number, number] {
  const units = sectorCount / unit;
  const start = prng.bool(0.5) ? prng.pick(hot) : prng.int(units);
  const most = Math.min(units - start, prng.bool(0.8) ? 20 : 600);
  return [start * unit, prng.intBetween(1, most) * unit];
}

async function perform(
  trial: Trial,
  model: Model,
  operation: Operation,
  [sector, sectorCount]: [number, number],
  seed: number,
): Promise<void> {
  const fua = trial.prng.bool(0.1);
  const range = model.range(sector, sectorCount);
  model.log.push(`${operation} ${sector} ${sectorCount}${fua ? " fua" : ""}`);
  switch (operation) {
    case "read":
      return verifySectors(await trial.read(sector, sectorCount), range, sector, "a read");
    case "write":
      return await trial.write(fillPattern(range, seed, sector), sector, { fua });
    case "writeZeros":
      return await trial.write(range.fill(0), sector, { fua });
    case "zero":
      range.fill(0);
      return await trial.writeZeroes(sector, sectorCount, { fua });
    case "discard":
      range.fill(0);
      return await trial.discard(sector, sectorCount);
    case "flush":
      return await trial.flush();
  }
}

/** In order: see the file's head. */
export const modelClauses: readonly Clause[] = [
  {
    law: "after any operations a device reads like an array of bytes that the same was done to",
    unitsMin: 1,
    skip: unlessWritable,
    async run(trial) {
      const { prng } = trial;
      const model = new Model(trial.sectorCount);
      await trial.readInto(model.bytes, 0);
      const weights = drawWeights(trial);
      const hot = [0, 1, 2, 3].map(() => prng.int(trial.sectorCount / trial.unit));
      try {
        for (let seed = 1; seed <= OPERATION_COUNT; seed++) {
          const operation = prng.weighted(weights);
          await perform(trial, model, operation, drawRange(trial, hot), seed);
        }
        await trial.verifyHolds(model.bytes, "in the end");
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        const last = model.log.slice(-8).join(", ");
        throw new Error(`${why}, behind ${model.log.length} operations, the last: ${last}`, {
          cause,
        });
      }
    },
  },
];
