/** The bad-block target from outside: BBR-1 to BBR-6, what its users rely on. */
import { describe, expect, test } from "vitest";
import { runSync } from "../../../../src/block/plan.ts";
import { MappedDevice } from "../../../../src/mapper/mapped_device.ts";
import { createDust } from "../../../../src/targets/mod.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import {
  contentsAfter,
  contentsOf,
  createDisk,
  failureOf,
  openBench,
  placesFor,
  planOver,
} from "./rig.ts";

const BOTH = { reads: true, writes: true };
const UNREADABLE = { reads: true, writes: false };
const WHOLE = { reads: false, writes: false };

describe("BBR-1 a write that fails", () => {
  test("is relocated, reads right, and does so when the table is read again", () => {
    for (const blockSectors of [1, 8]) {
      const bench = openBench({ blockSectors });
      bench.breakBlocks(3, 1);
      bench.write(2, 3 * blockSectors, blockSectors);
      const expected = contentsAfter(bench.places, [2, 3 * blockSectors, blockSectors]);
      verifySectors(bench.read(), expected, 0, "the device");
      expect(bench.status()).toBe("1/8 0 0 AA");
      const again = bench.reopen();
      verifySectors(again.read(), expected, 0, "reopened");
      expect(again.status()).toBe("1/8 0 0 AA");
    }
  });

  test("of part of a block takes the rest along", () => {
    const bench = openBench({ blockSectors: 8 });
    bench.breakBlocks(3, 1);
    bench.write(2, 27, 3);
    verifySectors(bench.read(), contentsAfter(bench.places, [2, 27, 3]), 0, "the device");
    bench.write(3, 24, 1);
    expect(bench.status()).toBe("1/8 0 0 AA");
    verifySectors(bench.read(), contentsAfter(bench.places, [2, 27, 3], [3, 24, 1]), 0, "again");
  });

  test("of zeroes is relocated as well, whole blocks and parts", () => {
    const bench = openBench({ blockSectors: 8 });
    bench.breakBlocks(0, 4);
    bench.device.writeZeroesSync(4, 20);
    verifySectors(bench.read(), contentsAfter(bench.places, [0, 4, 20]), 0, "the device");
    expect(bench.status()).toBe("3/8 0 0 AA");
  });

  test("that covers many blocks relocates the bad ones and no others", () => {
    const bench = openBench({ blockSectors: 4 });
    for (const block of [2, 5, 6, 9]) bench.breakBlocks(block, 1);
    bench.write(2, 1, 140);
    verifySectors(bench.read(), contentsAfter(bench.places, [2, 1, 140]), 0, "the device");
    expect(bench.message("list")).toBe(
      [8, 20, 24, 36].map((sector, spare) =>
        `${sector} relocated to sector ${bench.places.spareSector + spare * 4}`
      ).join("\n"),
    );
  });

  test("is answered when data and table are durable: a loss of power takes nothing of it", () => {
    const bench = openBench({ blockSectors: 8 });
    bench.breakBlocks(3, 1);
    bench.write(2, 27, 3);
    expect(bench.disk.volatileCount).toBe(0);
  });

  test("below a flush that was promised: FUA goes where the block is", () => {
    const bench = openBench();
    bench.breakBlocks(3, 1);
    bench.write(2, 3, 1);
    bench.device.writeSync(patternOf(3, 3, 1), 3, { fua: true });
    expect(bench.disk.volatileCount).toBe(0);
    bench.write(4, 3, 1);
    expect(bench.disk.volatileCount).toBe(1);
    bench.device.flushSync();
    expect(bench.disk.volatileCount).toBe(0);
  });
});

