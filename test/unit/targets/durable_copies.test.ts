import { expect, test } from "vitest";
import { runAsync, runSync } from "../../../src/block/plan.ts";
import { Copier } from "../../../src/copier/mod.ts";
import { copyDurably, type DurableCopy } from "../../../src/targets/durable_copies.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { Bench, quiet } from "../exception/rig.ts";

/** A disk that is copied from, and one that is copied to. */
function twoDisks() {
  const bench = new Bench();
  const from = bench.disk("from", 40, { content: patternOf(2, 0, 40) });
  return { bench, from, to: bench.disk("to", 40) };
}

/** Copies to the places where they come from. */
const sameSectors = (source: DurableCopy["source"], ...ranges: [sector: number, count: number][]) =>
  ranges.map(([sector, sectorCount]) => ({ source, sector, targetSector: sector, sectorCount }));

test("copies in one stretch are made one after another, and flushed once", () => {
  const { bench, from, to } = twoDisks();
  const copies = sameSectors(from.device, [20, 5], [0, 3]);
  runSync(copyDurably(new Copier(), to.device, copies, Infinity));
  expect(bench.takeTrace()).toEqual([
    "from read 20+5",
    "to write 20+5",
    "from read 0+3",
    "to write 0+3",
    "to flush",
  ]);
});

test("each stretch but the last is flushed beside the copying of the next", async () => {
  const { bench, from, to } = twoDisks();
  const copies = sameSectors(from.slow, [0, 5], [10, 3], [20, 4]);
  const work = runAsync(copyDurably(new Copier(), to.slow, copies, 4));
  await quiet();
  const seen: string[][] = [];
  while (bench.held.length > 0) {
    seen.push(bench.heldWords());
    await bench.release(/from|to write/).catch(() => bench.release());
  }
  await work;
  expect(seen).toEqual([
    ["from read 0+4"],
    ["to write 0+4"],
    ["to flush", "from read 4+1"],
    ["to flush", "to write 4+1"],
    ["to flush", "from read 10+3"],
    ["to flush", "to write 10+3"],
    ["to flush"],
    ["to flush", "from read 20+4"],
    ["to flush", "to write 20+4"],
    ["to flush"],
    ["to flush"],
  ]);
  verifySectors(
    to.durable.subarray(20 * 512, 24 * 512),
    patternOf(2, 20, 4),
    20,
    "what is durable",
  );
});

test("at the end all is durable, whatever overtakes what", async () => {
  for (const stretchSectors of [1, 3, 7, 40]) {
    const { bench, from, to } = twoDisks();
    const copies = sameSectors(from.slow, [0, 17], [17, 1], [18, 22]);
    const work = runAsync(copyDurably(new Copier(), to.slow, copies, stretchSectors));
    await quiet();
    // A flush that ends first has the least in it.
    while (bench.held.length > 0) await bench.release(/flush/).catch(() => bench.release());
    await work;
    bench.powerCut();
    verifySectors(to.bytes, patternOf(2, 0, 40), 0, "what is durable");
  }
});

test("nothing to copy is a flush", () => {
  const { bench, from, to } = twoDisks();
  runSync(copyDurably(new Copier(), to.device, sameSectors(from.device, [3, 0]), 1));
  expect(bench.takeTrace()).toEqual(["to flush"]);
});

test("a flush that fails beside a copy fails all, and nothing is copied after it", async () => {
  const { bench, from, to } = twoDisks();
  bench.fault = ({ kind }) => kind === "flush";
  const copies = sameSectors(from.slow, [0, 12]);
  const work = runAsync(copyDurably(new Copier(), to.slow, copies, 4));
  await expect(bench.settle(work)).rejects.toMatchObject({ code: "EIO" });
  expect(bench.takeTrace()).toEqual([
    "from read 0+4",
    "to write 0+4",
    "to flush",
    "from read 4+4",
    "to write 4+4",
  ]);
});

test("a copy that fails beside a flush fails all, when the flush has ended", async () => {
  const { bench, from, to } = twoDisks();
  bench.fault = ({ kind, sector }) => kind === "write" && sector === 4;
  const copies = sameSectors(from.slow, [0, 12]);
  const work = runAsync(copyDurably(new Copier(), to.slow, copies, 4));
  let isOver = false;
  work.catch(() => {}).finally(() => isOver = true);
  await quiet();
  for (let step = 0; step < 4; step++) await bench.release(/from|to write/);
  expect([bench.heldWords(), isOver]).toEqual([["to flush"], false]);
  await bench.release();
  await expect(work).rejects.toMatchObject({ code: "EIO" });
  expect(bench.held).toEqual([]);
});
