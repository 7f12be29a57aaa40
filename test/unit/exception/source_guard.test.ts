import { describe, expect, test } from "vitest";
import { runAsync, runSync } from "../../../src/block/plan.ts";
import { protect, protectedChunks } from "../../../src/exception/mod.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { quiet } from "./rig.ts";
import { openSlowTable, openTable, type TableBench, viewThrough } from "./tables.ts";

/** Overwrites chunks of the source, as an origin does once the guard has let it. */
async function overwrite(set: TableBench, first: number, last: number): Promise<void> {
  await runAsync(protect(set.table, first, last));
  expect(protectedChunks(set.table, first, last)).toBe(last - first + 1);
  const { chunkSectors } = set.table;
  set.source.bytes.fill(0xee, first * chunkSectors * 512, (last + 1) * chunkSectors * 512);
}

const verifyView = (set: TableBench) =>
  verifySectors(viewThrough(set), patternOf(1, 0, 200), 0, "the view");

describe("how many chunks may be overwritten now", () => {
  test("none that is absent; all that are complete; up to the first that is absent", () => {
    const { table } = openTable();
    runSync(table.break(3, 2, "now"));
    runSync(table.break(5, 1, "now"));
    runSync(table.break(8, 1, "now"));
    expect(protectedChunks(table, 0, 2)).toBe(0);
    expect(protectedChunks(table, 3, 5)).toBe(3);
    expect(protectedChunks(table, 3, 9)).toBe(3);
    expect(protectedChunks(table, 2, 5)).toBe(0);
    expect(protectedChunks(table, 8, 8)).toBe(1);
  });

  test("all, once the table is invalid and its store knows", async () => {
    const set = await openSlowTable();
    const invalidation = runAsync(set.table.invalidate("full"));
    expect(protectedChunks(set.table, 0, 9)).toBe(0);
    await set.bench.settle(invalidation);
    expect(protectedChunks(set.table, 0, 9)).toBe(10);
  });

  test("none that is not settled", () => {
    const { table } = openTable({ durability: "flush" });
    runSync(table.break(3, 2, "now"));
    runSync(table.break(5, 1, "policy"));
    expect(protectedChunks(table, 5, 5)).toBe(0);
    expect(protectedChunks(table, 3, 5)).toBe(1); // one at a time is good enough
    runSync(table.settle());
    expect(protectedChunks(table, 3, 5)).toBe(3);
  });

  test("none that is being read", () => {
    const { table } = openTable();
    runSync(table.break(3, 3, "now"));
    const stay = table.readers.enter(4, 4);
    expect([protectedChunks(table, 3, 5), protectedChunks(table, 4, 5)]).toEqual([1, 0]);
    table.readers.leave(stay);
    expect(protectedChunks(table, 3, 5)).toBe(3);
  });
});

describe("the guard", () => {
  test("copies out what is absent and leaves alone what is there", async () => {
    const set = openTable();
    runSync(set.table.break(4, 1, "now"));
    set.bench.trace = [];
    await overwrite(set, 3, 6);
    const reads = set.bench.takeTrace().filter((line) => line.startsWith("source"));
    expect(reads).toEqual(["source read 24+8", "source read 40+16"]);
    verifyView(set);
    set.table.check();
  });

  test("settles what an earlier snapshot write made, before the source is overwritten", async () => {
    const set = openTable({ durability: "flush" });
    runSync(set.table.break(3, 1, "policy"));
    await overwrite(set, 3, 3);
    expect(set.bench.takeTrace().slice(-2)).toEqual(["cow flush", "cow write 8+1 fua"]);
    set.bench.powerCut();
    const again = openTable({ bench: set.bench, source: set.source, cow: set.cow });
    expect(again.table.find(3, 1)).toBe(2);
  });

  test("waits for a copy that is under way instead of making a second one", async () => {
    const set = await openSlowTable();
    const both = [overwrite(set, 3, 3), overwrite(set, 3, 4)];
    await set.bench.settle(Promise.all(both));
    const reads = set.bench.takeTrace().filter((line) => line.startsWith("source"));
    expect(reads).toEqual(["source read 24+8", "source read 32+8"]);
    expect(set.table.exceptionCount).toBe(2);
    verifyView(set);
  });

  test("waits for readers who began before the copy was complete (2008)", async () => {
    const set = await openSlowTable();
    const stay = set.table.readers.enter(3, 3);
    let isOver = false;
    const guard = runAsync(protect(set.table, 3, 3)).then(() => void (isOver = true));
    while (set.bench.held.length > 0) await set.bench.release();
    await quiet();
    expect([isOver, set.table.find(3, 1)]).toEqual([false, 2]);
    set.table.readers.leave(stay);
    await guard;
  });
});

describe("whatever goes wrong, the writer goes on and the table is invalid", () => {
  test.each(["source read", "cow write 16", "cow flush", "cow write 8"])(
    "%s fails",
    async (what) => {
      const set = openTable();
      set.bench.fault = ({ disk, kind, sector }) =>
        `${disk} ${kind} ${sector}`.startsWith(what) || `${disk} ${kind}` === what;
      await overwrite(set, 3, 3);
      expect(set.table.status()).toBe("Invalid");
      expect(set.events).toEqual([{ kind: "invalid", reason: "Error reading/writing" }]);
      set.bench.fault = () => false;
      const again = openTable({ bench: set.bench, source: set.source, cow: set.cow });
      expect(again.table.status()).toBe("Invalid");
    },
  );

  test.each(["P", "PO", "N"] as const)("a full destination, store %s", async (store) => {
    const set = openTable({ cowSectors: store === "N" ? 16 : 32, store });
    await overwrite(set, 0, 5);
    expect(set.table.status()).toBe("Invalid");
    expect(set.events.at(-1)).toEqual({ kind: "invalid", reason: "Unable to allocate exception" });
  });

  test("writers that wait for an invalidation go on after it is durable, not before", async () => {
    const set = await openSlowTable({ cowSectors: 24 });
    await set.bench.settle(runAsync(protect(set.table, 0, 0)));
    let goneOn = 0;
    const guards = [1, 2, 3].map((chunk) =>
      runAsync(protect(set.table, chunk, chunk)).then(() => void goneOn++)
    );
    await quiet();
    expect([set.bench.heldWords(), goneOn]).toEqual([["cow write 0+1 fua"], 0]);
    await set.bench.settle(Promise.all(guards));
    expect(openTable({ source: set.source, cow: set.cow }).table.status()).toBe("Invalid");
  });

  test("a writer does not slip through between a commit and an invalidation that waits for it", async () => {
    const set = await openSlowTable({ cowSectors: 24 });
    const first = runAsync(protect(set.table, 0, 0));
    await set.bench.release(/source read/);
    await set.bench.release(/cow write/); // now the commit is under way
    let hasSlipped = false;
    const watch = runAsync(protect(set.table, 1, 1)).then(() => {
      hasSlipped = set.cow.durable[4] !== 0;
    });
    const second = runAsync(protect(set.table, 2, 2));
    await set.bench.settle(Promise.all([first, watch, second]));
    expect(hasSlipped).toBe(false);
  });
});
