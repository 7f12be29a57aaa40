import { describe, expect, test } from "vitest";
import { runAsync, runSync } from "../../../../src/block/plan.ts";
import { type CowFinding, planCowRepair } from "../../../../src/exception/mod.ts";
import { cowImage, entriesInOrder, openStore } from "../images.ts";
import { Bench } from "../rig.ts";
import { benchWithBad } from "./checked_image.ts";

const CHUNK = 8;
const SECTORS = 400;
const CLEAN = cowImage({ sectorCount: SECTORS, chunkSectors: CHUNK, entries: inOrder(37) });

function inOrder(count: number) {
  return entriesInOrder(count, CHUNK);
}

/** The clean image with stale bytes behind its end, and junk behind its header. */
function spoiled(): Uint8Array {
  const bytes = CLEAN.slice();
  bytes[4] = 3;
  bytes[100] = 9;
  bytes.fill(7, 3 * 512, 5 * 512);
  const area = CHUNK * 512;
  bytes.fill(8, area + 37 * 16, area + 37 * 16 + 8);
  bytes.fill(9, area + 39 * 16, area + 5 * 512);
  bytes.fill(10, area + 7 * 512, area + 8 * 512);
  return bytes;
}

function repair(bench: Bench, content: Uint8Array, logicalSectors = 1) {
  const cow = bench.disk("cow", content.length / 512, { content, logicalSectors });
  const found: CowFinding[] = [];
  const onFinding = (finding: CowFinding) => void found.push(finding);
  const report = runSync(planCowRepair({ cow: cow.device, onFinding }));
  const writes = bench.trace.filter(({ kind }) => kind !== "read");
  return { cow, report, found, writes };
}

test.each([1, 2, 4, 8])(
  "what takes no guess is repaired, durably, with blocks of %i sectors",
  (logicalSectors) => {
    const { cow, report, found } = repair(new Bench(), spoiled(), logicalSectors);
    expect(cow.bytes).toEqual(CLEAN);
    expect(cow.durable).toEqual(CLEAN);
    const kinds = ["oddValidWord", "junkBehindHeader", "staleTail"];
    expect(report.repaired.map(({ kind }) => kind)).toEqual(kinds);
    expect(found).toEqual(report.repaired);
    expect(report.before.counts).toEqual({ errors: 0, warnings: 1, notes: 2 });
    expect(report.after.counts).toEqual({ errors: 0, warnings: 0, notes: 0 });
  },
);

test("where nothing is wrong nothing is written, and a second repair finds nothing left", () => {
  const first = repair(new Bench(), CLEAN);
  expect([first.report.repaired, first.writes]).toEqual([[], []]);
  expect(first.report.after).toBe(first.report.before);
  const { cow } = repair(new Bench(), spoiled());
  expect(repair(new Bench(), cow.bytes).writes).toEqual([]);
});

test("only what is wrong is written", () => {
  const onlyTail = CLEAN.slice();
  onlyTail[CHUNK * 512 + 2000] = 1;
  const tail = repair(new Bench(), onlyTail);
  expect(tail.writes.every(({ kind, sector }) => kind === "flush" || sector >= CHUNK)).toBe(true);
  const onlyHeader = CLEAN.slice();
  onlyHeader[700] = 1;
  const header = repair(new Bench(), onlyHeader);
  expect(header.writes.every(({ sector }) => sector < CHUNK)).toBe(true);
  for (const { cow } of [tail, header]) expect(cow.durable).toEqual(CLEAN);
});

test.each([0, 31, 32, 33, 255])("a list of %i entries keeps them, wherever it ends", (count) => {
  const parts = { sectorCount: 2400, chunkSectors: CHUNK, entries: inOrder(count) };
  const clean = cowImage(parts);
  const stale = clean.slice();
  stale[CHUNK * 512 * 2 - 1] = 1;
  // The last old chunk of an area is no end: with 255 entries the end is entry 255.
  if (count === 255) stale[CHUNK * 512 * 2 - 1] = 0, stale[CHUNK * 512 * 2 - 16] = 1;
  const { cow, report } = repair(new Bench(), stale);
  expect(report.repaired.map(({ kind }) => kind)).toEqual(["staleTail"]);
  expect(cow.bytes).toEqual(clean);
});

