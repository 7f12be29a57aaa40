/**
 * Races that kernels have lost: requests side by side, in orders drawn by seed. At every step the
 * durable image of the disks is looked at as if the power went there.
 */
import { describe, expect, test } from "vitest";
import { type Plan, readStep, writeStep } from "../../src/block/plan.ts";
import type { BlockDevice } from "../../src/block/device.ts";
import { planSnapshot } from "../../src/targets/snapshot.ts";
import { patternOf } from "../../src/testing/pattern.ts";
import { runSeeded, type SeededRun } from "../../src/testing/seeded_runner.ts";
import { verifySectors } from "../../src/testing/verify.ts";
import { readCowImage } from "../model/cow_image.ts";
import { chunkAt, range } from "../unit/exception/images.ts";
import type { Disk } from "../unit/exception/rig.ts";
import {
  layers,
  planDevice,
  type SnapshotBench,
  type SnapshotSetUp,
  Stack,
} from "../unit/targets/rig.ts";

const SEEDS = 60;

/** Runs a trial for every seed, always the same ones; a failure tells which it was. */
async function everySeed(trial: (seed: number) => Promise<void>): Promise<void> {
  for (let seed = 0; seed < SEEDS; seed++) {
    await trial(seed).catch((cause) => {
      const replay = "deno task test:unit test/history/races";
      throw new Error(`seed ${seed}: ${cause.message}; replay: ${replay}`, { cause });
    });
  }
}

function* write(device: BlockDevice, number: number, sector: number, count: number): Plan {
  yield writeStep(device, patternOf(number, sector, count), sector);
}

function* read(device: BlockDevice, sector: number, count: number): Plan<Uint8Array> {
  const bytes = new Uint8Array(count * 512);
  yield readStep(device, bytes, sector);
  return bytes;
}

/** A stack with one snapshot on a COW device that is rubbish behind its first sector. */
async function start(setUp: SnapshotSetUp & { cowSectors: number }) {
  const stack = new Stack();
  const content = new Uint8Array(setUp.cowSectors * 512).fill(0xa5).fill(0, 0, 512);
  const on = stack.bench.disk("cow", setUp.cowSectors, { content });
  const snapshot = await stack.snapshot({ ...setUp, on });
  return { stack, snapshot, on };
}

/** The header's words: magic, valid, version, chunk size. */
function headerOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return [0, 4, 8, 12].map((offset) => view.getUint32(offset, true));
}

/** Runs plans by seed and looks at a disk's durable image before every step and at the end. */
function runWatched(
  plans: Plan<unknown>[],
  seed: number,
  disk: Disk,
  look: (durable: Uint8Array) => void,
): SeededRun {
  const run = runSeeded(plans, { seed, onLeafStep: () => look(disk.durable) });
  look(disk.durable);
  return run;
}

describe("an invalidation beside commits leaves the header whole (2008)", () => {
  const MAGIC = 0x70416e53;

  test.each([["a COW device that fills up", false], ["a commit that fails", true]])(
    "%s",
    async (_, fails) => {
      let invalidCount = 0;
      await everySeed(async (seed) => {
        const cowSectors = fails ? 600 : 8 * 10;
        const { stack, snapshot, on } = await start({ chunkSectors: 8, cowSectors });
        let areaWrites = 0;
        stack.bench.fault = ({ disk, kind, sector }) =>
          fails && disk === "cow" && kind === "write" && sector >= 8 && sector < 16 &&
          ++areaWrites === 2 + seed % 3;
        const plans = range(0, 12).map((index) =>
          write(index % 3 === 0 ? snapshot.device : stack.origin, 10 + index, index * 16 + 3, 5)
        );
        let wasInvalid = false;
        runWatched(plans, seed, on, (durable) => {
          const [magic, valid, ...rest] = headerOf(durable);
          expect([magic, ...rest]).toEqual([MAGIC, 1, 8]);
          expect(valid === 0 || (valid === 1 && !wasInvalid)).toBe(true);
          wasInvalid = valid === 0;
          expect(durable.subarray(16, 4096).every((byte) => byte === 0)).toBe(true);
        });
        if (snapshot.status() !== "Invalid") return;
        expect(wasInvalid).toBe(true);
        invalidCount++;
        // Opened again it is a snapshot with its chunk size, and invalid.
        await snapshot.device.close();
        const again = await stack.snapshot({ on, chunkSectors: 0 });
        expect([again.status(), again.device.limits.preferredSectors]).toEqual(["Invalid", 8]);
      });
      expect(invalidCount).toBeGreaterThan(SEEDS / 2);
    },
  );
});

