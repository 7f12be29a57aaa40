/**
 * Mutated bad-block tables: each is loaded as a naive reader reads it, or refused with a clear error,
 * and nothing is written. What loads shows the right sectors, relocates to spares that nobody uses,
 * and the checker says the same of it. A seed is a base's name, a slash and a number.
 */
import process from "node:process";
import { expect, test } from "vitest";
import { BlockDeviceError } from "../../src/block/errors.ts";
import { runSync } from "../../src/block/plan.ts";
import { planBadBlockCheck, planBadBlockRepair } from "../../src/exception/mod.ts";
import { openBadBlockSync } from "../../src/mapper/bad_block_device.ts";
import type { MappedDevice } from "../../src/mapper/mapped_device.ts";
import { patternOf } from "../../src/testing/pattern.ts";
import { Prng } from "../../src/testing/prng.ts";
import { SimulatedDisk } from "../../src/testing/simulated_disk.ts";
import {
  type BadBlockBase,
  badBlockBases,
  DISK_WRITE,
  drawTableMutations,
  type Reading,
  readNaively,
} from "./bad_block_mutants.ts";

const MUTANTS_PER_BASE = 4000;
const SLICES = 4;
const BASES = badBlockBases(Prng.fromSeed("bases"));

function law(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** A mutant, and what a naive reader makes of it. */
interface Mutant {
  readonly base: BadBlockBase;
  readonly disk: SimulatedDisk;
  readonly bytes: Uint8Array;
  readonly reading: Reading;
}

/** What the target must show. */
function expectedOf({ base: { places }, reading }: Mutant): Uint8Array {
  const { startSector, sectorCount, spareSector, blockSectors } = places;
  const bytes = patternOf(DISK_WRITE, startSector, sectorCount);
  if (reading.state !== "loaded") return bytes;
  for (const [bad, spare] of reading.spares) {
    const place = spareSector + spare * blockSectors;
    bytes.set(patternOf(DISK_WRITE, place, blockSectors), (bad - startSector) * 512);
  }
  return bytes;
}

function open(mutant: Mutant, isReadOnly: boolean): MappedDevice | null {
  const { base, disk, bytes, reading } = mutant;
  try {
    const device = openBadBlockSync({ ...base.places, device: disk, isReadOnly });
    law(reading.state !== "refused", "what makes no sense is loaded");
    return device;
  } catch (error) {
    law(error instanceof BlockDeviceError, `it fails instead of being refused: ${error}`);
    law(reading.state === "refused", `what makes sense is refused: ${error.message}`);
    law(error.code === "EINVAL", `it is refused with ${error.code}`);
    const isClear = /^Cannot load the bad-block table of "disk": .*\d/.test(error.message);
    law(isClear, `"${error.message}" is not clear`);
    law(isSame(disk.contents(), bytes), "a refused disk was written to");
    return null;
  }
}

function checkView(mutant: Mutant, device: MappedDevice, expected: Uint8Array): void {
  const bytes = new Uint8Array(expected.length);
  device.readSync(bytes, 0);
  if (isSame(bytes, expected)) return;
  const at = bytes.findIndex((byte, index) => byte !== expected[index]);
  throw new Error(
    `the device reads wrong at sector ${Math.floor(at / 512)}, ${mutant.reading.state}`,
  );
}

/** The checker and the loader say the same, and a repair takes nothing away. */
function checkChecker(mutant: Mutant, prng: Prng): void {
  const { base, disk, bytes, reading } = mutant;
  const layout = { ...base.places, device: disk };
  const { state, counts, relocatedCount } = runSync(planBadBlockCheck({ layout }));
  const wanted = { fresh: "blank", refused: "refused", loaded: "usable" }[reading.state];
  law(state === wanted, `the checker says ${state}, want ${wanted}`);
  law((counts.errors === 0) === (state === "usable"), `the checker says ${counts.errors} errors`);
  if (reading.state === "loaded") {
    law(relocatedCount === reading.spares.size, `the checker counts ${relocatedCount} relocations`);
  }
  law(isSame(disk.contents(), bytes), "the checker has written");
  if (!prng.bool(0.3)) return;
  const { repaired, after } = runSync(planBadBlockRepair({ layout }));
  law(after.state === state, `a repair makes it ${after.state}`);
  law(repaired.length > 0 || isSame(disk.contents(), bytes), "a repair without a repair");
  law(state !== "usable" || after.counts.warnings === 0, "a repair leaves warnings");
}

/** Relocates what is left to relocate, and opens again. */
function relocate(mutant: Mutant, device: MappedDevice, expected: Uint8Array, prng: Prng): void {
  const { base: { places }, disk } = mutant;
  const { startSector, sectorCount, blockSectors } = places;
  disk.breakSectors(startSector, sectorCount, { reads: false, writes: true });
  for (let round = 0; round < 4; round++) {
    const sector = prng.int(sectorCount / blockSectors) * blockSectors;
    const written = patternOf(90 + round, sector, blockSectors);
    try {
      device.writeSync(written, sector);
      expected.set(written, sector * 512);
    } catch (error) {
      const message = error instanceof BlockDeviceError ? error.message : String(error);
      law(message.endsWith("no spare is left"), `a relocation fails: ${message}`);
      // Of a write that failed any sector may have landed in place.
      const bytes = new Uint8Array(blockSectors * 512);
      device.readSync(bytes, sector);
      expected.set(bytes, sector * 512);
    }
  }
  checkView(mutant, device, expected);
  device.closeSync();
  const again = openBadBlockSync({ ...places, device: disk });
  checkView(mutant, again, expected);
  again.closeSync();
}

/** Tries a seed; returns what it came to. */
function tryMutant(seed: string): string {
  const name = seed.slice(0, seed.indexOf("/"));
  const base = BASES.find((each) => each.name === name);
  if (base === undefined) throw new RangeError(`There is no base "${name}"`);
  const prng = Prng.fromSeed(seed);
  const mutations = drawTableMutations(prng, base);
  const bytes = base.bytes.slice();
  for (const mutation of mutations) mutation.apply(bytes);
  const unreadable = new Set(mutations.flatMap(({ unreadable }) => unreadable ?? []));
  const { logicalSectors = 1 } = base.setUp;
  const disk = new SimulatedDisk({ name: "disk", bytes, logicalSectors, seed });
  for (const sector of unreadable) {
    disk.breakSectors(sector, 1, { reads: true, writes: false });
  }
  const mutant = { base, disk, bytes, reading: readNaively(bytes, base, unreadable) };
  try {
    const device = open(mutant, true);
    if (device !== null) {
      checkView(mutant, device, expectedOf(mutant));
      law(isSame(disk.contents(), bytes), "a read-only load has written");
      device.closeSync();
    }
    checkChecker(mutant, prng);
    const again = open({ ...mutant, bytes: disk.contents() }, false);
    if (again !== null) relocate(mutant, again, expectedOf(mutant), prng);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `${why}\n\nafter ${
        mutations.map(({ words }) => words).join("; ")
      }\n\nseed ${seed}; replay: ` +
        `SEED=${seed} deno task test:unit test/mutation/bad_block.test.ts`,
      { cause },
    );
  }
  return mutant.reading.state;
}

const outcomes: Record<string, number> = {};

for (const { name } of BASES) {
  for (let slice = 0; slice < SLICES; slice++) {
    const [first, end] = [slice, slice + 1].map((at) => at * MUTANTS_PER_BASE / SLICES) as [
      number,
      number,
    ];
    test(`mutants ${first} to ${end - 1} of the table "${name}" are read rightly or refused`, () => {
      for (let number = first; number < end; number++) {
        const outcome = tryMutant(`${name}/${number}`);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      }
    });
  }
}

test("mutants come to everything that a table can come to", () => {
  const { loaded = 0, refused = 0, fresh = 0 } = outcomes;
  expect(loaded + refused + fresh).toBe(BASES.length * MUTANTS_PER_BASE);
  expect(refused).toBeGreaterThan(2000);
  expect(loaded).toBeGreaterThan(2000);
  expect(fresh).toBeGreaterThan(50);
});

const chosen = process.env.SEED;
if (chosen?.includes("/")) test(`the mutant ${chosen}`, () => void tryMutant(chosen));
