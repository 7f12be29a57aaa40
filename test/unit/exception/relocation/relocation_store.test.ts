/** The store of relocated blocks: spares in order, slots on the device, and nothing believed. */
import { describe, expect, test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { runAsync, runSync } from "../../../../src/block/plan.ts";
import {
  type ExceptionRun,
  type RelocationLayout,
  RelocationStore,
} from "../../../../src/exception/mod.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { Bench, type Disk } from "../rig.ts";
import { type HandSlot, NO_SECTOR, sectorByHand } from "./tables.ts";

/** Blocks of 4 sectors from sector 16 to 175, copies at 200 and 208, spares from 400 on. */
const PLACES = {
  blockSectors: 4,
  startSector: 16,
  sectorCount: 160,
  spareSector: 400,
  spareCount: 40,
  copySectors: [200, 208],
} as const;

const spareSector = (spare: number) => 400 + spare * 4;

interface SetUp extends Partial<Omit<RelocationLayout, "device">> {
  readonly bench?: Bench;
  readonly disk?: Disk;
  /** Slots of the table, by hand. Left out: no table. */
  readonly slots?: Readonly<Record<number, HandSlot>>;
}

/** A store over a disk of a bench, read. */
function open(options: SetUp = {}) {
  const { bench = new Bench(), disk = bench.disk("disk", 1024), slots, ...places } = options;
  if (slots !== undefined) write(disk, slots);
  const log: string[] = [];
  const layout = { ...PLACES, ...places, device: disk.device };
  const store = new RelocationStore(layout, (line) => log.push(line));
  const runs: ExceptionRun[] = [];
  bench.trace = [];
  const state = runSync(store.readMetadata((run) => runs.push(run)));
  const pairs = runs.map(({ oldChunk, newChunk }) => [oldChunk * 4, newChunk - 100]);
  return { bench, disk, store, log, state, runs, pairs };
}

/** Writes both copies of a table by hand. */
function write(disk: Disk, slots: Readonly<Record<number, HandSlot>>): void {
  for (const start of PLACES.copySectors) {
    for (const index of [0, 1]) {
      const own = Object.entries(slots)
        .filter(([spare]) => Math.floor(Number(spare) / 31) === index)
        .map(([spare, slot]) => [Number(spare) % 31, slot]);
      const sector = sectorByHand({ slots: Object.fromEntries(own) });
      disk.bytes.set(sector, (start + index) * 512);
    }
  }
  disk.durable = disk.bytes.slice();
}

const run = (oldSector: number, spare: number, count = 1): ExceptionRun => ({
  oldChunk: oldSector / 4,
  newChunk: 100 + spare,
  count,
});

describe("spares", () => {
  test("are handed out in order, and none when there are no more", () => {
    const { store } = open({ spareCount: 3 });
    expect([1, 2, 3, 4, 5].map(() => store.prepareException())).toEqual([100, 101, 102, -1, -1]);
    expect(store.usage()).toEqual({ allocatedSectors: 12, totalSectors: 12, metadataSectors: 0 });
  });

  test("the next one is behind the last that was ever handed out, and a hole counts as retired", () => {
    const { store, pairs, state } = open({ slots: { 1: [16, spareSector(1)] } });
    expect([state, pairs, store.usedCount, store.retiredCount]).toEqual([
      "loaded",
      [[16, 1]],
      1,
      1,
    ]);
    expect(store.prepareException()).toBe(102);
    expect(open({ slots: { 38: [NO_SECTOR, spareSector(38)] } }).store.prepareException()).toBe(
      139,
    );
  });
});

describe("order", () => {
  test("data is flushed before the first slot is written, and each slot is durable in turn", () => {
    const { bench, store } = open({ slots: {} });
    bench.trace = [];
    runSync(store.commitExceptions([run(16, 0, 2), run(100, 31)], true));
    expect(bench.takeTrace()).toEqual([
      "disk flush",
      "disk write 200+1 fua",
      "disk write 208+1 fua",
      "disk write 200+1 fua",
      "disk write 208+1 fua",
      "disk write 201+1 fua",
      "disk write 209+1 fua",
    ]);
    expect([store.usedCount, store.unsettledCount]).toEqual([3, 0]);
  });

  test("a block that moves again has its new slot before it loses the old one", async () => {
    const set = open({ slots: { 0: [20, spareSector(0)] } });
    const states: unknown[] = [];
    const slow = new RelocationStore({ ...PLACES, device: set.disk.slow });
    await set.bench.settle(runAsync(slow.readMetadata(() => {})));
    const work = runAsync(slow.commitExceptions([run(20, 1)], true));
    for (let step = 0; step < 5; step++) {
      await set.bench.release();
      set.bench.powerCut();
      const { pairs, store } = open({ bench: set.bench, disk: set.disk });
      states.push([pairs, store.retiredCount]);
    }
    await work;
    expect(states).toEqual([
      [[[20, 0]], 0],
      [[[20, 1]], 1],
      [[[20, 1]], 1],
      [[[20, 1]], 1],
      [[[20, 1]], 1],
    ]);
    expect([slow.usedCount, slow.retiredCount]).toEqual([1, 1]);
    const bytes = set.disk.bytes.subarray(200 * 512, 201 * 512);
    const slots = { 0: [NO_SECTOR, spareSector(0)], 1: [20, spareSector(1)] } as const;
    verifySectors(bytes, sectorByHand({ sequence: 3, slots }), 200, "the table");
  });
});

describe("retiring", () => {
  test("BBR-3 a retired spare is remembered, said, and never handed out again", () => {
    const one = open({ slots: {} });
    expect([one.store.prepareException(), one.store.prepareException()]).toEqual([100, 101]);
    runSync(one.store.retireException(run(0, 0, 2)));
    expect(one.log).toEqual(["bbr: spare sector 400 is bad", "bbr: spare sector 404 is bad"]);
    const two = open({ bench: one.bench, disk: one.disk });
    expect([two.store.retiredCount, two.store.usedCount, two.pairs]).toEqual([2, 0, []]);
    expect(two.store.prepareException()).toBe(102);
  });

  test("BBR-3 the second defect: relocations behind the hole are all found again", () => {
    const one = open({ slots: {} });
    for (const spare of [0, 2, 3]) {
      runSync(one.store.commitExceptions([run(16 + 4 * spare, spare)], true));
    }
    runSync(one.store.retireException(run(0, 1)));
    const two = open({ bench: one.bench, disk: one.disk });
    expect(two.pairs).toEqual([[16, 0], [24, 2], [28, 3]]);
    expect(two.store.prepareException()).toBe(104);
  });

  test("two slots for one block: the later spare counts, wherever the power was cut", () => {
    const slots = {
      0: [24, spareSector(0)],
      1: [20, spareSector(1)],
      2: [24, spareSector(2)],
    } as const;
    const { pairs, store } = open({ slots });
    expect(pairs).toEqual([[20, 1], [24, 2]]);
    expect([store.usedCount, store.retiredCount]).toEqual([2, 1]);
  });
});

describe("a slot that makes no sense is refused, with where it is", () => {
  const refusals: [name: string, spare: number, slot: HandSlot, words: string][] = [
    ["another spare's", 3, [16, spareSector(4)], "want spare sector 412"],
    ["a spare inside of one", 3, [16, spareSector(3) + 1], "want spare sector 412"],
    ["a bad sector without a spare", 3, [16, 0], "want spare sector 412"],
    ["behind the last spare", 40, [16, spareSector(40)], "there are only 40 spares"],
    ["retired, behind the last spare", 40, [NO_SECTOR, spareSector(40)], "only 40 spares"],
    ["in front of the blocks in use", 3, [12, spareSector(3)], "want a sector from 16 to 175"],
    ["sector 0", 3, [0, spareSector(3)], "want a sector from 16 to 175"],
    ["behind the blocks in use", 3, [176, spareSector(3)], "want a sector from 16 to 175"],
    ["on the table", 3, [200, spareSector(3)], "want a sector from 16 to 175"],
    ["on a spare", 3, [400, spareSector(3)], "want a sector from 16 to 175"],
    ["beyond all numbers", 3, [2n ** 64n - 2n, spareSector(3)], "sector 18446744073709551614 in"],
    ["inside of a block", 3, [18, spareSector(3)], "want the first sector of a block of 4"],
  ];
  test.each(refusals)("%s", (_, spare, slot, words) => {
    const bench = new Bench();
    const disk = bench.disk("disk", 1024);
    write(disk, { [spare]: slot });
    const before = disk.bytes.slice();
    expect(() => open({ bench, disk })).toThrow(words);
    expect(() => open({ bench, disk })).toThrow(`in slot ${spare}`);
    expect(() => open({ bench, disk })).toThrow(BlockDeviceError);
    verifySectors(disk.bytes, before, 0, "the disk");
  });

  test("the first and the last of everything make sense", () => {
    const slots = { 0: [172, spareSector(0)], 39: [16, spareSector(39)] } as const;
    const { pairs, store } = open({ slots });
    expect(pairs).toEqual([[172, 0], [16, 39]]);
    expect(store.prepareException()).toBe(-1);
  });

  test("in one copy it is damage, and the other copy counts", () => {
    const { bench, disk } = open({ slots: { 0: [16, spareSector(0)] } });
    disk.bytes.set(sectorByHand({ sequence: 99, slots: [[12, spareSector(0)]] }), 200 * 512);
    const { pairs, store } = open({ bench, disk });
    expect([pairs, store.areCopiesWhole]).toEqual([[[16, 0]], [false, true]]);
  });
});

describe("failure", () => {
  /** Commits two relocations, the second one a move, and tells how far it came. */
  function attempt(fails: (index: number) => boolean) {
    const bench = new Bench();
    const disk = bench.disk("disk", 1024);
    write(disk, { 0: [20, spareSector(0)] });
    const { store } = open({ bench, disk });
    const first = bench.requestCount;
    bench.fault = (_, index) => fails(index - first);
    const committed: number[] = [];
    try {
      runSync(store.commitExceptions([run(40, 1)], true));
      committed.push(40);
      runSync(store.commitExceptions([run(20, 2)], true));
      committed.push(20);
    } catch (error) {
      expect(error).toMatchObject({ code: "EIO" });
    }
    const requestCount = bench.requestCount - first;
    bench.fault = () => false;
    bench.powerCut();
    return { committed, requestCount, ...open({ bench, disk }) };
  }

  test("of any one request: what was committed is found, and nothing else than was asked for", () => {
    const { requestCount } = attempt(() => false);
    expect(requestCount).toBe(8);
    for (let failing = 1; failing <= requestCount; failing++) {
      const { committed, pairs } = attempt((index) => index === failing);
      const places = new Map(pairs as [number, number][]);
      if (committed.includes(40)) expect(places.get(40), `request ${failing}`).toBe(1);
      if (committed.includes(20)) expect(places.get(20), `request ${failing}`).toBe(2);
      expect([0, 2]).toContain(places.get(20));
      expect([undefined, 1]).toContain(places.get(40));
      expect(places.size).toBeLessThan(3);
    }
  });

  test("of every request from one on: the same", () => {
    for (let failing = 1; failing <= 8; failing++) {
      const { committed, pairs } = attempt((index) => index >= failing);
      const places = new Map(pairs as [number, number][]);
      if (committed.includes(40)) expect(places.get(40)).toBe(1);
      expect([0, 2]).toContain(places.get(20));
    }
  });

  test("a flush that fails writes no slot", () => {
    const { pairs, committed } = attempt((index) => index === 1);
    expect([pairs, committed]).toEqual([[[20, 0]], []]);
  });

  test("an invalidation changes nothing on the device, and says what it means", () => {
    const { bench, store, log } = open({ slots: {} });
    bench.trace = [];
    runSync(store.invalidate());
    expect(bench.trace).toEqual([]);
    expect(log).toEqual(["bbr: both copies of the table fail, no more blocks can be relocated"]);
  });
});

test("a fresh table is read as fresh, is written by mend, and then loaded", () => {
  const one = open();
  expect([one.state, one.runs, one.store.areCopiesWhole]).toEqual(["fresh", [], [false, false]]);
  runSync(one.store.mend());
  const two = open({ bench: one.bench, disk: one.disk });
  expect([two.state, two.runs, two.store.areCopiesWhole]).toEqual(["loaded", [], [true, true]]);
  two.store.destroy();
});
