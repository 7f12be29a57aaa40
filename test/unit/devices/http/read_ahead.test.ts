import { expect, test } from "vitest";
import { ReadAhead } from "../../../../src/devices/http/read_ahead.ts";
import { Prng } from "../../../../src/testing/prng.ts";

test("the first read of a stream fetches nothing ahead, the second opens a window", () => {
  const ahead = new ReadAhead(100_000, 1024);
  expect(ahead.see(0, 8)).toBe(null);
  expect(ahead.see(8, 8)).toEqual({ sector: 16, sectorCount: 64 });
});

test("the window doubles each time the reader comes into its second half, up to the bound", () => {
  const ahead = new ReadAhead(1_000_000, 256);
  const runs: [number, number][] = [];
  for (let sector = 0; sector < 2000; sector += 8) {
    const run = ahead.see(sector, 8);
    if (run !== null) runs.push([run.sector, run.sector + run.sectorCount - sector - 8]);
  }
  expect(runs.slice(0, 4).map(([, lead]) => lead)).toEqual([64, 128, 256, 256]);
});

test("what is said to be fetched ahead is said once, without gaps, and never behind the end", () => {
  const ahead = new ReadAhead(1000, 128);
  let end = 16;
  for (let sector = 0; sector < 1000; sector += 8) {
    const run = ahead.see(sector, 8);
    if (run === null) continue;
    expect(run.sector).toBe(end);
    end = run.sector + run.sectorCount;
  }
  expect(end).toBe(1000);
});

test("reads here and there fetch nothing ahead", () => {
  const ahead = new ReadAhead(1_000_000, 1024);
  for (const sector of [500, 40, 8000, 7, 90_000, 20_000]) {
    expect(ahead.see(sector, 8)).toBe(null);
  }
});

test("a read that begins inside what lies ahead goes on with its stream", () => {
  const ahead = new ReadAhead(100_000, 1024);
  ahead.see(0, 8);
  ahead.see(8, 8);
  expect(ahead.see(60, 8)).toEqual({ sector: 80, sectorCount: 116 });
});

test("readers side by side are each seen for themselves, up to eight", () => {
  const ahead = new ReadAhead(1_000_000, 1024);
  for (let reader = 0; reader < 8; reader++) expect(ahead.see(reader * 10_000, 8)).toBe(null);
  for (let reader = 0; reader < 8; reader++) {
    expect(ahead.see(reader * 10_000 + 8, 8)?.sector).toBe(reader * 10_000 + 16);
  }
  expect(ahead.see(900_000, 8)).toBe(null); // The ninth takes the place of the one used least.
  expect(ahead.see(80, 8)).toBe(null);
});

test("with a window of 0 nothing is fetched ahead", () => {
  const ahead = new ReadAhead(1000, 0);
  for (let sector = 0; sector < 1000; sector += 8) expect(ahead.see(sector, 8)).toBe(null);
});

test("no read whatever leads to a run that is empty, too long or off the device", () => {
  for (let seed = 0; seed < 20; seed++) {
    const prng = Prng.fromSeed(`read-ahead/${seed}`);
    const size = prng.intBetween(1, 3000);
    const windowMax = prng.intBetween(1, 300);
    const ahead = new ReadAhead(size, windowMax);
    let next = 0;
    for (let turn = 0; turn < 300; turn++) {
      const sector = prng.bool(0.6) && next < size ? next : prng.int(size);
      const count = prng.intBetween(1, Math.min(50, size - sector));
      const run = ahead.see(sector, count);
      next = sector + count;
      if (run === null) continue;
      expect(run.sectorCount, `seed ${seed}`).toBeGreaterThan(0);
      expect(run.sector, `seed ${seed}`).toBeGreaterThanOrEqual(next);
      expect(run.sector + run.sectorCount, `seed ${seed}`)
        .toBeLessThanOrEqual(Math.min(size, next + windowMax));
    }
  }
});