describe("a loss of power in the midst of it is harmless", () => {
  /** The entries that a store loads. */
  function entriesOf(content: Uint8Array) {
    const bench = new Bench();
    const cow = bench.disk("cow", SECTORS, { content });
    return openStore(cow, bench.disk("source", SECTORS), CHUNK).runs;
  }

  test("after any step, with unflushed sectors kept or lost", () => {
    const before = entriesOf(spoiled());
    for (let step = 1; step < 40; step++) {
      const bench = new Bench();
      bench.fault = (_, index) => index >= step;
      const cow = bench.disk("cow", SECTORS, { content: spoiled() });
      let hasEnded = false;
      try {
        runSync(planCowRepair({ cow: cow.device }));
        hasEnded = true;
      } catch (error) {
        expect(error).toMatchObject({ code: "EIO" });
      }
      expect(entriesOf(cow.bytes)).toEqual(before);
      expect(entriesOf(cow.durable)).toEqual(before);
      for (let sector = 0; sector < 2 * CHUNK; sector++) {
        const torn = cow.durable.slice();
        torn.set(cow.bytes.subarray(sector * 512, sector * 512 + 512), sector * 512);
        expect(entriesOf(torn)).toEqual(before);
      }
      // What was begun can be taken up again.
      const again = repair(new Bench(), cow.bytes);
      expect(again.cow.bytes).toEqual(CLEAN);
      if (hasEnded) return;
    }
    expect.unreachable("a repair ends within 40 requests");
  });
});

test("what cannot be read behind the end is written anew, and loads again", () => {
  const bench = benchWithBad([CHUNK + 4]);
  const { cow, report, found } = repair(bench, CLEAN);
  expect(found.map(({ kind }) => kind)).toEqual(["unreadableTail"]);
  expect(report.before.state).toBe("refused");
  expect(report.after).toMatchObject({ state: "usable", exceptionCount: 37 });
  expect(cow.bytes).toEqual(CLEAN);
  expect(openStore(cow, bench.disk("source", SECTORS), CHUNK).state).toBe("loaded");
});

test.each<[string, (bytes: Uint8Array, view: DataView) => void]>([
  ["an entry on metadata", (_, view) => view.setUint32(CHUNK * 512 + 8, 1, true)],
  ["an old chunk twice", (_, view) => view.setUint32(CHUNK * 512, 5, true)],
  ["a chunk size that cannot be", (_, view) => view.setUint32(12, 7, true)],
  ["a foreign magic", (bytes) => void (bytes[0] = 1)],
  ["a magic of zero", (_, view) => view.setUint32(0, 0, true)],
  ["an invalid device", (_, view) => view.setUint32(4, 0, true)],
])("with %s nothing is written at all: whoever knows more finds it as it was", (_, spoil) => {
  const content = spoiled();
  spoil(content, new DataView(content.buffer));
  const { cow, report, writes } = repair(new Bench(), content);
  expect(writes).toEqual([]);
  expect(cow.bytes).toEqual(content);
  expect(report.repaired).toEqual([]);
  expect(report.after.counts.errors).toBeGreaterThan(0);
});

test("an unreadable area is not taken for an end", () => {
  const { report, writes } = repair(benchWithBad([CHUNK]), spoiled());
  expect(writes).toEqual([]);
  expect(report.repaired).toEqual([]);
});

test("a device that cannot be written says so, and is as it was", () => {
  const bench = new Bench();
  const content = spoiled();
  const { device } = bench.disk("cow", SECTORS, { content, readOnly: true });
  expect(() => runSync(planCowRepair({ cow: device }))).toThrow(
    expect.objectContaining({ code: "EROFS" }),
  );
});

test("the asynchronous face repairs the same", async () => {
  const bench = new Bench();
  const cow = bench.disk("cow", SECTORS, { content: spoiled() });
  const { after } = await bench.settle(runAsync(planCowRepair({ cow: cow.slow })));
  expect(after.state).toBe("usable");
  expect(cow.durable).toEqual(CLEAN);
});
