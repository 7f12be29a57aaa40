import { expect, test } from "vitest";
import { checked } from "../../../../src/block/checked.ts";
import { runAsync, runSync } from "../../../../src/block/plan.ts";
import { SECTORS_MAX } from "../../../../src/block/units.ts";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { type CowFinding, planCowCheck } from "../../../../src/exception/mod.ts";
import { CHUNKS_MAX } from "../../../../src/kernel/mod.ts";
import { cowImage, entriesInOrder, type Entry, openStore } from "../images.ts";
import { Bench } from "../rig.ts";

const content = cowImage({
  sectorCount: 110,
  chunkSectors: 1,
  entries: { ...entriesInOrder(40, 1), 3: [3, 1], 7: [7, 2], 39: [2, 700] },
});

test("the asynchronous face is told the same", async () => {
  const bench = new Bench();
  const told: CowFinding[][] = [];
  const listen = () => {
    const findings: CowFinding[] = [];
    told.push(findings);
    return (finding: CowFinding) => void findings.push(finding);
  };
  const now = bench.disk("cow", 110, { content });
  const report = runSync(planCowCheck({ cow: now.device, onFinding: listen() }));
  const later = bench.disk("cow", 110, { content });
  const work = runAsync(planCowCheck({ cow: later.slow, onFinding: listen() }));
  expect(await bench.settle(work)).toEqual(report);
  expect(told[1]).toEqual(told[0]);
  expect(told[0]?.length).toBe(5);
});

test("nobody needs to listen", () => {
  const cow = createMemoryDevice({ sectorCount: 110, content });
  expect(runSync(planCowCheck({ cow })).counts).toEqual({ errors: 4, warnings: 0, notes: 1 });
});

test("a closed device is an error of the check, not a finding", () => {
  const cow = createMemoryDevice({ sectorCount: 110, content });
  cow.closeSync();
  expect(() => runSync(planCowCheck({ cow }))).toThrow(
    expect.objectContaining({ code: "ESHUTDOWN" }),
  );
});

test("any number of checks leaves no memory behind, however they end", () => {
  let failsAt = 0;
  const cow = checked({
    name: "cow",
    sectorCount: 110,
    supports: { write: false, discard: false, discardZeroes: false, permanence: true },
    readSync(target, sector) {
      if (sector === 34 && failsAt++ % 2 === 0) throw new Error("not a device's refusal");
      target.set(content.subarray(sector * 512, sector * 512 + target.length));
    },
    writeSync() {},
    flushSync() {},
    closeSync() {},
  });
  // An arena has 512 indexes, and a check has two.
  for (let count = 0; count < 300; count++) {
    expect(() => runSync(planCowCheck({ cow }))).toThrow("not a device's refusal");
    expect(runSync(planCowCheck({ cow })).state).toBe("refused");
  }
});

test("the largest device there can be, with nothing on it, is checked at once", () => {
  const header = cowImage({ sectorCount: 2, chunkSectors: 1 });
  const sectorCount = CHUNKS_MAX;
  const cow = createMemoryDevice({ sectorCount, content: header });
  let readBytes = 0;
  const counting = checked({
    name: "cow",
    sectorCount,
    supports: { write: false, discard: false, discardZeroes: false, permanence: true },
    readSync(target, sector) {
      readBytes += target.length;
      cow.readSync(target, sector);
    },
    writeSync() {},
    flushSync() {},
    closeSync() {},
  });
  expect(runSync(planCowCheck({ cow: counting }))).toMatchObject({ state: "usable", areaCount: 1 });
  expect(readBytes).toBe(1024);
  cow.closeSync();
});

test("a device that is more chunks than can be used is refused", () => {
  const content = cowImage({ sectorCount: 2, chunkSectors: 1 });
  const cow = createMemoryDevice({ sectorCount: SECTORS_MAX, content });
  const kinds: string[] = [];
  const report = runSync(planCowCheck({ cow, onFinding: ({ kind }) => void kinds.push(kind) }));
  expect([report.state, kinds]).toEqual(["refused", ["unusableChunkSize"]]);
  cow.closeSync();
});

test("a device full of garbage is read once, and every fault of it is told", () => {
  const garbage = new Uint8Array(3000 * 512).fill(0xa5);
  garbage.set(cowImage({ sectorCount: 1, chunkSectors: 1 }));
  const cow = createMemoryDevice({ sectorCount: 3000, content: garbage });
  let count = 0;
  const report = runSync(planCowCheck({ cow, onFinding: () => void count++ }));
  // Old and new chunk of every entry of every area; the last area is full.
  const areaCount = Math.ceil((3000 - 1) / 33);
  expect(report).toMatchObject({ areaCount, exceptionCount: areaCount * 32, usedChunks: 0 });
  expect(report.counts).toEqual({ errors: areaCount * 64 + 1, warnings: 0, notes: 0 });
  expect(count).toBe(areaCount * 64 + 1);
});

test("there is an error exactly when a store does not load", () => {
  for (let place = 0; place < 41; place++) {
    for (const [oldChunk, newChunk] of [[place, 1], [2, 80], [64, 80], [60, 110], [60, 80]]) {
      const entries: Entry[] = entriesInOrder(40, 1);
      entries[place] = [oldChunk!, newChunk!];
      const bench = new Bench();
      const image = cowImage({ sectorCount: 110, chunkSectors: 1, entries });
      const cow = bench.disk("cow", 110, { content: image });
      const source = bench.disk("source", 64);
      const { state } = runSync(planCowCheck({ cow: cow.device, origin: source.device }));
      const olds = entries.map(([old]) => old);
      const isTwice = new Set(olds).size < olds.length; // The table's to find, not the store's.
      let loads = true;
      try {
        openStore(cow, source, 1);
      } catch {
        loads = false;
      }
      expect(state === "usable").toBe(loads && !isTwice);
    }
  }
});
