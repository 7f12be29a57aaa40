/** Exceptions that are made again elsewhere, because their chunk went bad. */
import { describe, expect, test } from "vitest";
import { runAsync, runSync, writeStep } from "../../../src/block/plan.ts";
import { type ExceptionRun, ExceptionTable, RelocationStore } from "../../../src/exception/mod.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { Bench } from "./rig.ts";

describe("one device as source and destination: blocks and their spares", () => {
  /** Blocks of 8 sectors from sector 8 to 87, spares from 160 on. */
  async function setUpSpares({ isSlow = false, spareCount = 4 } = {}) {
    const bench = new Bench();
    const disk = bench.disk("disk", 400, { content: patternOf(1, 0, 104) });
    const device = isSlow ? disk.slow : disk.device;
    const store = new RelocationStore({
      device,
      blockSectors: 8,
      startSector: 8,
      sectorCount: 80,
      spareSector: 160,
      spareCount,
      copySectors: [120, 128],
    });
    const open = ExceptionTable.open({ source: device, destination: device, store });
    const { table } = await bench.settle(runAsync(open));
    await bench.settle(runAsync(store.mend()));
    bench.trace = [];
    const fill = (write: number) =>
      function* ({ oldChunk, newChunk }: ExceptionRun) {
        yield writeStep(device, patternOf(write, oldChunk * 8, 8), newChunk * 8);
      };
    return { bench, disk, store, table, fill };
  }

  test("an exception is made again elsewhere, and the earlier one is in use until then", async () => {
    const { bench, disk, store, table, fill } = await setUpSpares({ isSlow: true });
    await bench.settle(runAsync(table.break(3, 1, "now", fill(2))));
    const again = runAsync(table.replace(3, fill(3)));
    const seen = new Set<number>();
    while (bench.held.length > 0) {
      seen.add(table.find(3, 1));
      await bench.release();
    }
    expect([await again, table.find(3, 1), table.exceptionCount]).toEqual([1, 21, 1]);
    expect([...seen]).toEqual([20]);
    verifySectors(disk.bytes.subarray(168 * 512, 176 * 512), patternOf(3, 24, 8), 168, "the spare");
    expect([store.usedCount, store.retiredCount]).toEqual([1, 1]);
    table.check();
  });

  test("in the midst of a run only the one is made again", async () => {
    const { table, fill } = await setUpSpares();
    runSync(table.break(3, 3, "now", fill(2)));
    expect(runSync(table.replace(4, fill(3)))).toBe(1);
    expect(table.runs()).toEqual([
      { oldChunk: 3, newChunk: 20, count: 1 },
      { oldChunk: 5, newChunk: 22, count: 1 },
      { oldChunk: 4, newChunk: 23, count: 1 },
    ]);
    table.check();
  });

  test("without room none is made, and the earlier one stays", async () => {
    const { table, fill } = await setUpSpares({ spareCount: 1 });
    runSync(table.break(3, 1, "now", fill(2)));
    expect([runSync(table.replace(3, fill(3))), table.find(3, 1), table.isValid]).toEqual([
      0,
      20,
      true,
    ]);
    table.check();
  });

  test("what cannot be filled is retired, the failure is told, and the table stays valid", async () => {
    const { bench, store, table, fill } = await setUpSpares();
    runSync(table.break(3, 1, "now", fill(2)));
    bench.fault = ({ sector }) => sector === 168;
    expect(() => runSync(table.replace(3, fill(3)))).toThrow("The medium is worn");
    expect([table.find(3, 1), table.isValid, store.retiredCount]).toEqual([20, true, 1]);
    expect([runSync(table.replace(3, fill(3))), table.find(3, 1)]).toEqual([1, 22]);
    table.check();
  });

  test("what cannot be committed leaves the earlier one in use, and the table invalid", async () => {
    const { bench, table, fill } = await setUpSpares();
    runSync(table.break(3, 1, "now", fill(2)));
    bench.fault = ({ kind }) => kind === "flush";
    expect(() => runSync(table.replace(3, fill(3)))).toThrow(
      'Cannot make an exception on "disk": its exceptions are invalid now',
    );
    expect([table.find(3, 1), table.isValid]).toEqual([20, false]);
    table.check();
  });

  test("only what is complete is made again", async () => {
    const { table, fill } = await setUpSpares();
    expect(() => runSync(table.replace(3, fill(2)))).toThrow("only a complete exception");
  });
});
