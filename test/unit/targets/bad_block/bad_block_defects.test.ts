/** What EVMS's module got wrong, each defect with its number. */
import { describe, expect, test } from "vitest";
import { runAsync } from "../../../../src/block/plan.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { NO_SECTOR, sectorByHand } from "../../exception/relocation/tables.ts";
import { Bench } from "../../exception/rig.ts";
import { contentsAfter, createDisk, failureOf, openBench, placesFor, planOver } from "./rig.ts";

const UNREADABLE = { reads: true, writes: false };
const WHOLE = { reads: false, writes: false };

describe("the eight defects of EVMS's module", () => {
  test("1: a read that fails is no relocation", () => {
    const bench = openBench();
    bench.breakBlocks(3, 1, UNREADABLE);
    expect(failureOf(() => bench.read())).toBe("EIO");
    expect([bench.status(), bench.reopen().status()]).toEqual(["0/8 0 1 AA", "0/8 0 0 AA"]);
  });

  test("2: a bad spare leaves no hole in which what is behind it is lost", () => {
    const places = placesFor();
    const disk = createDisk(places);
    // As EVMS left it: two slots in use, it says, and the second of them is the third.
    const slots = {
      0: [places.startSector + 4, places.spareSector],
      2: [places.startSector + 9, places.spareSector + 2],
    } as const;
    for (const copy of places.copySectors) {
      disk.writeSync(sectorByHand({ slots, usedCount: 2 }), copy);
    }
    disk.writeSync(patternOf(5, 4, 1), places.spareSector);
    disk.writeSync(patternOf(5, 9, 1), places.spareSector + 2);
    const bench = openBench({}, {}, disk);
    verifySectors(bench.read(), contentsAfter(places, [5, 4, 1], [5, 9, 1]), 0, "the device");
    bench.breakBlocks(20, 1);
    bench.write(6, 20, 1);
    expect(bench.message("query", "20")).toBe(`20 relocated to sector ${places.spareSector + 3}`);
  });

  test("3: the second copy is used when the first is damaged, and the later edition of two whole ones", () => {
    const places = placesFor();
    const spare = (at: number, write: number, disk: ReturnType<typeof createDisk>) =>
      disk.writeSync(patternOf(write, 4, 1), places.spareSector + at);
    const old = sectorByHand({
      sequence: 4,
      slots: [[places.startSector + 4, places.spareSector]],
    });
    const slots = [[NO_SECTOR, places.spareSector], [
      places.startSector + 4,
      places.spareSector + 1,
    ]] as const;
    const late = sectorByHand({ sequence: 6, slots });
    const damaged = late.map((byte, at) => at === 100 ? byte ^ 1 : byte);
    for (const [first, second] of [[damaged, late], [old, late], [late, old], [late, damaged]]) {
      const disk = createDisk(places);
      spare(0, 5, disk);
      spare(1, 6, disk);
      disk.writeSync(first!, places.copySectors[0]);
      disk.writeSync(second!, places.copySectors[1]);
      const bench = openBench({}, {}, disk);
      verifySectors(bench.read(), contentsAfter(places, [6, 4, 1]), 0, "the device");
    }
  });

  test("4: the copies are never both under way", async () => {
    const places = placesFor({ blockSectors: 4 });
    const rig = new Bench();
    const disk = rig.disk("disk", places.endSector);
    const device = await rig.settle(runAsync(planOver(disk.slow, places)));
    rig.fault = ({ kind, sector }) => kind === "write" && sector === places.startSector + 20;
    const work = device.write(patternOf(2, 20, 4), 20);
    const most: number[] = [];
    while (rig.held.length > 0) {
      const tables = rig.held.filter(({ request }) =>
        request.kind === "write" && places.copySectors.includes(request.sector)
      );
      most.push(tables.length);
      if (tables.length > 0) expect(tables[0]!.request.fua).toBe(true);
      await rig.release();
    }
    await work;
    expect(Math.max(...most)).toBe(1);
    await rig.settle(device.close());
  });

  test("5: the checksum is of the bytes on the device", () => {
    const bench = openBench();
    bench.breakBlocks(3, 1);
    bench.write(2, 3, 1);
    const { copySectors, startSector, spareSector } = bench.places;
    const bytes = bench.disk.contents();
    for (const copy of copySectors) {
      const sector = bytes.subarray(copy * 512, (copy + 1) * 512);
      const sequence = new DataView(sector.buffer, sector.byteOffset).getUint32(8, true);
      const slots = [[startSector + 3, spareSector]] as const;
      verifySectors(sector, sectorByHand({ sequence, slots }), copy, "the table");
    }
  });

  test("6: a relocated block whose spare fails is relocated again", () => {
    const bench = openBench();
    bench.breakBlocks(3, 1);
    bench.write(2, 3, 1);
    bench.breakSpare(0);
    bench.write(3, 3, 1);
    verifySectors(bench.read(), contentsAfter(bench.places, [3, 3, 1]), 0, "the device");
    verifySectors(bench.reopen().read(), contentsAfter(bench.places, [3, 3, 1]), 0, "reopened");
  });

  test("7: a request that begins or ends anywhere finds every relocated block in it", () => {
    const bench = openBench({ blockSectors: 8, blockCount: 12 });
    const blocks = [0, 3, 4, 7, 11];
    for (const block of blocks) bench.breakBlocks(block, 1);
    bench.write(2, 0, 96);
    // What lies in place of relocated blocks must never be read again.
    for (const block of blocks) {
      bench.breakBlocks(block, 1, WHOLE);
      bench.disk.writeSync(patternOf(99, 0, 8), bench.places.startSector + block * 8);
    }
    const expected = patternOf(2, 0, 96);
    for (let start = 0; start < 96; start++) {
      for (let end = start + 1; end <= 96; end += 1 + (start % 3)) {
        const bytes = new Uint8Array((end - start) * 512);
        bench.device.readSync(bytes, start);
        verifySectors(bytes, expected.subarray(start * 512, end * 512), start, "the read");
      }
    }
  });

  test("8: many writers at once are one after the other where they must be", async () => {
    const bench = openBench({ blockSectors: 8, spareCount: 31 });
    bench.breakBlocks(0, 20);
    const writes = Array.from(
      { length: 160 },
      (_, sector) => bench.device.write(patternOf(2, sector, 1), sector),
    );
    await Promise.all(writes);
    expect(bench.status()).toBe("20/31 0 0 AA");
    verifySectors(bench.reopen().read(), contentsAfter(bench.places, [2, 0, 160]), 0, "the device");
  });
});