test("a read of a snapshot beside a write to its origin returns old data, in any order (2008)", async () => {
  await everySeed(async (seed) => {
    const { stack, snapshot } = await start({ chunkSectors: 8, cowSectors: 600 });
    const plans = [
      read(snapshot.device, 0, 64),
      write(stack.origin, 2, 4, 40),
      read(snapshot.device, 8, 16),
      write(stack.origin, 3, 0, 16),
      read(snapshot.device, 30, 30),
    ];
    const { endings } = runSeeded(plans, { seed });
    const places = { 0: 0, 2: 8, 4: 30 };
    for (const [index, sector] of Object.entries(places)) {
      const ending = endings[Number(index)];
      if (ending?.state !== "finished") throw new Error(`read ${index} did not finish`);
      const bytes = ending.result as Uint8Array;
      verifySectors(bytes, patternOf(1, sector, bytes.length / 512), sector, `read ${index}`);
    }
    await stack.verify(snapshot.device, layers(200));
  });
});

/** Writes to many chunks side by side, on a COW device whose first area has room for 32. */
async function reorderedCopies(seed: number) {
  const bench = await start({ chunkSectors: 1, cowSectors: 300 });
  const { stack, snapshot } = bench;
  const plans = range(0, 20).map((index) =>
    write(index % 4 === 0 ? snapshot.device : stack.origin, 10 + index, index * 10, 1 + index % 5)
  );
  return { ...bench, plans, seed };
}

test("copies that end in any order leave no hole in the COW device, whenever the power goes (2013)", async () => {
  let reordered = 0;
  await everySeed(async (seed) => {
    const { on, plans, stack, snapshot } = await reorderedCopies(seed);
    const filled: number[] = [];
    runSeeded(plans, {
      seed,
      onLeafStep: (step) => {
        if (step.kind === "write" && step.device.name === "cow") filled.push(step.sector);
        // The second reader wants every new chunk to be the next one.
        const { entries } = readCowImage(on.durable);
        expect(entries.map(([, newChunk]) => newChunk)).toEqual(
          range(0, entries.length).map((place) => chunkAt(place, 1)),
        );
      },
    });
    const copies = filled.filter((sector) => sector > 1 && sector !== 34);
    if (copies.some((sector, index) => index > 0 && sector < (copies[index - 1] as number))) {
      reordered++;
    }
    await verifyReuse(stack, snapshot, on);
  });
  expect(reordered).toBeGreaterThan(SEEDS / 2);
});

/** What was never committed is allocated again after a loss of power. */
async function verifyReuse(stack: Stack, { device }: SnapshotBench, on: Disk): Promise<void> {
  const { stack: left, cow } = stack.reboot(on, true);
  const count = readCowImage(cow.bytes).entries.length;
  const again = await left.snapshot({ on: cow, chunkSectors: 1 });
  await left.write(again.device, 99, 199, 1);
  const { entries } = readCowImage(cow.bytes);
  expect(entries.at(-1)).toEqual([199, chunkAt(count, 1)]);
  await again.device.close();
  await device.close();
}

test("with copies that end in any order an area is full only when the next one is empty", async () => {
  let crossed = 0;
  await everySeed(async (seed) => {
    const { on, plans } = await reorderedCopies(seed);
    runWatched(plans, seed, on, (durable) => {
      const isFull = readPlace(durable, 31) !== 0;
      if (!isFull) return;
      crossed++;
      expect([0, chunkAt(32, 1)]).toContain(readPlace(durable, 32));
    });
  });
  expect(crossed).toBeGreaterThan(SEEDS);
});

/** The new chunk of an entry, by its place in the list, for chunks of one sector. */
function readPlace(bytes: Uint8Array, place: number): number {
  const areaSector = 1 + 33 * Math.floor(place / 32);
  const view = new DataView(bytes.buffer, bytes.byteOffset + areaSector * 512);
  return Number(view.getBigUint64((place % 32) * 16 + 8, true));
}

test("while a snapshot's copies wait for each other another one is opened, whatever the order (2019)", async () => {
  await everySeed(async (seed) => {
    const { stack, snapshot } = await start({
      chunkSectors: 1,
      cowSectors: 300,
      pendingChunksMax: 1 + seed % 3,
    });
    const opening = planDevice("second", planSnapshot(stack.options({ pendingChunksMax: 1 })));
    const writes = range(0, 8).map((index) => write(stack.origin, 10 + index, index * 20, 6));
    const { endings } = runSeeded([...writes, opening], { seed });
    expect(endings.map(({ state }) => state)).toEqual(new Array(9).fill("finished"));
    await stack.verify(snapshot.device, layers(200));
  });
});
