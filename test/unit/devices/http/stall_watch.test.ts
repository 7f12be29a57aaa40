import { expect, test } from "vitest";
import { StallWatch, type Watched } from "../../../../src/devices/http/stall_watch.ts";
import { SimulatedClock } from "../../../http/simulated_clock.ts";

/** Something under way that notes when it was told of its silence. */
function watchedBy(clock: SimulatedClock) {
  const watched: Watched & { lastMs: number; stalledAtMs: number | null } = {
    lastMs: clock.nowMs(),
    stalledAtMs: null,
    stall: () => void (watched.stalledAtMs = clock.nowMs()),
  };
  return watched;
}

test("silence is told at its time, not before and not again", async () => {
  for (const timeoutMs of [1, 700, 1000, 1001, 5300]) {
    const clock = new SimulatedClock(true);
    const watch = new StallWatch(clock, timeoutMs);
    const one = watchedBy(clock);
    watch.watch(one);
    await clock.advance(timeoutMs - 1);
    expect(one.stalledAtMs).toBe(null);
    await clock.advance(10 * timeoutMs);
    expect(one.stalledAtMs).toBe(timeoutMs);
  }
});

test("what comes puts it off, for that exchange alone", async () => {
  const clock = new SimulatedClock(true);
  const watch = new StallWatch(clock, 3000);
  const silent = watchedBy(clock);
  const lively = watchedBy(clock);
  watch.watch(silent);
  watch.watch(lively);
  await clock.advance(2500);
  lively.lastMs = clock.nowMs();
  await clock.advance(5000);
  expect([silent.stalledAtMs, lively.stalledAtMs]).toEqual([3000, 5500]);
});

test("what begins later is told in its own time", async () => {
  const clock = new SimulatedClock(true);
  const watch = new StallWatch(clock, 800);
  const first = watchedBy(clock);
  watch.watch(first);
  await clock.advance(500);
  const second = watchedBy(clock);
  watch.watch(second);
  await clock.advance(2000);
  expect([first.stalledAtMs, second.stalledAtMs]).toEqual([800, 1300]);
});

test("however much is under way there is one timer, and soon none when nothing is", async () => {
  const clock = new SimulatedClock(true);
  const watch = new StallWatch(clock, 60_000);
  const many = Array.from({ length: 100 }, () => watchedBy(clock));
  for (const one of many) watch.watch(one);
  expect(clock.sleeperCount).toBe(1);
  for (const one of many) watch.forget(one);
  await clock.advance(1000);
  expect(clock.sleeperCount).toBe(0);
  const late = watchedBy(clock);
  watch.watch(late);
  await clock.advance(60_000);
  expect(late.stalledAtMs).toBe(61_000);
  for (const one of many) expect(one.stalledAtMs).toBe(null);
});

test("with all the time there is nothing is watched", () => {
  const clock = new SimulatedClock(true);
  const watch = new StallWatch(clock, Infinity);
  watch.watch(watchedBy(clock));
  expect(clock.sleeperCount).toBe(0);
});
