import { describe, expect, test } from "vitest";
import { writeStep } from "../../../src/block/plan.ts";
import { runAsync, runSync } from "../../../src/block/plan.ts";
import { protect } from "../../../src/exception/mod.ts";
import { encodeHeader } from "../../../src/exception/store/disk_format.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { cowImage } from "./images.ts";
import { Bench, quiet } from "./rig.ts";
import { openSlowTable, openTable, viewThrough } from "./tables.ts";

describe("opening", () => {
  test("a fresh table is valid, empty, and says so", () => {
    const { table, log } = openTable();
    expect([table.isValid, table.exceptionCount, table.status()]).toEqual([true, 0, "16/400 16"]);
    expect([table.storeType, table.canMerge, table.hasOverflowed, log]).toEqual([
      "P",
      true,
      false,
      [],
    ]);
    table.check();
  });

  test("what an earlier table made is found again", () => {
    const one = openTable();
    runSync(one.table.break(3, 4, "now"));
    runSync(one.table.break(20, 1, "now"));
    const two = openTable({ source: one.source, cow: one.cow });
    expect(two.table.runs()).toEqual([
      { oldChunk: 3, newChunk: 2, count: 4 },
      { oldChunk: 20, newChunk: 6, count: 1 },
    ]);
    expect(two.table.status()).toBe(one.table.status());
    two.table.check();
  });

  test.each(
    [
      ["an old chunk", [[5, 2], [6, 3], [5, 4]], "some old chunk of 5 to 5 stands twice"],
      ["an old chunk in a run", [[5, 2], [6, 3], [4, 5], [5, 6]], "some old chunk of 4 to 5"],
      ["a new chunk", [[5, 2], [6, 2]], "some new chunk of 2 to 2 stands twice"],
    ] as const,
  )("%s that stands twice is refused, and nothing is written", (_, entries, words) => {
    const bench = new Bench();
    const content = cowImage({ sectorCount: 400, chunkSectors: 8, entries: [...entries] });
    const cow = bench.disk("cow", 400, { content });
    expect(() => openTable({ bench, cow })).toThrow(words);
    expect(bench.trace.every(({ kind }) => kind === "read")).toBe(true);
  });

  test.each(
    [
      ["its entries make no sense", [[5, 2], [5, 3]], 8, "stands twice"],
      ["its header makes none", [], 3, "Cannot"],
    ] as const,
  )("an index is given back when %s: there are 512 of them", (_, entries, chunkSectors, words) => {
    const bench = new Bench();
    const content = cowImage({ sectorCount: 400, chunkSectors: 8, entries });
    encodeHeader(content, true, chunkSectors);
    const cow = bench.disk("cow", 400, { content });
    for (let round = 0; round < 600; round++) {
      expect(() => openTable({ bench, cow })).toThrow(words);
    }
  });

  test("a store that was invalidated makes an invalid table, and says why", () => {
    const one = openTable();
    runSync(one.table.invalidate("Unable to allocate exception"));
    const { table, log } = openTable({ source: one.source, cow: one.cow });
    expect([table.isValid, table.isInvalidating, table.status()]).toEqual([
      false,
      false,
      "Invalid",
    ]);
    expect(log).toEqual(["snapshots: Snapshot is marked invalid."]);
    expect(() => runSync(table.break(0, 1, "now"))).toThrow(
      expect.objectContaining({ code: "EIO" }),
    );
  });
});

