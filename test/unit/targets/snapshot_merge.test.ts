import { describe, expect, test } from "vitest";
import type { SyncBlockDevice } from "../../../src/block/device.ts";
import { runAsync, runSync } from "../../../src/block/plan.ts";
import { FramePool } from "../../../src/devices/frame_pool.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { openMergeSync, openSnapshotSync } from "../../../src/mapper/stack.ts";
import { planSnapshotMerge } from "../../../src/targets/snapshot_merge.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { Prng } from "../../../src/testing/prng.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { quiet } from "../exception/rig.ts";
import { layers, Stack, statusOf } from "./rig.ts";

describe("the merge", () => {
  test("goes from the newest exceptions to the oldest, run by run, each durable before the next", async () => {
    const stack = new Stack();
    const cow = await stack.written([[2, 40, 16], [3, 8, 8], [4, 16, 16]]);
    const merge = await stack.merge(cow, { mergeStepSectors: 1 });
    stack.bench.trace = [];
    await stack.run(merge.background());
    expect(stack.bench.takeTrace()).toEqual([
      "cow1 read 32+24", // chunks 1 to 3: one run, though written by two writes
      "disk write 8+24",
      "disk flush",
      "cow1 flush",
      "cow1 write 8+1 fua",
      "cow1 read 16+16",
      "disk write 40+16",
      "disk flush",
      "cow1 flush",
      "cow1 write 8+1 fua",
    ]);
    expect(statusOf(merge)).toBe("16/600 16");
    expect(merge.eventNumber).toBe(1);
    const expected = layers(200, [2, 40, 16], [3, 8, 8], [4, 16, 16]);
    verifySectors(stack.disk.bytes, expected, 0, "the disk");
    await stack.verify(merge, expected);
  });

  test("takes runs of one area together: all are copied, one flush, and they are taken out at once", async () => {
    const stack = new Stack();
    const cow = await stack.written([[2, 40, 16], [3, 8, 8], [4, 16, 16]]);
    const merge = await stack.merge(cow);
    await stack.run(merge.background());
    expect(stack.bench.takeTrace().slice(-7)).toEqual([
      "cow1 read 32+24",
      "disk write 8+24",
      "cow1 read 16+16",
      "disk write 40+16",
      "disk flush",
      "cow1 flush",
      "cow1 write 8+1 fua",
    ]);
    verifySectors(
      stack.disk.bytes,
      layers(200, [2, 40, 16], [3, 8, 8], [4, 16, 16]),
      0,
      "the disk",
    );
  });

  test("flushes as it goes if asked to, and all of a step before its first exception is taken out", async () => {
    const stack = new Stack();
    const cow = await stack.written([[2, 40, 16], [3, 8, 8], [4, 16, 16]]);
    const merge = await stack.merge(cow, { mergeFlushSectors: 20 });
    stack.bench.trace = [];
    await stack.run(merge.background());
    expect(stack.bench.takeTrace()).toEqual([
      "cow1 read 32+20",
      "disk write 8+20",
      "disk flush",
      "cow1 read 52+4",
      "disk write 28+4",
      "cow1 read 16+16",
      "disk write 40+16",
      "disk flush",
      "cow1 flush",
      "cow1 write 8+1 fua",
    ]);
    stack.bench.powerCut();
    const expected = layers(200, [2, 40, 16], [3, 8, 8], [4, 16, 16]);
    verifySectors(stack.disk.bytes, expected, 0, "the disk");
  });

  test("shows the snapshot from the first moment, at every step, to the end", async () => {
    const stack = new Stack({ isSlow: true });
    const cow = await stack.written([[2, 3, 20], [3, 60, 9], [4, 30, 8]]);
    const merge = await stack.merge(cow);
    const expected = layers(200, [2, 3, 20], [3, 60, 9], [4, 30, 8]);
    let isOver = false;
    const work = merge.startBackground().then(() => void (isOver = true));
    await quiet();
    while (!isOver) {
      const held = stack.bench.held.splice(0);
      await stack.verify(merge, expected);
      stack.bench.held.push(...held);
      await stack.bench.release();
    }
    await work;
    await stack.verify(merge, expected);
    expect(statusOf(merge)).toBe("16/600 16");
  });

  test("into an origin waits its turn: a second one is refused while the first has something left", async () => {
    const stack = new Stack();
    const first = await stack.written([[2, 0, 8]]);
    const second = await stack.written([[3, 8, 8]]);
    const merge = await stack.merge(first);
    await expect(stack.merge(second)).rejects.toMatchObject({
      code: "EINVAL",
      reason: "A snapshot is already merging.",
    });
    await stack.run(merge.background());
    const after = await stack.merge(second);
    // What the second one shows is its own, and what it never wrote is the first one's by now.
    await stack.run(after.background());
    await stack.verify(after, layers(200, [2, 0, 8], [3, 8, 8]));
  });

  test("of a snapshot shorter than its origin leaves the rest of the origin alone", async () => {
    const stack = new Stack();
    const cow = await stack.written([[2, 40, 10]], { sectorCount: 50 });
    await stack.write(stack.origin, 3, 50, 30);
    const merge = await stack.merge(cow, { sectorCount: 50 });
    await stack.run(merge.background());
    verifySectors(stack.disk.bytes, layers(200, [2, 40, 10], [3, 50, 30]), 0, "the disk");
  });

  test("of an odd-sized origin ends with its last sector", async () => {
    const stack = new Stack({ sectorCount: 203 });
    const cow = await stack.written([[2, 190, 13]]);
    const merge = await stack.merge(cow);
    await stack.run(merge.background());
    verifySectors(stack.disk.bytes, layers(203, [2, 190, 13]), 0, "the disk");
  });

  test("of nothing is over at once", async () => {
    const stack = new Stack();
    const merge = await stack.merge(await stack.written([]));
    stack.bench.trace = [];
    await stack.run(merge.background());
    expect([stack.bench.takeTrace(), statusOf(merge), merge.eventNumber]).toEqual([
      [],
      "16/600 16",
      1,
    ]);
  });

  test("through several areas", async () => {
    const stack = new Stack();
    const cow = await stack.written([[2, 0, 199], [3, 50, 20]], {
      chunkSectors: 1,
      cowSectors: 300,
    });
    const merge = await stack.merge(cow, { chunkSectors: 1 });
    await stack.run(merge.background());
    verifySectors(stack.disk.bytes, layers(200, [2, 0, 199], [3, 50, 20]), 0, "the disk");
    expect(statusOf(merge)).toBe("2/300 2");
  });

  test("keeps what it overwrites for the other snapshots of the origin", async () => {
    const stack = new Stack();
    const older = await stack.snapshot({ chunkSectors: 16 });
    await stack.write(stack.origin, 2, 0, 30);
    const cow = await stack.written([[3, 20, 60]]);
    const younger = await stack.snapshot({ chunkSectors: 4 });
    const merge = await stack.merge(cow);
    await stack.run(merge.background());
    await stack.verify(older.device, layers(200));
    await stack.verify(younger.device, layers(200, [2, 0, 30]));
    await stack.verify(merge, layers(200, [2, 0, 30], [3, 20, 60]));
  });

  test("of a store that keeps nothing is refused", () => {
    const stack = new Stack();
    expect(() => runSync(planSnapshotMerge(stack.options({ store: "N" })))).toThrow(
      expect.objectContaining({
        code: "EINVAL",
        reason: "Snapshot exception store does not support snapshot-merge.",
      }),
    );
  });

  test("does not flush after no sectors, nor after a part of one", () => {
    for (const mergeFlushSectors of [0, -1, 0.5, NaN]) {
      const plan = planSnapshotMerge(new Stack().options({ mergeFlushSectors }));
      expect(() => runSync(plan)).toThrow(RangeError);
    }
  });

  test("of an invalid store: everything goes to the origin, and nothing is merged", async () => {
    const stack = new Stack();
    const { device, cow } = await stack.snapshot({ cowSectors: 24 });
    await stack.write(device, 2, 0, 8);
    await stack.write(stack.origin, 3, 8, 8);
    await device.close();
    const merge = await stack.merge(cow);
    await stack.run(merge.background());
    expect(statusOf(merge)).toBe("Invalid");
    await stack.write(merge, 4, 0, 4);
    await stack.bench.settle(merge.flush());
    await stack.verify(merge, layers(200, [3, 8, 8], [4, 0, 4]));
  });
});

