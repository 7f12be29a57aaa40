/**
 * The power is cut before every leaf step of a workload by seed, over a disk that gets worse, in
 * several ways each; whatever was promised must be there when it is back.
 *
 * Promised: what was answered and flushed, or written with FUA; what a relocation was answered for,
 * flushed or not; that a sector never reads as something that was never written to it. The checker
 * finds no error in any of these states, and its repair takes nothing away.
 */
import { describe, expect, test } from "vitest";
import type { BlockDevice } from "../../../../src/block/device.ts";
import { type Plan, runSync, type Step } from "../../../../src/block/plan.ts";
import { planBadBlockCheck, planBadBlockRepair } from "../../../../src/exception/mod.ts";
import { Prng } from "../../../../src/testing/prng.ts";
import type { SimulatedDisk } from "../../../../src/testing/simulated_disk.ts";
import { runSeeded } from "../../../../src/testing/seeded_runner.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { contentsOf, createDisk, firstContents, placesFor, planOver } from "./rig.ts";
import { checkContents, runWorkload, type Workload, type WorkloadOptions } from "./workload.ts";

const REPLAY = 'deno task test:unit test/unit/targets/bad_block/power_cut -t "promised"';

/** How many states an exploration has seen, and of which kinds. */
interface Explored {
  states: number;
  relocatedStates: number;
  cutAgain: number;
  repairs: number;
}

/** Opens a disk as it was found, and checks it; then cuts the power again, before anything was done. */
function checkState(run: Workload, found: SimulatedDisk, prng: Prng, explored: Explored): void {
  // A repair first, on the same state: it must not take anything away.
  const repaired = prng.bool(0.2) ? found.afterCut(prng) : null;
  const layout = { ...run.places, device: repaired ?? found };
  const { state, counts } = runSync(planBadBlockCheck({ layout }));
  expect([state, counts.errors]).toEqual(["usable", 0]);
  if (repaired !== null) {
    runSync(planBadBlockRepair({ layout }));
    const device = runSync(planOver(repaired, run.places));
    checkContents(run, device, "durable");
    explored.repairs++;
    device.closeSync();
  }
  const device = runSync(planOver(found, run.places));
  const status = device.activeTargets?.[0]?.status() ?? "";
  checkContents(run, device, "durable");
  explored.states++;
  if (!status.startsWith("0/")) explored.relocatedStates++;
  device.closeSync();
  if (!prng.bool(0.2)) return;
  const again = runSync(planOver(found.afterCut(prng), run.places));
  checkContents(run, again, "durable");
  explored.cutAgain++;
  again.closeSync();
}

/** Explores the cuts of a workload, `cutCount` at every leaf step. */
function explore(options: WorkloadOptions, cutCount: number, explored: Explored): void {
  const prng = Prng.fromSeed(`${options.seed}/cuts`);
  const cut = (run: Workload) => {
    for (let index = 0; index < cutCount; index++) {
      try {
        checkState(run, run.disk.afterCut(prng), prng, explored);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Error(
          `${why}\ncut ${index} before leaf step ${run.leafSteps}, seed ${options.seed}; ` +
            `replay: ${REPLAY}`,
          { cause },
        );
      }
    }
  };
  cut(runWorkload({ ...options, onLeafStep: cut }));
}

function exploreAll(name: string, seedCount: number, options: Omit<WorkloadOptions, "seed">) {
  const explored: Explored = { states: 0, relocatedStates: 0, cutAgain: 0, repairs: 0 };
  for (let index = 0; index < seedCount; index++) {
    explore({ ...options, seed: `${name}/${index}` }, 3, explored);
  }
  return explored;
}

describe("everything promised is there after every cut", () => {
  test("promised: with flushes and FUA, in blocks of four sectors", () => {
    const { states, relocatedStates, cutAgain, repairs } = exploreAll("cut", 12, { wear: 0.2 });
    expect(states).toBeGreaterThan(2000);
    expect(relocatedStates).toBeGreaterThan(states / 4);
    expect(Math.min(cutAgain, repairs)).toBeGreaterThan(200);
  });

  test("promised: without a flush relocations alone", () => {
    const { states } = exploreAll("unflushed", 6, { hasFlushes: false, wear: 0.2 });
    expect(states).toBeGreaterThan(1000);
  });

  test("promised: on a disk of 4K blocks, torn by sector, which fail in parts", () => {
    const { states } = exploreAll("4K", 5, {
      blockSectors: 16,
      logicalSectors: 8,
      blockCount: 4,
      wear: 0.15,
    });
    expect(states).toBeGreaterThan(1000);
  });

  test("promised: while spares fail, and until none is left", () => {
    const { states } = exploreAll("few", 5, { spareCount: 4, wear: 0.4 });
    expect(states).toBeGreaterThan(1000);
  });

  test("promised: with a table of several sectors", () => {
    const { states } = exploreAll("long", 4, { spareCount: 70, wear: 0.3 });
    expect(states).toBeGreaterThan(1000);
  });
});

test("a table whose formatting is cut is fresh, or whole, and formatted in the end", () => {
  const prng = Prng.fromSeed("formatting");
  for (const logicalSectors of [1, 8]) {
    const places = placesFor({ spareCount: 100, blockSectors: 8, logicalSectors });
    const disk = createDisk(places, { logicalSectors });
    const found: SimulatedDisk[] = [];
    runSeeded([planOver(disk, places)], {
      seed: "formatting",
      onLeafStep() {
        for (let index = 0; index < 20; index++) found.push(disk.afterCut(prng));
      },
    });
    expect(found.length).toBeGreaterThan(100);
    for (const each of found) {
      const device = runSync(planOver(each, places));
      expect(device.activeTargets?.[0]?.status()).toBe("0/100 0 0 AA");
      verifySectors(contentsOf(device), firstContents(places), 0, "the device");
      const [first, second] = places.copySectors.map((start) =>
        each.contents().subarray(start * 512, (start + 4) * 512)
      );
      verifySectors(first!, second!, 0, "the copies");
      device.closeSync();
    }
  }
});

/** A disk behind a driver that does something else with some steps. */
function careless(disk: SimulatedDisk, planStep: (step: Step) => Plan): BlockDevice {
  return new Proxy(disk, {
    get(target, key) {
      if (key === "planStep") return planStep;
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("a store that is broken on purpose is caught", () => {
  // Nothing else flushes in these: the promise of relocations alone is broken.
  const OPTIONS = { hasFlushes: false, wear: 0.2 };

  test("promised, and not kept: the table written before the data is flushed", () => {
    const shown = (disk: SimulatedDisk) =>
      careless(disk, function* (step) {
        if (step.kind !== "flush") yield* disk.planStep(step);
      });
    expect(() => exploreAll("unflushed", 6, { ...OPTIONS, shown })).toThrow(/reads as .*\n/);
  });

  test("promised, and not kept: both copies written without waiting for either", () => {
    const shown = (disk: SimulatedDisk) =>
      careless(disk, function* (step) {
        yield* disk.planStep(step.kind === "write" ? { ...step, fua: false } : step);
      });
    expect(() => exploreAll("unflushed", 6, { ...OPTIONS, shown })).toThrow(/reads as .*\n/);
  });

  test("and the disk behind a driver that does what it is told is not", () => {
    const shown = (disk: SimulatedDisk) =>
      careless(disk, function* (step) {
        yield* disk.planStep(step);
      });
    expect(exploreAll("unflushed", 2, { ...OPTIONS, shown }).states).toBeGreaterThan(300);
  });
});
