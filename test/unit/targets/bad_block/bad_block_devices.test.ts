/** What the bad-block target tells, and the devices and tables it lives with. */
import { describe, expect, test } from "vitest";
import { runAsync, runSync } from "../../../../src/block/plan.ts";
import { planBadBlock } from "../../../../src/targets/mod.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { Bench } from "../../exception/rig.ts";
import {
  contentsAfter,
  contentsOf,
  createDisk,
  failureOf,
  openBench,
  placesFor,
  planOver,
} from "./rig.ts";

const UNREADABLE = { reads: true, writes: false };
const WHOLE = { reads: false, writes: false };

describe("what it tells", () => {
  test("its status: spares used and all, retired ones, marks, and the state of each copy", () => {
    const bench = openBench({ spareCount: 5 });
    expect(bench.status()).toBe("0/5 0 0 AA");
    bench.message("mark", "7");
    bench.breakBlocks(3, 1);
    bench.breakSpare(0);
    bench.breakTable(1);
    bench.write(2, 3, 1);
    expect(bench.status()).toBe("1/5 1 1 AD");
    bench.breakTable(0);
    bench.breakBlocks(4, 1);
    expect(failureOf(() => bench.write(3, 4, 1))).toBe("EIO");
    expect(bench.status()).toBe("1/5 1 2 DD");
  });

  test("its table line: what it was made of", () => {
    const bench = openBench({ blockSectors: 8 }, { deviceWord: () => "254:0" });
    const { startSector, copySectors, tableSectors, spareSector, spareCount } = bench.places;
    expect(bench.device.activeTargets?.[0]?.table()).toBe(
      `254:0 ${startSector} ${copySectors[0]} ${copySectors[1]} ${tableSectors} ${spareSector} ` +
        `${spareCount} 4096`,
    );
    const [target] = openBench().device.activeTargets ?? [];
    expect(target?.table()).toMatch(/^disk /);
  });

  test("every event wakes a waiter, and the log has what went wrong with the disk", () => {
    const bench = openBench();
    bench.breakBlocks(3, 1);
    bench.breakSpare(0);
    bench.write(2, 3, 1);
    expect(bench.events.map(({ kind }) => kind)).toEqual(["spare retired", "relocated"]);
    expect(bench.device.eventNumber).toBe(2);
    expect(bench.log).toEqual([`bbr: spare sector ${bench.places.spareSector} is bad`]);
    expect(bench.events.at(-1)).toEqual({
      kind: "relocated",
      sector: 3,
      spareSector: bench.places.spareSector + 1,
    });
  });

  test("both copies that fail: the write is an error, reads and other writes go on", () => {
    const bench = openBench();
    bench.breakBlocks(3, 2);
    bench.write(2, 3, 1);
    for (const copy of [0, 1] as const) bench.breakTable(copy);
    expect(() => bench.write(3, 4, 1)).toThrow(
      'Cannot relocate the block at sector 4 of "disk": its table cannot be written',
    );
    expect(bench.log).toEqual([
      "bbr: both copies of the table fail, no more blocks can be relocated",
    ]);
    expect(bench.events.filter(({ kind }) => kind === "table copy failed").length).toBe(2);
    bench.write(4, 3, 1);
    bench.write(4, 10, 1);
    verifySectors(bench.read(), contentsAfter(bench.places, [4, 3, 1], [4, 10, 1]), 0, "it");
  });

  test("a block whose relocation could not be noted takes no write in place that a load would lose", () => {
    const bench = openBench();
    bench.breakBlocks(4, 1);
    for (const copy of [0, 1] as const) bench.breakTable(copy);
    expect(failureOf(() => bench.write(3, 4, 1))).toBe("EIO");
    bench.breakBlocks(4, 1, WHOLE);
    expect(failureOf(() => bench.write(4, 4, 1))).toBe("EIO");
    for (const copy of [0, 1] as const) bench.breakTable(copy, WHOLE);
    const again = bench.reopen();
    again.write(5, 4, 1);
    verifySectors(again.read(), contentsAfter(bench.places, [5, 4, 1]), 0, "the device");
  });
});

describe("discards", () => {
  test("go where the blocks are, and never to a place that a block has left", () => {
    const bench = openBench({ blockSectors: 8 });
    for (const block of [1, 2, 4]) bench.breakBlocks(block, 1);
    bench.write(2, 8, 40);
    const before = bench.disk.contents();
    bench.device.discardSync(12, 30);
    const expected = contentsAfter(bench.places, [2, 8, 40], [0, 12, 30]);
    verifySectors(bench.read(), expected, 0, "the device");
    const start = (bench.places.startSector + 12) * 512;
    verifySectors(
      bench.disk.contents().subarray(start, start + 12 * 512),
      before.subarray(start, start + 12 * 512),
      12,
      "the places that were left",
    );
  });
});