describe("in kernel memory", () => {
  // Without a step that could be traced: what counts is what the devices hold.
  test.each([1, 2])(
    "any writes are merged, siblings keep their view, and nothing behind the end is touched: %i pools",
    (poolCount) => {
      const sectorCount = 403; // The last chunk is cut short.
      const pools = Array.from(
        { length: poolCount },
        () => FramePool.create({ arenaBytes: 2 ** 22 }),
      );
      for (let round = 0; round < 20; round++) {
        const prng = Prng.fromSeed(`merge in memory/${round}`);
        const memory = (size: number, index: number) =>
          createMemoryDevice({ sectorCount: size, pool: pools[index % poolCount]! });
        const disk = memory(sectorCount, 0);
        const before = patternOf(1, 0, sectorCount);
        disk.writeSync(before, 0);
        const cows = [memory(3000, 1), memory(3000, 0)];
        const [snapshot, sibling] = cows.map((cow) =>
          openSnapshotSync({ origin: disk, cow, chunkSectors: 8 })
        );
        const after = before.slice();
        for (let seed = 2; seed < 40; seed++) {
          const count = prng.intBetween(1, prng.pick([1, 8, 40]));
          const sector = prng.int(sectorCount - count + 1);
          const bytes = patternOf(seed, sector, count);
          snapshot!.writeSync(bytes, sector);
          after.set(bytes, sector * 512);
        }
        snapshot!.closeSync();
        const merge = openMergeSync({ origin: disk, cow: cows[0]! });
        const read = (device: SyncBlockDevice) => {
          const bytes = new Uint8Array(sectorCount * 512);
          device.readSync(bytes, 0);
          return bytes;
        };
        verifySectors(read(disk), after, 0, `the disk, round ${round}`);
        verifySectors(read(merge), after, 0, `the merge, round ${round}`);
        verifySectors(read(sibling!), before, 0, `the sibling, round ${round}`);
        for (const device of [merge, sibling!, ...cows, disk]) device.closeSync();
      }
      for (const pool of pools) expect(pool.usedBytes).toBe(0);
    },
  );
});

