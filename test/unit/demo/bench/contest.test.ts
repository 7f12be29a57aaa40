/** Contests, on a clock that the test winds. */
import { expect, test } from "vitest";
import { calibrate, hold, median, type Runner } from "../../../../demo/bench/contest.ts";

/** A clock, and runners that take its time: so many nanoseconds for each. */
function world(...costsNs: readonly number[]) {
  let nowMs = 0;
  const order: string[] = [];
  const runners: Runner[] = costsNs.map((costNs, at) => ({
    name: `${at}`,
    run(count) {
      order.push(`${at}`);
      nowMs += count * costNs / 1e6;
    },
  }));
  return { runners, order, now: () => nowMs };
}

test("the median is the middle one, whatever the order, and of an even number the upper", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([10, 9, 1, 2])).toBe(9);
  expect(median([])).toBeNaN();
});

test("a round is as long as was asked for, and less than twice that", () => {
  const { runners: [runner], now } = world(100);
  const count = calibrate(runner!, 2, now);
  expect(count * 100 / 1e6).toBeGreaterThanOrEqual(2);
  expect(count * 100 / 1e6).toBeLessThan(4);
});

test("a machine that does something else for a while does not make rounds short", () => {
  const { runners: [runner], now } = world(100);
  let runs = 0;
  let pausesMs = 0;
  const paused: Runner = {
    name: "paused",
    run(count) {
      runner!.run(count);
      if (++runs % 3 === 0) pausesMs += 5;
    },
  };
  const count = calibrate(paused, 2, () => now() + pausesMs);
  expect(count * 100 / 1e6).toBeGreaterThanOrEqual(2);
});

test("a runner that takes no time at all is not waited for forever", () => {
  const { runners: [runner], now } = world(0);
  expect(calibrate(runner!, 2, now)).toBe(2 ** 24);
});

test("each runner's time is for doing it once, whatever the others take", () => {
  const { runners, now } = world(50, 700, 3);
  const times = hold(runners, { roundMs: 1, rounds: 3 }, now);
  expect(times.map((time) => Number(time.toPrecision(6)))).toEqual([50, 700, 3]);
});

test("runners take turns", () => {
  const { runners, order, now } = world(5e6, 5e6);
  hold(runners, { roundMs: 1, rounds: 3 }, now);
  expect(order.slice(-6).join("")).toBe("010101");
});
