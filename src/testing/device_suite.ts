/**
 * The device suite: proves that something is a block device.
 *
 * It is a list of clauses, each a law of `BlockDevice`'s contract in the form of a sentence. Every
 * clause gets fresh devices from `create`, one for each awkward size and each face. What a device
 * says it cannot do is reported as skipped, with the reason, and is tried in the negative: a
 * read-only device must refuse a write, not ignore it.
 *
 * Some laws can only be tried with a power over the device that its users do not have, such as
 * cutting the power. A fixture that has it offers it as a method; one that has not sees the law
 * skipped.
 *
 * It runs under vitest, `Deno.test` and whatever else has a `test(name, body)`. Wrappers are proved
 * by the same suite: let `create` return the wrapper over a fresh device.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { BlockDevice } from "../block/device.ts";
import { isGrowableDevice } from "../devices/growable.ts";
import { bufferClauses } from "./clauses/buffers.ts";
import type { Clause, Facts, Power } from "./clauses/clause.ts";
import { concurrencyClauses } from "./clauses/concurrency.ts";
import { contentClauses } from "./clauses/contents.ts";
import { declarationClauses } from "./clauses/declarations.ts";
import { durabilityClauses } from "./clauses/durability.ts";
import { lifecycleClauses } from "./clauses/lifecycle.ts";
import { modelClauses } from "./clauses/model.ts";
import { rangeClauses } from "./clauses/ranges.ts";
import { type Face, Trial } from "./clauses/trial.ts";
import { zeroClauses } from "./clauses/zeroes.ts";
import type { DeviceFixture } from "./device_fixture.ts";
import { Prng } from "./prng.ts";

/** A test runner's way to name a test. */
export interface SuiteTest {
  (name: string, body: () => void | Promise<void>): unknown;
  /** How vitest leaves a test out. */
  readonly skip?: (name: string, body: () => void | Promise<void>) => unknown;
  /** How Deno leaves a test out. */
  readonly ignore?: (name: string, body: () => void | Promise<void>) => unknown;
}

/** What {@linkcode deviceSuite} is told. */
export interface DeviceSuiteOptions {
  /** vitest's `test`, or `Deno.test`. */
  readonly test: SuiteTest;
  /**
   * Makes a fresh device that shares nothing with those before it.
   *
   * @param sectorCount The size it should have.
   */
  create(
    sectorCount: number,
  ): BlockDevice | DeviceFixture | Promise<BlockDevice | DeviceFixture>;
  /**
   * The sizes to try.
   *
   * @default {[0, 1, 7, 1021]}
   */
  readonly sectorCounts?: readonly number[];
  /**
   * What chance follows from. It is part of the message when a random clause fails.
   *
   * @default {"cowdisk"}
   */
  readonly seed?: string | number;
}

/** Empty, smallest, smaller than any chunk, and a prime that is a multiple of none. */
const SECTOR_COUNTS = [0, 1, 7, 1021];

/** The suite's laws, in order. */
export const deviceClauses: readonly Clause[] = [
  ...declarationClauses,
  ...rangeClauses,
  ...contentClauses,
  ...bufferClauses,
  ...zeroClauses,
  ...concurrencyClauses,
  ...modelClauses,
  ...durabilityClauses,
  ...lifecycleClauses,
];

async function createFixture(
  options: DeviceSuiteOptions,
  sectorCount: number,
): Promise<DeviceFixture> {
  const made = await options.create(sectorCount);
  return "device" in made ? made : { device: made };
}

async function dispose(fixture: DeviceFixture, device: BlockDevice): Promise<void> {
  try {
    await device.close();
  } finally {
    await fixture.cleanup?.();
  }
}

/** Asks a device, made for nothing else, what it is. */
async function factsOf(options: DeviceSuiteOptions, sectorCount: number): Promise<Facts> {
  const fixture = await createFixture(options, sectorCount);
  const { supports, limits } = fixture.device;
  const powers = new Set<Power>();
  for (const power of ["reopen", "cutPower", "failReads"] as const) {
    if (fixture[power] !== undefined) powers.add(power);
  }
  if (isGrowableDevice(fixture.device)) powers.add("grow");
  const { logicalSectors } = limits;
  await dispose(fixture, fixture.device);
  return { supports, logicalSectors, powers };
}

async function tryClause(
  clause: Clause,
  options: DeviceSuiteOptions,
  sectorCount: number,
  face: Face,
): Promise<void> {
  const seed = `${options.seed ?? "cowdisk"}/${sectorCount}/${face}`;
  const fixture = await createFixture(options, sectorCount);
  const trial = new Trial(fixture, face, Prng.fromSeed(`${seed}/${clause.law}`));
  try {
    await clause.run(trial);
    await fixture.check?.(trial.device);
  } catch (cause) {
    await dispose(fixture, trial.device).catch(() => {}); // The first failure is the one to tell.
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `It does not hold that ${clause.law}: ${why} ` +
        `(${sectorCount} sectors, ${face} face, seed "${options.seed ?? "cowdisk"}")`,
      { cause },
    );
  }
  await dispose(fixture, trial.device);
}

/**
 * Tries a device against every law of the contract.
 *
 * It makes one device first, to ask what it supports, so its promise must be awaited: at the top
 * level of a test file, or in an asynchronous `describe`.
 *
 * @param options The test runner, and where devices come from.
 *
 * @example Proving a device
 * ```ts
 * import { createMemoryDevice } from "cowdisk";
 * import { deviceSuite } from "cowdisk/testing";
 * import { equal } from "node:assert/strict";
 *
 * // In a test file: import { test } from "vitest", or const { test } = Deno.
 * const laws: string[] = [];
 * const test = (law: string) => void laws.push(law);
 *
 * await deviceSuite({ test, create: (sectorCount) => createMemoryDevice({ sectorCount }) });
 * equal(laws.includes("closing twice is no mistake"), true);
 * ```
 */
export async function deviceSuite(options: DeviceSuiteOptions): Promise<void> {
  const { test } = options;
  const sectorCounts = options.sectorCounts ?? SECTOR_COUNTS;
  const facts = await factsOf(options, Math.max(...sectorCounts));
  const deviceFaces: Face[] = facts.supports.sync
    ? ["asynchronous", "synchronous"]
    : ["asynchronous"];
  for (const clause of deviceClauses) {
    const sectorsMin = (clause.unitsMin ?? 0) * facts.logicalSectors;
    const sizes = sectorCounts.filter((size) => size >= sectorsMin);
    const faces = deviceFaces.filter((face) => clause.faces?.includes(face) ?? true);
    let reason = clause.skip?.(facts);
    if (faces.length === 0) reason ??= `the device has no ${clause.faces?.[0]} face`;
    if (sizes.length === 0) reason ??= `no size of ${sectorsMin} sectors or more was asked for`;
    if (reason !== undefined) {
      // Skipped clauses are reported, with the reason in their name.
      const skip = test.skip ?? test.ignore ?? test;
      skip.call(test, `${clause.law} (skipped: ${reason})`, () => {});
      continue;
    }
    test(clause.law, async () => {
      for (const size of sizes) {
        for (const face of faces) await tryClause(clause, options, size, face);
      }
    });
  }
}
