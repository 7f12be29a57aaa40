import { expect, test } from "vitest";
import { median, type Racer, runRace } from "../../../../src/cli/bench/race.ts";

/** A clock that moves only when a racer works, and a racer that takes so long for an operation. */
function track() {
  const clock = { timeMs: 0, nowMs: () => clock.timeMs, sleep: () => Promise.resolve() };
  const counts: number[] = [];
  const racer = (operationMs: number, prepareMs = 0): Racer => ({
    prepare: () => void (clock.timeMs += prepareMs),
    run(count) {
      counts.push(count);
      clock.timeMs += count * operationMs;
      return Promise.resolve();
    },
  });
  return { clock, counts, racer };
}

test("the median is the middle, or the mean of the two in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("an operation's time is told, without what prepares a round", async () => {
  const { clock, racer } = track();
  const race = { bare: racer(1), ours: racer(4, 1000), operationsMax: Infinity, timeMs: 5000 };
  expect(await runRace(clock, race)).toEqual({ bareMs: 1, oursMs: 4, ratio: 0.25 });
});

test("what is slow at first only warms up", async () => {
  const { clock, racer } = track();
  let rounds = 0;
  const ours: Racer = {
    run: (count) => racer(rounds++ < 5 ? 100 : 4).run(count),
  };
  const race = { bare: racer(1), ours, operationsMax: 1, timeMs: 520 };
  expect(await runRace(clock, race)).toEqual({ bareMs: 1, oursMs: 4, ratio: 0.25 });
});

test("it ends with its time, and has at least two rounds of each", async () => {
  const { clock, racer } = track();
  let rounds = 0;
  const count = () => Promise.resolve(void rounds++);
  await runRace(clock, { bare: racer(1), ours: racer(1), operationsMax: 8, timeMs: 160 }, count);
  expect(rounds).toBe(10);
  rounds = 0;
  await runRace(clock, { bare: racer(1), ours: racer(1), operationsMax: 8, timeMs: 0 }, count);
  expect(rounds).toBe(2);
});

test("a round has no more operations than it may, and no more time than it needs", async () => {
  const { clock, counts, racer } = track();
  await runRace(clock, { bare: racer(0), ours: racer(0), operationsMax: 20, timeMs: 0 });
  expect(counts).toEqual([16, 4, 16, 4, 16, 4, 16, 4]);
  counts.length = 0;
  await runRace(clock, { bare: racer(100), ours: racer(100), operationsMax: 20, timeMs: 0 });
  expect(counts).toEqual([16, 16, 16, 16]);
});

test("whoever is told of a round may end the race", async () => {
  const { clock, racer } = track();
  const race = { bare: racer(1), ours: racer(1), operationsMax: 8, timeMs: 1000 };
  await expect(runRace(clock, race, () => Promise.reject(new Error("enough")))).rejects.toThrow(
    "enough",
  );
});
