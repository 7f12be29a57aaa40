import { expect, test } from "vitest";
import { LateFlush } from "../../../../src/emulator/v86/late_flush.ts";
import { quiet, SimulatedClock } from "../../../http/simulated_clock.ts";

function rig() {
  const clock = new SimulatedClock(true);
  const page = new EventTarget();
  const flushesMs: number[] = [];
  const manner = { fails: false };
  const late = new LateFlush({
    clock,
    page,
    idleMs: 100,
    waitMs: 250,
    flush() {
      flushesMs.push(clock.timeMs);
      return Promise.resolve(!manner.fails);
    },
  });
  return { clock, page, flushesMs, manner, late };
}

test("a write is flushed once nothing was written for a while", async () => {
  const { clock, late, flushesMs } = rig();
  late.noteWrite();
  await clock.advance(60);
  late.noteWrite();
  await clock.advance(1000);
  expect(flushesMs).toEqual([160]);
});

test("a write does not wait for ever when more are written", async () => {
  const { clock, late, flushesMs } = rig();
  for (let timeMs = 0; timeMs < 300; timeMs += 50) {
    late.noteWrite();
    await clock.advance(50);
  }
  expect(flushesMs).toEqual([250]);
});

test.for(["pagehide", "visibilitychange"])(
  "a %s flushes at once, if there is anything",
  async (name) => {
    const { page, late, flushesMs } = rig();
    page.dispatchEvent(new Event(name));
    await quiet();
    expect(flushesMs).toEqual([]);
    late.noteWrite();
    page.dispatchEvent(new Event(name));
    page.dispatchEvent(new Event(name));
    await quiet();
    expect(flushesMs).toEqual([0]);
  },
);

test("a flush that has failed is tried again", async () => {
  const { clock, late, flushesMs, manner } = rig();
  manner.fails = true;
  late.noteWrite();
  await clock.advance(199);
  manner.fails = false;
  await clock.advance(1000);
  expect(flushesMs).toEqual([100, 200]);
});

test("what somebody else has flushed is not flushed again", async () => {
  const { clock, late, flushesMs } = rig();
  late.noteWrite();
  late.noteFlush();
  await clock.advance(1000);
  expect(flushesMs).toEqual([]);
});

test("after its end nothing is flushed, and nobody listens to the page", async () => {
  const { clock, page, late, flushesMs } = rig();
  late.noteWrite();
  late.end();
  page.dispatchEvent(new Event("pagehide"));
  await clock.advance(1000);
  expect(flushesMs).toEqual([]);
});