describe("breaking", () => {
  test("old data is copied, then remembered, and then found", () => {
    const set = openTable();
    expect(runSync(set.table.break(3, 2, "now"))).toBe(2);
    expect(set.bench.takeTrace()).toEqual([
      "source read 24+16",
      "cow write 16+16",
      "cow flush",
      "cow write 8+1 fua",
    ]);
    expect([set.table.find(3, 9), set.table.runLength]).toEqual([2, 2]);
    expect([set.table.find(5, 9)]).toEqual([-1]);
    verifySectors(viewThrough(set), patternOf(1, 0, 200), 0, "the view");
    set.table.check();
  });

  test("a caller's own data is written instead of a copy", () => {
    const set = openTable();
    runSync(set.table.break(3, 1, "now", function* (run) {
      yield writeStep(set.cow.device, patternOf(2, 24, 8), run.newChunk * 8);
    }));
    expect(set.bench.takeTrace()[0]).toBe("cow write 16+8");
    const expected = patternOf(1, 0, 200);
    expected.set(patternOf(2, 24, 8), 24 * 512);
    verifySectors(viewThrough(set), expected, 0, "the view");
  });

  test("the last chunk is as short as the source", () => {
    const set = openTable({ sourceSectors: 203 });
    runSync(set.table.break(25, 1, "now"));
    expect(set.bench.takeTrace().slice(0, 2)).toEqual(["source read 200+3", "cow write 16+3"]);
    verifySectors(viewThrough(set), patternOf(1, 0, 203), 0, "the view");
  });

  test("and in whole blocks, where the destination's are larger", () => {
    const bench = new Bench();
    const cow = bench.disk("cow", 400, { logicalSectors: 8 });
    const { table } = openTable({ bench, cow, sourceSectors: 221, chunkSectors: 16 });
    runSync(table.break(13, 1, "now"));
    expect(bench.takeTrace().slice(0, 2)).toEqual(["source read 208+8", "cow write 32+8"]);
  });

  test("a request across an area's border is several runs, and one commit for each area", () => {
    const set = openTable({ chunkSectors: 1, cowSectors: 100 });
    expect(runSync(set.table.break(10, 40, "now"))).toBe(40);
    expect(set.bench.takeTrace()).toEqual([
      "source read 10+32",
      "cow write 2+32",
      "source read 42+8",
      "cow write 35+8",
      "cow zero 34+1",
      "cow flush",
      "cow write 1+1 fua",
      "cow flush",
      "cow write 34+1 fua",
    ]);
    verifySectors(viewThrough(set), patternOf(1, 0, 200), 0, "the view");
    set.table.check();
  });

  test("a full destination makes as many as fit, then none, and stays valid", () => {
    const set = openTable({ cowSectors: 40 });
    expect(runSync(set.table.break(0, 5, "now"))).toBe(3);
    set.bench.trace = [];
    expect(runSync(set.table.break(3, 5, "now"))).toBe(0);
    expect([set.bench.takeTrace(), set.table.status()]).toEqual([[], "40/40 16"]);
    set.cow.resize(48);
    expect(runSync(set.table.break(3, 5, "now"))).toBe(1);
    set.table.check();
  });

  test("no more than is agreed is broken in one go", () => {
    expect(openTable({ chunkSectors: 1, cowSectors: 100 }).table.breakChunksMax).toBe(2048);
    expect(openTable({ chunkSectors: 8 }).table.breakChunksMax).toBe(512);
    expect(openTable({ pendingChunksMax: 5 }).table.breakChunksMax).toBe(5);
    const large = openTable({ chunkSectors: 8192, cowSectors: 16384, sourceSectors: 8 });
    expect(large.table.breakChunksMax).toBe(1);
  });
});

describe("settling", () => {
  test("with durability flush nothing is written before the flush, and all of it then", () => {
    const set = openTable({ durability: "flush" });
    runSync(set.table.break(3, 2, "policy"));
    runSync(set.table.break(9, 1, "policy"));
    expect(set.bench.takeTrace().filter((line) => /flush|fua/.test(line))).toEqual([]);
    expect([set.table.isSettled(3, 3), set.table.isSettled(5, 8)]).toEqual([false, true]);
    runSync(set.table.settle());
    expect(set.bench.takeTrace()).toEqual(["cow flush", "cow write 8+1 fua"]);
    expect(set.table.isSettled(0, 99)).toBe(true);
    runSync(set.table.settle());
    expect(set.bench.takeTrace()).toEqual(["cow flush"]);
    set.table.check();
  });

  test("a crash before the flush loses the exceptions, one after it loses none", () => {
    for (const isFlushed of [false, true]) {
      const set = openTable({ durability: "flush" });
      runSync(set.table.break(3, 2, "policy"));
      if (isFlushed) runSync(set.table.settle());
      set.bench.powerCut();
      const { table } = openTable({ bench: set.bench, source: set.source, cow: set.cow });
      expect(table.exceptionCount).toBe(isFlushed ? 2 : 0);
      verifySectors(viewThrough({ ...set, table }), patternOf(1, 0, 200), 0, "the view");
    }
  });

  test("a flush that comes during a commit still makes data durable that was written meanwhile", async () => {
    const set = await openSlowTable({ durability: "flush" });
    await set.bench.settle(runAsync(set.table.break(1, 1, "policy")));
    const first = runAsync(set.table.settle());
    await set.bench.release(/flush/);
    await set.bench.settle(set.cow.slow.write(patternOf(7, 16, 8), 16)); // chunk 1's data, again
    await set.bench.settle(Promise.all([first, runAsync(set.table.settle())]));
    set.bench.powerCut();
    verifySectors(set.cow.bytes.subarray(16 * 512, 24 * 512), patternOf(7, 16, 8), 16, "the data");
  });

  test("settling that fails makes the table invalid and the flush fail", () => {
    const set = openTable({ durability: "flush" });
    runSync(set.table.break(3, 1, "policy"));
    set.bench.fault = ({ kind }) => kind === "flush";
    expect(() => runSync(set.table.settle())).toThrow("they are invalid");
    expect(set.table.status()).toBe("Invalid");
  });

  test("a flush of an invalid table is passed to the destination", () => {
    const set = openTable();
    runSync(set.table.invalidate("full"));
    set.bench.trace = [];
    runSync(set.table.settle());
    expect(set.bench.takeTrace()).toEqual(["cow flush"]);
  });
});

