import { assertAlmostEquals, assertEquals, assertGreaterOrEqual, assertThrows } from "@std/assert";
import { test } from "vitest";
import { checked } from "../../../src/block/checked.ts";
import type { Clock } from "../../../src/block/clock.ts";
import { type Plan, runAsync, runSync } from "../../../src/block/plan.ts";
import { Copier, Throttle } from "../../../src/copier/mod.ts";
import { quiet } from "./rig.ts";

/** A clock whose time passes only where it is slept through, or spent by a device. */
class FakeClock implements Clock {
  timeMs = 5000;
  sleptMs = 0;
  readonly #sleepers: { atMs: number; wake: () => void }[] = [];

  nowMs(): number {
    return this.timeMs;
  }

  /** Whoever is to wake first is woken first, and only when nobody else has anything to do. */
  sleep(timeMs: number): Promise<void> {
    this.sleptMs += timeMs;
    return new Promise((wake) => {
      this.#sleepers.push({ atMs: this.timeMs + timeMs, wake });
      this.#sleepers.sort((a, b) => a.atMs - b.atMs);
      quiet().then(() => {
        const { atMs, wake } = this.#sleepers.shift()!;
        this.timeMs = Math.max(this.timeMs, atMs);
        wake();
      });
    });
  }
}

/** A device that spends time on each request, whichever face is used. */
function slowDevice(clock: FakeClock, requestMs: number) {
  const spend = () => void (clock.timeMs += requestMs);
  return checked({
    name: "slow",
    sectorCount: 1_000_000,
    supports: { write: true, discard: false, discardZeroes: false, permanence: false },
    readSync: spend,
    writeSync: spend,
    flushSync() {},
    closeSync() {},
  });
}

/** Copies a while through a throttle; returns the part of the time that its I/O took, in percent. */
async function busyPercent(percent: number, subJobsMax = 1): Promise<number> {
  const clock = new FakeClock();
  const device = slowDevice(clock, 20);
  const throttle = new Throttle({ percent, clock });
  const copier = new Copier({ subJobSectors: 8, subJobsMax, throttle });
  const targets = [{ device, sector: 500_000 }];
  const sectorCount = 8 * 100;
  const startMs = clock.timeMs;
  await runAsync(copier.copy({ source: device, sector: 0, sectorCount, targets }), clock);
  return 100 * 2 * 20 / (clock.timeMs - startMs) * 100;
}

test("copies take their part of the time, not more", async () => {
  for (const percent of [25, 50, 80]) {
    assertAlmostEquals(await busyPercent(percent), percent, 3, `${percent} %`);
    // Sub-jobs that slept together wake together: they overdraw once and pay for it afterwards.
    assertAlmostEquals(await busyPercent(percent, 8), percent, 12, `${percent} %, 8 at a time`);
  }
});

test("at 100 percent nothing sleeps", async () => {
  assertEquals(await busyPercent(100), 100);
});

test("even at 0 percent copies go on: no request waits for more than a second", async () => {
  assertAlmostEquals(await busyPercent(0), 2, 0.1);
});

test("copiers that share a throttle share the time", async () => {
  const clock = new FakeClock();
  const device = slowDevice(clock, 20);
  const throttle = new Throttle({ percent: 40, clock });
  const startMs = clock.timeMs;
  const copies = [0, 1, 2].map((index) => {
    const targets = [{ device, sector: 500_000 + index * 8000 }];
    const job = { source: device, sector: index * 8000, sectorCount: 8 * 100, targets };
    return runAsync(new Copier({ subJobSectors: 8, throttle }).copy(job), clock);
  });
  await Promise.all(copies);
  // The device spends its time inside the call, so requests never overlap.
  const busy = 3 * 100 * 2 * 20 / (clock.timeMs - startMs) * 100;
  assertAlmostEquals(busy, 40, 6);
});

test("time in which no copy was under way is saved up, but only for about a second", () => {
  const clock = new FakeClock();
  const throttle = new Throttle({ percent: 50, clock });
  const spend = () => {
    let sleeps = 0;
    for (const step of throttle.perform({ kind: "sleep", timeMs: 0 }) as Plan) {
      if (step.kind === "sleep" && step.timeMs > 0) {
        sleeps++;
        clock.timeMs += step.timeMs;
      } else clock.timeMs += 300;
    }
    return sleeps;
  };
  clock.timeMs += 60_000;
  assertEquals(spend(), 0);
  assertEquals(spend(), 0);
  assertGreaterOrEqual(spend() + spend() + spend(), 3);
});

test("the synchronous runner does not sleep", () => {
  const clock = new FakeClock();
  const device = slowDevice(clock, 20);
  const copier = new Copier({ subJobSectors: 8, throttle: new Throttle({ percent: 10, clock }) });
  const targets = [{ device, sector: 500_000 }];
  runSync(copier.copy({ source: device, sector: 0, sectorCount: 80, targets }));
  assertEquals(clock.sleptMs, 0);
  assertEquals(clock.timeMs, 5000 + 10 * 2 * 20);
});

test("the part of the time can be changed while copies are under way", async () => {
  const clock = new FakeClock();
  const device = slowDevice(clock, 20);
  const throttle = new Throttle({ percent: 100, clock });
  const targets = [{ device, sector: 500_000 }];
  const copier = new Copier({ subJobSectors: 8, subJobsMax: 1, throttle });
  const onProgress = (doneSectors: number) => {
    if (doneSectors === 400) throttle.percent = 10;
    if (doneSectors === 1200) throttle.percent = 100;
  };
  const job = { source: device, sector: 0, sectorCount: 1600, targets, onProgress };
  await runAsync(copier.copy(job), clock);
  const unthrottledMs = 200 * 2 * 20;
  assertGreaterOrEqual(clock.timeMs - 5000, unthrottledMs + 100 * 2 * 20 * 7);
  const sleptMs = clock.sleptMs;
  await runAsync(copier.copy({ source: device, sector: 0, sectorCount: 1600, targets }), clock);
  assertEquals(clock.sleptMs, sleptMs);
});

test("there is no more than all of the time, and no less than none", () => {
  assertThrows(() => new Throttle({ percent: 101 }), RangeError);
  assertThrows(() => new Throttle({ percent: -1 }), RangeError);
  assertThrows(() => new Throttle({ percent: NaN }), RangeError);
});
