import { assert } from "@std/assert";
import { describe, expect, test } from "vitest";
import { codeOf } from "../../../src/block/errors.ts";
import type { Disk } from "../../../src/disk/disk.ts";
import type { DiskOptions } from "../../../src/disk/disk_options.ts";
import { createMemoryStorage } from "../../../src/disk/storage/memory_storage.ts";
import { patternOf } from "../../../src/testing/mod.ts";
import { onlyAsync } from "./async_storage.ts";
import { contentsOf, SECTOR_COUNT } from "./disk_model.ts";
import { slowOrigin } from "./origins.ts";
import { memoryOrigin, openDisk, ORIGIN, withWrite } from "./patterned_disk.ts";

describe("snapshots", () => {
  test("are listed in the order in which they were taken, each with the one before it", async () => {
    await using disk = await openDisk();
    await disk.snapshot("a");
    await disk.snapshot("b");
    await disk.rollback("a");
    await disk.snapshot("c");
    await disk.rollback(null);
    await disk.snapshot("d");
    expect(disk.snapshots).toEqual([
      { name: "a", parent: null },
      { name: "b", parent: "a" },
      { name: "c", parent: "a" },
      { name: "d", parent: null },
    ]);
    // One that is leaving is not among them, and its children hang on what it hung on.
    const deletion = disk.delete("a");
    await disk.diff(null);
    expect(disk.snapshots[0]).toEqual({ name: "b", parent: null });
    await deletion;
  });

  test.each([true, false])("are taken and gone back to at once (%s) or later", async (isSync) => {
    await using disk = await openDisk();
    const { device } = disk;
    await device.write(patternOf(2, 5, 10), 5);
    if (isSync) disk.snapshotSync("a");
    else await disk.snapshot("a");
    await device.write(patternOf(3, 0, 100), 0);
    if (isSync) disk.rollbackSync("a");
    else await disk.rollback("a");
    expect(await contentsOf(disk)).toEqual(withWrite(ORIGIN, 2, 5, 10));
    expect(disk.device).toBe(device);
    if (isSync) disk.rollbackSync(null);
    else await disk.rollback(null);
    expect(await contentsOf(disk)).toEqual(ORIGIN);
    disk.check();
  });

  test("a write that was begun before one is in it, one that is begun after is not", async () => {
    await using disk = await openDisk({ origin: slowOrigin(ORIGIN) });
    const first = disk.device.write(patternOf(2, 3, 2), 3);
    await disk.snapshot("a");
    await first;
    await disk.device.write(patternOf(3, 3, 2), 3);
    expect(await contentsOf(disk)).toEqual(withWrite(ORIGIN, 3, 3, 2));
    await disk.rollback("a");
    expect(await contentsOf(disk)).toEqual(withWrite(ORIGIN, 2, 3, 2));
  });

  test("a request during a rollback sees all of it or nothing", async () => {
    await using disk = await openDisk({ origin: slowOrigin(ORIGIN) });
    const changed = patternOf(2, 0, SECTOR_COUNT);
    await disk.device.write(changed, 0);
    const allowed = [Buffer.from(changed), Buffer.from(ORIGIN)];
    const rollback = disk.rollback(null);
    for (let count = 0; count < 40; count++) {
      const found = await contentsOf(disk);
      assert(allowed.some((bytes) => bytes.equals(found)), "a mixture was read");
    }
    await rollback;
    expect(await contentsOf(disk)).toEqual(ORIGIN);
  });

  test("are refused with a reason, and nothing has changed then", async () => {
    await using disk = await openDisk();
    await disk.snapshot("a");
    await disk.device.write(patternOf(2, 0, 1), 0);
    const before = await contentsOf(disk);
    const refused: [Promise<unknown>, string][] = [
      [disk.snapshot("a"), "EEXIST"],
      [disk.snapshot(""), "EINVAL"],
      [disk.snapshot("a\nb"), "EINVAL"],
      [disk.snapshot("x".repeat(256)), "EINVAL"],
      [disk.rollback("b"), "ENOENT"],
      [disk.delete("b"), "ENOENT"],
      [disk.diff("b"), "ENOENT"],
      [disk.fork("b", "c"), "ENOENT"],
      [disk.fork("a", "main"), "EEXIST"],
      [disk.openBranch("c"), "ENOENT"],
      [disk.openBranch("main"), "EBUSY"],
      [disk.removeBranch("main"), "EBUSY"],
      [disk.removeBranch("c"), "ENOENT"],
    ];
    for (const [promise, code] of refused) {
      expect(await promise.then(() => "no refusal", codeOf)).toBe(code);
    }
    expect(await contentsOf(disk)).toEqual(before);
    expect(disk.snapshots).toEqual([{ name: "a", parent: null }]);
    expect(disk.branches).toEqual(["main"]);
    disk.check();
  });

  test("two hundred and fifty-five lie on each other; one more is refused", async () => {
    await using disk = await openDisk();
    for (let count = 1; count < 256; count++) disk.snapshotSync(`${count}`);
    expect(() => disk.snapshotSync("more")).toThrow(expect.objectContaining({ code: "ENOSPC" }));
    expect(await contentsOf(disk)).toEqual(ORIGIN);
    await disk.rollback("7");
    await disk.snapshot("beside");
  });
});