describe("BBR-2 a read that fails", () => {
  test("is an error every time, fabricates nothing and relocates nothing", () => {
    const bench = openBench({ blockSectors: 4 });
    bench.breakBlocks(3, 1, UNREADABLE);
    const before = bench.disk.contents();
    const sector = new Uint8Array(512);
    for (let round = 0; round < 3; round++) {
      expect(failureOf(() => bench.device.readSync(sector, 13))).toBe("EIO");
    }
    expect(sector.every((byte) => byte === 0)).toBe(true);
    verifySectors(bench.disk.contents(), before, 0, "the disk");
    expect(bench.status()).toBe("0/8 0 1 AA");
    expect(bench.events).toEqual([{ kind: "unreadable", sector: 12 }]);
    expect(() => bench.device.readSync(sector, 13)).toThrow(
      'Cannot read sector 13 of "disk": its block is bad; a write will relocate it',
    );
  });

  test("marks its block, which the next write of it relocates at once", () => {
    const bench = openBench({ blockSectors: 4 });
    bench.breakBlocks(3, 1, UNREADABLE);
    expect(failureOf(() => bench.read())).toBe("EIO");
    bench.write(2, 12, 4);
    expect([bench.status(), bench.message("query", "12")]).toEqual([
      "1/8 0 0 AA",
      `12 relocated to sector ${bench.places.spareSector}`,
    ]);
    verifySectors(bench.read(), contentsAfter(bench.places, [2, 12, 4]), 0, "the device");
  });

  test("makes a write of part of its block fail, and costs no spare", () => {
    const bench = openBench({ blockSectors: 4 });
    bench.breakBlocks(3, 1, BOTH);
    expect(() => bench.write(2, 13, 1)).toThrow(
      'Cannot relocate the block at sector 12 of "disk": the rest of its block cannot be read; ' +
        "write the whole block",
    );
    expect(bench.status()).toBe("0/8 0 1 AA");
    bench.write(3, 12, 4);
    expect(bench.status()).toBe("1/8 0 0 AA");
    verifySectors(bench.read(), contentsAfter(bench.places, [3, 12, 4]), 0, "the device");
  });

  test("of many blocks marks the bad ones alone", () => {
    const bench = openBench({ blockSectors: 4 });
    for (const block of [2, 7]) bench.breakBlocks(block, 1, UNREADABLE);
    expect(failureOf(() => bench.read())).toBe("EIO");
    expect(bench.message("list")).toBe("8 in place, marked\n28 in place, marked");
  });

  test("of a relocated block is an error as well, and the next write moves it on", () => {
    const bench = openBench({ blockSectors: 4 });
    bench.breakBlocks(3, 1);
    bench.write(2, 12, 4);
    bench.breakSpare(0, UNREADABLE);
    expect(failureOf(() => bench.device.readSync(new Uint8Array(512), 12))).toBe("EIO");
    expect(bench.message("query", "12")).toMatch(/, marked$/);
    bench.write(3, 12, 4);
    expect(bench.status()).toBe("1/8 1 0 AA");
    verifySectors(bench.reopen().read(), contentsAfter(bench.places, [3, 12, 4]), 0, "the device");
  });

  test("for a moment only: the mark can be taken away", () => {
    const bench = openBench();
    bench.breakBlocks(3, 1, UNREADABLE);
    expect(failureOf(() => bench.read())).toBe("EIO");
    bench.breakBlocks(3, 1, WHOLE);
    bench.message("unmark", "3");
    bench.write(2, 3, 1);
    expect(bench.status()).toBe("0/8 0 0 AA");
  });
});

test("a block that is marked by message is relocated by the next write of it", () => {
  const bench = openBench({ blockSectors: 4 });
  bench.message("mark", "14");
  bench.write(2, 15, 10);
  expect(bench.message("list")).toBe(`12 relocated to sector ${bench.places.spareSector}`);
  verifySectors(bench.read(), contentsAfter(bench.places, [2, 15, 10]), 0, "the device");
});

describe("BBR-3 a spare that is bad", () => {
  test("is retired and skipped, durably, and what is behind it is found again", () => {
    const bench = openBench({ blockSectors: 4 });
    for (const spare of [0, 2, 3]) bench.breakSpare(spare);
    for (const block of [5, 6]) bench.breakBlocks(block, 1);
    bench.write(2, 20, 8);
    const { spareSector } = bench.places;
    const lines = `20 relocated to sector ${spareSector + 4}\n24 relocated to sector ${
      spareSector + 16
    }`;
    expect([bench.status(), bench.message("list")]).toEqual(["2/8 3 0 AA", lines]);
    expect(bench.events.filter(({ kind }) => kind === "spare retired")).toEqual(
      [0, 8, 12].map((offset) => ({ kind: "spare retired", spareSector: spareSector + offset })),
    );
    const again = bench.reopen();
    expect([again.status(), again.message("list")]).toEqual(["2/8 3 0 AA", lines]);
    again.breakBlocks(7, 1);
    again.write(3, 28, 4);
    expect(again.message("query", "28")).toBe(`28 relocated to sector ${spareSector + 20}`);
    verifySectors(again.read(), contentsAfter(bench.places, [2, 20, 8], [3, 28, 4]), 0, "again");
  });

  test("that holds a block already gives it up to the next one, as often as need be", () => {
    const bench = openBench({ blockSectors: 4 });
    bench.breakBlocks(5, 1);
    for (let round = 0; round < 8; round++) {
      bench.write(10 + round, 20, 4);
      bench.breakSpare(round);
    }
    expect(bench.status()).toBe("1/8 7 0 AA");
    const again = bench.reopen();
    expect(again.status()).toBe("1/8 7 0 AA");
    verifySectors(again.read(), contentsAfter(bench.places, [17, 20, 4]), 0, "the device");
  });
});