describe("pausing", () => {
  test("suspension ends after the step that is under way; resumption goes on", async () => {
    const stack = new Stack({ isSlow: true });
    const cow = await stack.written([[2, 8, 8], [3, 80, 8], [4, 40, 8]]);
    const merge = await stack.merge(cow, { mergeStepSectors: 1 });
    const work = merge.startBackground();
    await quiet();
    await stack.bench.settle(Promise.all([runAsync(merge.suspend()), work]));
    expect([statusOf(merge), stack.bench.held.length]).toEqual(["32/600 16", 0]);
    await stack.run(merge.resume());
    await stack.bench.settle(merge.startBackground());
    expect(statusOf(merge)).toBe("16/600 16");
    verifySectors(stack.disk.bytes, layers(200, [2, 8, 8], [3, 80, 8], [4, 40, 8]), 0, "the disk");
  });

  test("closing ends it in the same way, and the rest can be merged later", async () => {
    const stack = new Stack({ isSlow: true });
    const cow = await stack.written([[2, 8, 8], [3, 80, 8]]);
    const first = await stack.merge(cow, { mergeStepSectors: 1 });
    const work = first.startBackground();
    await quiet();
    await stack.bench.settle(Promise.all([first.close(), work]));
    const second = await stack.merge(cow);
    expect(statusOf(second)).toBe("24/600 16");
    await stack.bench.settle(second.startBackground());
    verifySectors(stack.disk.bytes, layers(200, [2, 8, 8], [3, 80, 8]), 0, "the disk");
  });

  test("a synchronous suspension meanwhile: EAGAIN, and the merge goes on", async () => {
    const stack = new Stack({ isSlow: true });
    const merge = await stack.merge(await stack.written([[2, 8, 8], [3, 80, 8]]));
    const work = merge.startBackground();
    await quiet();
    expect(() => runSync(merge.suspend())).toThrow(expect.objectContaining({ code: "EAGAIN" }));
    expect(merge.isSuspended).toBe(false);
    await stack.bench.settle(work);
    expect(statusOf(merge)).toBe("16/600 16");
  });
});

describe("what fails stops the merge, and nothing else", () => {
  const parts = ["cow1 read 24", "disk write 80", "disk flush", "cow1 flush", "cow1 write 8"];

  test.each(parts)(
    "%s: Merge failed, requests go on, and resuming goes on with it",
    async (part) => {
      const stack = new Stack();
      const cow = await stack.written([[2, 8, 8], [3, 80, 8]]);
      const merge = await stack.merge(cow);
      stack.bench.fault = ({ disk, kind, sector }) =>
        part.endsWith("flush") ? `${disk} ${kind}` === part : `${disk} ${kind} ${sector}` === part;
      await stack.run(merge.background());
      expect([statusOf(merge), merge.eventNumber]).toEqual(["Merge failed", 1]);
      stack.bench.fault = () => false;
      await stack.verify(merge, layers(200, [2, 8, 8], [3, 80, 8]));
      await stack.write(merge, 4, 82, 4);
      await stack.write(merge, 5, 100, 4);
      await stack.bench.settle(merge.flush());
      const expected = layers(200, [2, 8, 8], [3, 80, 8], [4, 82, 4], [5, 100, 4]);
      await stack.verify(merge, expected);
      await stack.run(merge.suspend());
      await stack.run(merge.resume());
      await stack.run(merge.background());
      expect(statusOf(merge)).toBe("16/600 16");
      verifySectors(stack.disk.bytes, expected, 0, "the disk");
    },
  );

  test.each([false, true])(
    "a write after a commit that failed is there after a flush and a power cut (fua: %s)",
    async (fua) => {
      const stack = new Stack();
      const cow = await stack.written([[2, 8, 8]]);
      const merge = await stack.merge(cow);
      // The entries are forgotten on the device, and the answer is lost.
      stack.bench.fault = ({ disk, kind, sector }) => {
        const isCommit = disk === "cow1" && kind === "write" && sector === 8;
        if (isCommit) {
          for (const image of [cow.bytes, cow.durable]) image.fill(0, 8 * 512, 9 * 512);
        }
        return isCommit;
      };
      await stack.run(merge.background());
      expect(statusOf(merge)).toBe("Merge failed");
      stack.bench.fault = () => false;
      await stack.write(merge, 3, 8, 8, fua);
      if (!fua) await stack.bench.settle(merge.flush());
      const left = stack.reboot(cow, true);
      const again = await left.stack.merge(left.cow);
      await left.stack.run(again.background());
      verifySectors(left.stack.disk.bytes, layers(200, [3, 8, 8]), 0, "the disk");
    },
  );
});
