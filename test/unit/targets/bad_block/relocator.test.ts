/** Relocations side by side with everything else, in orders that follow from a seed. */
import { describe, expect, test } from "vitest";
import { runAsync, runSync, writeStep } from "../../../../src/block/plan.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { runSeeded } from "../../../../src/testing/seeded_runner.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { Bench, quiet } from "../../exception/rig.ts";
import {
  contentsAfter,
  contentsOf,
  createDisk,
  firstContents,
  openBench,
  placesFor,
  planOver,
} from "./rig.ts";
import { checkContents, runWorkload, type WorkloadOptions } from "./workload.ts";

const REPLAY = 'deno task test:unit test/unit/targets/bad_block/relocator -t "seed"';

/** Runs a workload for every seed, and checks the device, and the device opened again. */
function tryAll(name: string, count: number, options: Omit<WorkloadOptions, "seed">): void {
  let relocatedCount = 0;
  for (let index = 0; index < count; index++) {
    const seed = `${name}/${index}`;
    try {
      const workload = runWorkload({ ...options, seed });
      const { device, ledger, lost, disk, places } = workload;
      expect(device.isBusy).toBe(false);
      const before = ledger.now();
      const unreadableCount = checkContents(workload, device, { before });
      if (lost.size === 0) expect(unreadableCount).toBe(0);
      const status = device.activeTargets?.[0]?.status() ?? "";
      relocatedCount += Number(status.split("/")[0]);
      device.closeSync();
      const again = runSync(planOver(disk, places));
      expect(again.activeTargets?.[0]?.status().split(" ")[0]).toBe(status.split(" ")[0]);
      checkContents(workload, again, { before });
      again.closeSync();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${why}\nseed ${seed}; replay: ${REPLAY}`, { cause });
    }
  }
  expect(relocatedCount).toBeGreaterThan(count / 2);
}

describe("in an order by seed", () => {
  test("seed: concurrent writers of one block in parts lose nothing that was answered", () => {
    tryAll("parts", 150, { blockSectors: 8, blockCount: 3, writerCount: 5, wear: 0.15 });
  });

  test("seed: writers of ranges, zeroes and discards, over many blocks", () => {
    tryAll("ranges", 150, { hasZeroes: true, requestCount: 8 });
  });

  test("seed: a disk that loses data says so, and fabricates none", () => {
    tryAll("lost", 150, { losesData: true, hasZeroes: true, wear: 0.12 });
  });

  test("seed: a disk of 4K blocks", () => {
    tryAll("4K", 80, { blockSectors: 16, logicalSectors: 8, blockCount: 5, losesData: true });
  });

  test("seed: until no spare is left, and after", () => {
    tryAll("few", 80, { spareCount: 3, wear: 0.3, requestCount: 10 });
  });
});

test("a sector written in place while the rest of its block is about to move moves with it", () => {
  for (let seed = 0; seed < 60; seed++) {
    const places = placesFor({ blockSectors: 8, blockCount: 2 });
    const disk = createDisk(places, { seed: String(seed) });
    disk.breakSectors(places.startSector + 3, 1, { reads: false, writes: true });
    const device = runSync(planOver(disk, places));
    const writes = Array.from({ length: 8 }, (_, sector) =>
      (function* () {
        yield writeStep(device, patternOf(2 + sector, sector, 1), sector);
      })());
    const { finished } = runSeeded(writes, { seed });
    expect(finished.every((isFinished) => isFinished)).toBe(true);
    const expected = firstContents(places);
    for (let sector = 0; sector < 8; sector++) {
      expected.set(patternOf(2 + sector, sector, 1), sector * 512);
    }
    verifySectors(contentsOf(device), expected, 0, `seed ${seed}`);
  }
});

describe("what was discarded beside a relocation of its block does not come back", () => {
  /** A device whose requests end when they are let go; the place of block 0 is bad. */
  async function openSlow() {
    const places = placesFor({ blockSectors: 8, blockCount: 2 });
    const rig = new Bench();
    const content = createDisk(places).contents();
    const disk = rig.disk("disk", places.endSector, { content });
    const device = await rig.settle(runAsync(planOver(disk.slow, places)));
    const bad = places.startSector + 3;
    rig.fault = ({ kind, sector, sectorCount }) =>
      kind === "write" && sector <= bad && bad < sector + sectorCount;
    const expectContents = async () => {
      const bytes = new Uint8Array(16 * 512);
      await rig.settle(device.read(bytes, 0));
      verifySectors(bytes, contentsAfter(places, [2, 3, 1], [0, 5, 6]), 0, "the device");
      expect(device.activeTargets?.[0]?.status()).toBe("1/8 0 0 AA");
    };
    return { rig, device, expectContents };
  }

  test("when it was under way before", async () => {
    const { rig, device, expectContents } = await openSlow();
    const discard = device.discard(5, 6);
    const write = device.write(patternOf(2, 3, 1), 3);
    while (rig.held.some(({ request }) => request.kind !== "discard")) {
      await rig.release(/write|read|flush/);
    }
    await rig.settle(Promise.all([discard, write]));
    await expectContents();
  });

  test("when it comes at any step of the relocation", async () => {
    for (let step = 0; step < 8; step++) {
      const { rig, device, expectContents } = await openSlow();
      const write = device.write(patternOf(2, 3, 1), 3);
      for (let count = 0; count < step && rig.held.length > 0; count++) await rig.release();
      const discard = device.discard(5, 6);
      await quiet();
      while (rig.held.some(({ request }) => request.kind === "discard")) {
        await rig.release(/discard/);
      }
      await rig.settle(Promise.all([discard, write]));
      await expectContents();
    }
  });
});

test("a read that fails in a place which its block leaves meanwhile is read in the new one", async () => {
  const places = placesFor({ blockSectors: 4 });
  const rig = new Bench();
  const disk = rig.disk("disk", places.endSector);
  const device = await rig.settle(runAsync(planOver(disk.slow, places)));
  const bad = places.startSector + 20;
  rig.fault = ({ sector, sectorCount, fua }) => !fua && sector <= bad && bad < sector + sectorCount;
  const bytes = new Uint8Array(4 * 512);
  const read = device.read(bytes, 20);
  const write = device.write(patternOf(2, 20, 4), 20);
  while (rig.held.some(({ request }) => request.kind !== "read")) await rig.release(/write|flush/);
  await write;
  await rig.settle(read);
  verifySectors(bytes, patternOf(2, 20, 4), 20, "the read");
  expect(device.activeTargets?.[0]?.status()).toBe("1/8 0 0 AA");
});

describe("order", () => {
  /** The requests of one write of the block at sector 20, whose place is bad. */
  async function traceOf(write: number, sector: number, sectorCount: number) {
    const places = placesFor({ blockSectors: 4 });
    const rig = new Bench();
    const disk = rig.disk("disk", places.endSector);
    const device = await rig.settle(runAsync(planOver(disk.slow, places)));
    rig.fault = ({ kind, sector }) =>
      kind === "write" && sector >= places.startSector + 20 && sector < places.startSector + 24;
    rig.trace = [];
    await rig.settle(device.write(patternOf(write, sector, sectorCount), sector));
    return { trace: rig.takeTrace(), places };
  }

  test("a whole block: in place twice, spare, flush, first copy, second copy", async () => {
    const { trace, places } = await traceOf(2, 20, 4);
    const { startSector, spareSector, copySectors } = places;
    expect(trace).toEqual([
      `disk write ${startSector + 20}+4`,
      `disk write ${startSector + 20}+4`,
      `disk write ${spareSector}+4`,
      "disk flush",
      `disk write ${copySectors[0]}+1 fua`,
      `disk write ${copySectors[1]}+1 fua`,
    ]);
  });

  test("part of a block: the rest is read before a spare is written", async () => {
    const { trace, places } = await traceOf(2, 22, 1);
    const { startSector, spareSector } = places;
    expect(trace.slice(2, 4)).toEqual([
      `disk read ${startSector + 20}+4`,
      `disk write ${spareSector}+4`,
    ]);
  });
});

test("a block that was marked is not tried in place again", () => {
  const bench = openBench({ blockSectors: 4 });
  bench.message("mark", "20");
  const before = bench.disk.contents();
  bench.write(2, 20, 4);
  const start = (bench.places.startSector + 20) * 512;
  verifySectors(
    bench.disk.contents().subarray(start, start + 4 * 512),
    before.subarray(start, start + 4 * 512),
    20,
    "the place",
  );
});

test("relocations do not wait for each other in a circle, whatever ranges they are for", () => {
  for (let seed = 0; seed < 60; seed++) {
    const places = placesFor({ blockSectors: 4, blockCount: 6, spareCount: 31 });
    const disk = createDisk(places, { seed: String(seed) });
    disk.breakSectors(places.startSector, places.sectorCount, { reads: false, writes: true });
    const device = runSync(planOver(disk, places));
    const ranges = [[0, 24], [20, 4], [2, 20], [8, 16], [0, 9], [13, 3]] as const;
    const plans = ranges.map(([sector, count], index) =>
      (function* () {
        yield writeStep(device, patternOf(2 + index, sector, count), sector);
      })()
    );
    const { finished } = runSeeded(plans, { seed });
    expect(finished.every((isFinished) => isFinished)).toBe(true);
    expect(device.activeTargets?.[0]?.status()).toBe("6/31 0 0 AA");
  }
});