describe("what would have to be waited for is refused at once with EAGAIN, and changes nothing", () => {
  test.each<[string, Partial<DiskOptions>, (disk: Disk) => unknown]>([
    ["an origin", { origin: slowOrigin(ORIGIN) }, () => null],
    ["a storage", { storage: onlyAsync(createMemoryStorage()) }, () => null],
    ["another change", {}, (disk) => disk.snapshot("other")],
  ])("%s", async (_, options, begin) => {
    await using disk = await openDisk(options);
    const work = begin(disk);
    for (const change of [() => disk.snapshotSync("a"), () => disk.rollbackSync(null)]) {
      expect(change).toThrow(expect.objectContaining({ code: "EAGAIN" }));
    }
    await work;
    expect(disk.snapshots.map(({ name }) => name)).not.toContain("a");
    expect(await contentsOf(disk)).toEqual(ORIGIN);
    disk.check();
  });

  test("a request under way", async () => {
    await using disk = await openDisk();
    const write = disk.device.write(patternOf(2, 3, 2), 3);
    for (const change of [() => disk.snapshotSync("a"), () => disk.rollbackSync(null)]) {
      expect(change).toThrow(/would have to wait for requests under way/);
    }
    await write;
    disk.snapshotSync("a");
    expect(await contentsOf(disk)).toEqual(withWrite(ORIGIN, 2, 3, 2));
  });
});

describe("branches", () => {
  test("are disks of their own on one storage, which the last one lets go", async () => {
    await using storage = createMemoryStorage();
    const disk = await openDisk({ storage });
    await disk.snapshot("a");
    const fork = await disk.fork("a", "other");
    await fork.device.write(patternOf(2, 0, 9), 0);
    await disk.device.write(patternOf(3, 0, 5), 0);
    expect([disk.branch, fork.branch, fork.name]).toEqual(["main", "other", "test"]);
    await disk.close();
    expect(await contentsOf(fork)).toEqual(withWrite(ORIGIN, 2, 0, 9));
    await expect(openDisk({ storage })).rejects.toMatchObject({ code: "EBUSY" });
    const again = await fork.openBranch("main");
    expect(await contentsOf(again)).toEqual(withWrite(ORIGIN, 3, 0, 5));
    await again.close();
    await fork.close();
    await using last = await openDisk({ storage, branch: "other" });
    expect(await contentsOf(last)).toEqual(withWrite(ORIGIN, 2, 0, 9));
    await last.removeBranch("main");
    expect(last.branches).toEqual(["other"]);
  });

  test("a fork of the origin holds nothing of the branch", async () => {
    await using disk = await openDisk();
    await disk.device.write(patternOf(2, 0, 9), 0);
    await using fork = await disk.fork(null, "fresh");
    expect(await contentsOf(fork)).toEqual(ORIGIN);
  });

  test("one that is open is not removed", async () => {
    await using disk = await openDisk();
    await using fork = await disk.fork(null, "other");
    await expect(disk.removeBranch("other")).rejects.toMatchObject({ code: "EBUSY" });
    await expect(disk.openBranch("other")).rejects.toMatchObject({ code: "EBUSY" });
    expect(await contentsOf(fork)).toEqual(ORIGIN);
  });
});

