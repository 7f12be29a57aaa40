/** Writing the two copies of a bad-block table: one of them is whole at any moment. */
import { describe, expect, test } from "vitest";
import { runSync } from "../../../../src/block/plan.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { again, at, COPIES, imageOf, type SetUp, setUp, SPARE, withTable } from "./copies.ts";
import { sectorByHand } from "./tables.ts";

describe("writing", () => {
  function loaded(options: SetUp = {}) {
    const set = withTable(options);
    runSync(set.copies.read());
    set.bench.trace = [];
    return set;
  }

  test("a change is a new edition, durable in the first copy before the second is begun", () => {
    const set = loaded();
    runSync(set.copies.write(1, (sector) => sector.setSlot(1, SPARE + 32, 2000)));
    expect(set.bench.takeTrace()).toEqual(["disk write 9+1 fua", "disk write 25+1 fua"]);
    const wanted = sectorByHand({ sequence: 7, slots: [[1001, SPARE + 31], [2000, SPARE + 32]] });
    for (const copy of [0, 1]) verifySectors(at(set.disk, copy, 1), wanted, 0, `copy ${copy}`);
  });

  test("the edition behind 2^32 - 1 is 0", () => {
    const set = withTable();
    const slots = [[1000, SPARE]] as const;
    for (const copy of [0, 1]) {
      at(set.disk, copy, 0).set(sectorByHand({ sequence: 2 ** 32 - 1, slots }));
    }
    runSync(set.copies.read());
    runSync(set.copies.write(0));
    const next = again(set);
    runSync(next.copies.read());
    expect(next.copies.sector(0).sequence).toBe(0);
    expect(next.copies.areWhole).toEqual([true, true]);
  });

  test("one copy that fails is behind, and the next change reaches it far ahead", () => {
    for (const copy of [0, 1] as const) {
      const set = loaded();
      set.bench.fault = ({ sector }) => sector === COPIES[copy];
      runSync(set.copies.write(0, (sector) => sector.setSlot(1, SPARE + 1, 50)));
      expect(set.copies.areWhole[copy]).toBe(false);
      const next = again(set);
      set.bench.fault = () => false;
      runSync(next.copies.read());
      expect(next.copies.sector(0).slot(1, SPARE + 1)).toBe(50);
      expect(next.copies.areWhole[copy]).toBe(false);
      runSync(set.copies.write(0, (sector) => sector.setSlot(2, SPARE + 2, 51)));
      expect([set.copies.areWhole, set.copies.sector(0).sequence]).toEqual([[true, true], 22]);
    }
  });

  test("both copies that fail make the change fail, and the image is as before", () => {
    const set = loaded();
    const before = set.disk.bytes.slice();
    set.bench.fault = ({ kind }) => kind === "write";
    expect(() => runSync(set.copies.write(0, (sector) => sector.setSlot(1, SPARE + 1, 50))))
      .toThrow(
        'Cannot write sector 0 of the bad-block table on "disk": both copies fail',
      );
    expect(set.copies.areWhole).toEqual([false, false]);
    verifySectors(imageOf(set), Buffer.concat(set.sectors), 0, "the table");
    expect(set.copies.sector(0).frameFault()).toBeNull();
    verifySectors(set.disk.bytes, before, 0, "the disk");
  });

  test("in larger blocks neighbours are written as they are, also after a change that failed", () => {
    const set = loaded({ logicalSectors: 8 });
    const isWhole = () => {
      for (const copy of [0, 1]) {
        for (const index of [0, 1, 2]) {
          const bytes = at(set.disk, copy, index);
          verifySectors(sectorByHand(readByHand(bytes)), bytes, index, `copy ${copy}`);
        }
      }
    };
    runSync(set.copies.write(2, (sector) => sector.setSlot(1, SPARE + 63, 60)));
    expect(set.bench.takeTrace()).toEqual(["disk write 8+8 fua", "disk write 24+8 fua"]);
    isWhole();
    set.bench.fault = ({ kind }) => kind === "write";
    expect(() => runSync(set.copies.write(1, (sector) => sector.setSlot(1, SPARE + 32, 61))))
      .toThrow();
    set.bench.fault = () => false;
    runSync(set.copies.mend());
    isWhole();
    runSync(set.copies.write(2, (sector) => sector.setSlot(2, SPARE + 64, 62)));
    isWhole();
    const next = again(set);
    runSync(next.copies.read());
    expect(next.copies.sector(1).slot(1, SPARE + 32)).toBe("free");
  });

  test("what cannot be mended stays behind, and the rest is mended", () => {
    const set = withTable();
    for (const index of [0, 1, 2]) at(set.disk, 1, index).fill(0);
    runSync(set.copies.read());
    set.bench.fault = ({ kind, sector }) => kind === "write" && sector === COPIES[1] + 1;
    runSync(set.copies.mend());
    expect(set.copies.areWhole).toEqual([true, false]);
    for (const index of [0, 2]) {
      verifySectors(at(set.disk, 1, index), at(set.disk, 0, index), index, "the copy");
    }
    set.bench.fault = () => false;
    runSync(set.copies.mend());
    expect(set.copies.areWhole).toEqual([true, true]);
  });

  test("no change is written while another sector is in neither copy: a load would refuse it", () => {
    const set = setUp();
    runSync(set.copies.read());
    const isBad = (sector: number) => COPIES.some((start) => sector === start + 1);
    set.bench.fault = ({ kind, sector }) => kind === "write" && isBad(sector);
    runSync(set.copies.mend());
    const before = set.disk.bytes.slice();
    expect(() => runSync(set.copies.write(0, (sector) => sector.setSlot(0, SPARE, 9)))).toThrow(
      'Cannot write sector 1 of the bad-block table on "disk": both copies fail',
    );
    verifySectors(set.disk.bytes, before, 0, "the disk");
    expect(runSync(again(set).copies.read())).toBe("fresh");
    set.bench.fault = () => false;
    runSync(set.copies.mend());
    runSync(set.copies.write(0, (sector) => sector.setSlot(0, SPARE, 9)));
    expect(runSync(again(set).copies.read())).toBe("loaded");
  });
});

/** The parts of a sector, read by hand. */
function readByHand(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 512);
  const slots: Record<number, readonly [bigint, bigint]> = {};
  for (let index = 0; index < 31; index++) {
    const spare = view.getBigUint64(24 + index * 16, true);
    if (spare !== 0n) slots[index] = [view.getBigUint64(16 + index * 16, true), spare];
  }
  return { sequence: view.getUint32(8, true), slots };
}