describe("events", () => {
  test("watermarks, overflow and the one invalidation are told", () => {
    const set = openTable({ cowSectors: 80, watermarksPercent: [50, 80], store: "PO" });
    runSync(set.table.break(0, 3, "now"));
    runSync(set.table.break(3, 5, "now"));
    set.table.overflow();
    set.table.overflow();
    expect(set.table.status()).toBe("Overflow");
    runSync(set.table.invalidate("Unable to allocate exception"));
    runSync(set.table.invalidate("Unable to allocate exception"));
    expect(set.events.map((event) => event.kind === "usage" ? event.percent : event.kind)).toEqual([
      50,
      80,
      "overflow",
      "invalid",
    ]);
    expect(set.log).toEqual([
      "snapshots: Snapshot overflowed: Unable to allocate exception.",
      "snapshots: Invalidating snapshot: Unable to allocate exception.",
    ]);
    expect(set.table.status()).toBe("Invalid");
  });
});

describe("the pending threshold", () => {
  test("requests beyond it wait, and all of them end", async () => {
    const set = await openSlowTable({ pendingChunksMax: 3, cowSectors: 2000, sourceSectors: 800 });
    let pendingMost = 0;
    const work = Promise.all(
      Array.from(
        { length: 40 },
        (_, chunk) => runAsync(protect(set.table, chunk * 2, chunk * 2 + 1)),
      ),
    );
    while (set.bench.held.length > 0) {
      const pending = Array.from({ length: 80 }, (_, chunk) => set.table.findPending(chunk, chunk));
      pendingMost = Math.max(pendingMost, pending.filter((each) => each !== null).length);
      await set.bench.release();
    }
    await work;
    expect(pendingMost).toBeGreaterThan(2);
    expect(pendingMost).toBeLessThan(3 + set.table.breakChunksMax);
    expect(set.table.exceptionCount).toBe(80);
    set.table.check();
  });
});

describe("frozen", () => {
  test("a table that is to end waits for exceptions being made, and makes no more", async () => {
    const set = await openSlowTable();
    const guard = runAsync(protect(set.table, 0, 0));
    const frozen = runAsync(set.table.freeze());
    let isFrozen = false;
    void frozen.then(() => void (isFrozen = true));
    await quiet();
    expect([isFrozen, set.table.isGuarding]).toEqual([false, false]);
    await set.bench.settle(Promise.all([guard, frozen]));
    expect(set.table.exceptionCount).toBe(1);
    set.bench.trace = [];
    await set.bench.settle(runAsync(protect(set.table, 5, 5)));
    expect([set.bench.takeTrace(), set.table.exceptionCount]).toEqual([[], 1]);
    set.table.thaw();
    await set.bench.settle(runAsync(protect(set.table, 5, 5)));
    expect(set.table.exceptionCount).toBe(2);
    set.table.check();
  });

  test("a guard that is half-way stops where it is", async () => {
    const set = await openSlowTable({ pendingChunksMax: 1 });
    const guard = runAsync(protect(set.table, 0, 9));
    await set.bench.release(/source read/);
    const frozen = runAsync(set.table.freeze());
    await set.bench.settle(Promise.all([guard, frozen]));
    expect(set.table.exceptionCount).toBe(1);
  });
});

test("a device below that has only the asynchronous face makes a synchronous write wait", async () => {
  const { table } = await openSlowTable();
  expect(table.isBusy).toBe(true);
  expect(openTable().table.isBusy).toBe(false);
});