describe("the end", () => {
  test("keeps everything that was written", async () => {
    await using storage = createMemoryStorage();
    for (let round = 0; round < 3; round++) {
      const disk = await openDisk({ storage });
      await disk.device.write(patternOf(round, round * 3, 9), round * 3);
      await disk.snapshot(`${round}`);
      await disk.close();
    }
    await using disk = await openDisk({ storage });
    await disk.rollback("1");
    expect(await contentsOf(disk)).toEqual(withWrite(withWrite(ORIGIN, 0, 0, 9), 1, 3, 9));
  });

  test("everything is refused after it, and closing again is no mistake", async () => {
    const disk = await openDisk();
    await disk.snapshot("a");
    const { device } = disk;
    await Promise.all([disk.close(), disk.close()]);
    await disk.close();
    const refused = [
      () => disk.device,
      () => disk.snapshots,
      () => disk.branches,
      () => disk.usageSync(),
      () => disk.check(),
      () => disk.export(),
      () => disk.snapshotSync("b"),
      () => disk.rollbackSync("a"),
      () => device.readSync(new Uint8Array(512), 0),
    ];
    for (const use of refused) {
      expect(use).toThrow(expect.objectContaining({ code: "ESHUTDOWN" }));
    }
    const refusedLater = [
      disk.snapshot("b"),
      disk.rollback("a"),
      disk.fork("a", "b"),
      disk.openBranch("main"),
      disk.removeBranch("main"),
      disk.delete("a"),
      disk.settleDeletions(),
      disk.diff(null),
      disk.rebase(memoryOrigin()),
      disk.import(new ReadableStream()),
      device.write(new Uint8Array(512), 0),
    ];
    for (const use of refusedLater) await expect(use).rejects.toMatchObject({ code: "ESHUTDOWN" });
    expect([disk.name, disk.branch]).toEqual(["test", "main"]);
  });

  test("a change that was begun before it is done; one that waits behind it is refused", async () => {
    await using storage = createMemoryStorage();
    const disk = await openDisk({ storage });
    const before = disk.snapshot("before");
    await Promise.all([before, disk.close()]);
    await using again = await openDisk({ storage });
    expect(again.snapshots.map(({ name }) => name)).toEqual(["before"]);
  });

  test("a device that was closed by its user ends the use, and the disk is closed after it", async () => {
    await using storage = createMemoryStorage();
    const disk = await openDisk({ storage });
    await disk.device.write(patternOf(2, 0, 9), 0);
    await disk.device.close();
    await expect(disk.snapshot("a")).rejects.toMatchObject({ code: "ESHUTDOWN" });
    await disk.close();
    await using again = await openDisk({ storage });
    expect(await contentsOf(again)).toEqual(withWrite(ORIGIN, 2, 0, 9));
  });

  test("an opening that is refused lets the storage go", async () => {
    await using storage = createMemoryStorage();
    await expect(openDisk({ storage, chunkSectors: 7 })).rejects.toMatchObject({ code: "EINVAL" });
    await (await openDisk({ storage })).close();
    const origin = memoryOrigin(patternOf(9, 0, SECTOR_COUNT));
    await expect(openDisk({ storage, origin })).rejects.toThrow(/origin "origin" has changed/);
    await expect(openDisk({ storage, branch: "none" })).rejects.toMatchObject({ code: "ENOENT" });
    await (await openDisk({ storage })).close();
  });
});