describe("BBR-4 one copy of the table", () => {
  test.each([0, 1] as const)("that cannot be written costs nothing: copy %d", (copy) => {
    const bench = openBench({ blockSectors: 4 });
    bench.breakBlocks(5, 1);
    bench.breakTable(copy);
    bench.write(2, 20, 4);
    const letters = copy === 0 ? "DA" : "AD";
    expect(bench.status()).toBe(`1/8 0 0 ${letters}`);
    expect(bench.events.map(({ kind }) => kind)).toEqual(["table copy failed", "relocated"]);
    expect(bench.events[0]).toMatchObject({ copy: copy + 1 });
    const again = bench.reopen();
    expect(again.status()).toBe(`1/8 0 0 ${letters}`);
    verifySectors(again.read(), contentsAfter(bench.places, [2, 20, 4]), 0, "the device");
    bench.breakTable(copy, WHOLE);
    expect(again.reopen().status()).toBe("1/8 0 0 AA");
  });

  test.each([0, 1] as const)("that is lost is written anew at the next start: copy %d", (copy) => {
    const bench = openBench({ blockSectors: 4 });
    bench.breakBlocks(5, 1);
    bench.write(2, 20, 4);
    const before = bench.disk.contents();
    bench.disk.writeSync(patternOf(77, 0, 1), bench.places.copySectors[copy]);
    const again = bench.reopen();
    expect(again.status()).toBe("1/8 0 0 AA");
    verifySectors(bench.disk.contents(), before, 0, "the disk");
  });

  test("and the other one: no target is made, and nothing is written", () => {
    const bench = openBench({ blockSectors: 4 });
    bench.breakBlocks(5, 1);
    bench.write(2, 20, 4);
    for (const copy of [0, 1]) {
      bench.disk.writeSync(patternOf(77, 0, 1), bench.places.copySectors[copy]!);
    }
    const before = bench.disk.contents();
    expect(() => bench.reopen()).toThrow('Cannot load the bad-block table of "disk"');
    verifySectors(bench.disk.contents(), before, 0, "the disk");
  });
});

describe("BBR-5 over dust", () => {
  test("writes that fail a few times are relocated, blocks that cannot be read are errors", () => {
    for (const failCount of [1, 2, 5]) {
      const places = placesFor({ blockSectors: 4 });
      const disk = createDisk(places);
      const dust = createDust({
        device: disk,
        startSector: 0,
        sectorCount: places.endSector,
        blockBytes: 512,
      });
      const below = new MappedDevice("dust");
      runSync(below.load([dust]));
      runSync(below.resume());
      const device = runSync(planOver(below, places));
      const { startSector } = places;
      dust.message?.(["addbadblock", String(startSector + 21), String(failCount)]);
      dust.message?.(["addbadblock", String(startSector + 41)]);
      dust.message?.(["enable"]);
      // A write mends the second one, as a disk does: it is not relocated.
      device.writeSync(patternOf(2, 20, 4), 20);
      const isMended = failCount === 1; // the request and then its block: two attempts
      expect(device.activeTargets?.[0]?.status()).toBe(
        isMended ? "0/8 0 0 AA" : "1/8 0 0 AA",
      );
      expect(failureOf(() => contentsOf(device))).toBe("EIO");
      device.writeSync(patternOf(3, 40, 4), 40);
      verifySectors(
        contentsOf(device),
        contentsAfter(places, [2, 20, 4], [3, 40, 4]),
        0,
        "the device",
      );
      device.closeSync();
      below.closeSync();
    }
  });
});

describe("BBR-6 when no spare is left", () => {
  test("the write fails, all that is relocated stays so, and everything else goes on", () => {
    const bench = openBench({ blockSectors: 4, spareCount: 2 });
    bench.breakBlocks(5, 3);
    bench.write(2, 20, 8);
    expect(() => bench.write(3, 28, 4)).toThrow(
      'Cannot relocate the block at sector 28 of "disk": no spare is left',
    );
    expect(bench.events.at(-1)).toEqual({ kind: "spares exhausted", sector: 28 });
    expect(bench.status()).toBe("2/2 0 0 AA");
    bench.write(4, 20, 8);
    bench.write(5, 40, 8);
    const again = bench.reopen();
    const bytes = again.read();
    const expected = contentsAfter(bench.places, [4, 20, 8], [5, 40, 8]);
    // Of the write that failed any sector may have landed.
    expected.set(bytes.subarray(28 * 512, 32 * 512), 28 * 512);
    verifySectors(bytes, expected, 0, "the device");
    expect(failureOf(() => again.write(6, 28, 4))).toBe("EIO");
    again.breakBlocks(7, 1, WHOLE);
    again.write(6, 28, 4);
    expect(again.status()).toBe("2/2 0 0 AA");
  });

  test("because all others are bad, it is the same, and they stay retired", () => {
    const bench = openBench({ spareCount: 3 });
    for (const spare of [0, 1, 2]) bench.breakSpare(spare);
    bench.breakBlocks(5, 1);
    expect(failureOf(() => bench.write(2, 5, 1))).toBe("EIO");
    expect(bench.reopen().status()).toBe("0/3 3 0 AA");
  });

  test("watermarks tell before: each once, in percent of the spares handed out", () => {
    const bench = openBench({ spareCount: 10 }, { watermarksPercent: [30, 100] });
    bench.breakBlocks(0, 11);
    const percents: number[][] = [];
    for (let block = 0; block < 10; block++) {
      bench.write(2, block, 1);
      percents.push(
        bench.events.flatMap((event) => event.kind === "usage" ? [event.percent] : []),
      );
    }
    expect(percents[1]).toEqual([]);
    expect(percents[2]).toEqual([30]);
    expect(percents[8]).toEqual([30]);
    expect(percents[9]).toEqual([30, 100]);
  });
});