describe("devices of all kinds", () => {
  test("4K blocks: everything in whole blocks, also the table", () => {
    const setUp = { blockSectors: 8, logicalSectors: 8, spareCount: 70 };
    const bench = openBench(setUp);
    expect(bench.device.limits.logicalSectors).toBe(8);
    bench.breakBlocks(0, 40);
    bench.write(2, 0, 320);
    expect(bench.status()).toBe("40/70 0 0 AA");
    expect(failureOf(() => bench.write(3, 1, 1))).toBe("EINVAL");
    verifySectors(bench.reopen().read(), patternOf(2, 0, 320), 0, "the device");
  });

  test("one with only the asynchronous face", async () => {
    const places = placesFor({ blockSectors: 4 });
    const rig = new Bench();
    const disk = rig.disk("disk", places.endSector);
    const device = await rig.settle(runAsync(planOver(disk.slow, places)));
    expect(device.supports.sync).toBe(false);
    rig.fault = ({ kind, sector, sectorCount }) => {
      const bad = places.startSector + 21;
      return kind === "write" && sector <= bad && bad < sector + sectorCount;
    };
    await rig.settle(
      Promise.all([3, 4, 5].map((block) => device.write(patternOf(2, block * 4, 4), block * 4))),
    );
    const bytes = new Uint8Array(12 * 512);
    await rig.settle(device.read(bytes, 12));
    verifySectors(bytes, patternOf(2, 12, 12), 12, "the device");
    expect(device.activeTargets?.[0]?.status()).toBe("1/8 0 0 AA");
    await rig.settle(device.close());
    expect(() => runSync(planOver(disk.slow, places))).toThrow(
      expect.objectContaining({ code: "ENOTSUP" }),
    );
  });

  test("a synchronous write beside an asynchronous one of its block says EAGAIN, or is performed", async () => {
    const places = placesFor({ blockSectors: 4 });
    const disk = createDisk(places);
    const device = runSync(planOver(disk, places));
    disk.breakSectors(places.startSector + 20, 4, { reads: false, writes: true });
    const work = device.write(patternOf(2, 20, 4), 20);
    expect(device.isBusy).toBe(true);
    expect(failureOf(() => device.writeSync(patternOf(3, 20, 4), 20))).toBe("EAGAIN");
    expect(failureOf(() => device.closeSync())).toBe("EAGAIN");
    device.readSync(new Uint8Array(512), 0);
    await work;
    device.writeSync(patternOf(3, 20, 4), 20);
    verifySectors(contentsOf(device), contentsAfter(places, [3, 20, 4]), 0, "the device");
    device.closeSync();
  });

  test("a read-only one is read, its table is not mended, and writes are refused", () => {
    const bench = openBench({ blockSectors: 4 });
    bench.breakBlocks(5, 1);
    bench.breakTable(1);
    bench.write(2, 20, 4);
    bench.breakTable(1, WHOLE);
    const content = bench.disk.contents();
    const rig = new Bench();
    const disk = rig.disk("disk", bench.places.endSector, { content, readOnly: true });
    const device = runSync(planOver(disk.device, bench.places));
    verifySectors(contentsOf(device), contentsAfter(bench.places, [2, 20, 4]), 0, "the device");
    expect(device.activeTargets?.[0]?.status()).toBe("1/8 0 0 AD");
    expect(failureOf(() => device.writeSync(new Uint8Array(512), 0))).toBe("EROFS");
    expect(rig.trace.every(({ kind }) => kind === "read")).toBe(true);
  });

  test("isReadOnly leaves the table of a writable device as it is", () => {
    const places = placesFor();
    const disk = createDisk(places);
    const device = runSync(planOver(disk, places, { isReadOnly: true }));
    expect(device.activeTargets?.[0]?.status()).toBe("0/8 0 0 DD");
    expect(disk.volatileCount).toBe(0);
    const start = places.copySectors[0] * 512;
    expect(disk.contents().subarray(start, start + 512).every((byte) => byte === 0)).toBe(true);
  });

  test("a device that fails in another way is not taken for a bad block", () => {
    const bench = openBench();
    bench.disk.closeSync();
    expect(failureOf(() => bench.write(2, 3, 1))).toBe("ESHUTDOWN");
    expect(failureOf(() => bench.read())).toBe("ESHUTDOWN");
    expect(bench.status()).toBe("0/8 0 0 AA");
  });
});

describe("two tables over one disk, one after the other", () => {
  test("what the old target relocates after the new one was loaded is seen by the new one", () => {
    const bench = openBench({ blockSectors: 4 });
    const { device, disk, places } = bench;
    runSync(device.load([runSync(planBadBlock({ ...places, device: disk }))]));
    bench.breakBlocks(5, 1);
    bench.write(2, 20, 4);
    runSync(device.resume());
    expect(bench.status()).toBe("1/8 0 0 AA");
    bench.breakBlocks(6, 1);
    bench.write(3, 24, 4);
    expect(bench.message("list").split("\n").length).toBe(2);
    verifySectors(
      bench.reopen().read(),
      contentsAfter(places, [2, 20, 4], [3, 24, 4]),
      0,
      "the device",
    );
  });

  test("a new target that cannot read the table any more stays suspended until it can", () => {
    const bench = openBench({ blockSectors: 4 });
    const { device, disk, places } = bench;
    runSync(device.load([runSync(planBadBlock({ ...places, device: disk }))]));
    for (const copy of [0, 1] as const) bench.breakTable(copy, UNREADABLE);
    expect(() => runSync(device.resume())).toThrow("cannot be read");
    expect(device.isSuspended).toBe(true);
    for (const copy of [0, 1] as const) bench.breakTable(copy, WHOLE);
    runSync(device.resume());
    verifySectors(bench.read(), contentsAfter(places), 0, "the device");
  });

  test("suspended and resumed, a target goes on with its marks, and mends its table", () => {
    const bench = openBench();
    bench.message("mark", "9");
    bench.breakTable(0);
    bench.breakBlocks(3, 1);
    bench.write(2, 3, 1);
    bench.breakTable(0, WHOLE);
    runSync(bench.device.suspend());
    runSync(bench.device.resume());
    expect(bench.status()).toBe("1/8 0 1 AA");
  });

  test("a fresh target that is never resumed has written nothing", () => {
    const places = placesFor();
    const disk = createDisk(places);
    const before = disk.contents();
    const target = runSync(planBadBlock({ ...places, device: disk }));
    runSync(target.destroy());
    verifySectors(disk.contents(), before, 0, "the disk");
  });
});
