import { describe, expect, test } from "vitest";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { Disk } from "../../../src/disk/disk.ts";
import type { DiskEvent } from "../../../src/disk/disk_options.ts";
import { QuotaWatch } from "../../../src/disk/quota_watch.ts";
import type { DiskStorage } from "../../../src/disk/storage/storage.ts";
import { patternOf } from "../../../src/testing/mod.ts";
import { SimulatedStorage } from "./simulated_storage.ts";

const noRoom = (device?: string, sectorCount?: number) =>
  new BlockDeviceError("ENOSPC", "Cannot write: no room", {
    ...device === undefined ? {} : { device },
    ...sectorCount === undefined ? {} : { sectorCount },
  });

/** Events come when the estimate has. */
const told = () => new Promise((resolve) => setTimeout(resolve));

describe("an episode", () => {
  test("is told once, until something written after the last refusal was flushed", async () => {
    const events: DiskEvent[] = [];
    const watch = new QuotaWatch((event) => events.push(event));
    const countAfter = async (work: () => void) => {
      work();
      await told();
      return events.length;
    };
    expect(await countAfter(() => watch.failed(noRoom("windows/layer-3")))).toBe(1);
    expect(await countAfter(() => watch.failed(noRoom("windows/layer-4")))).toBe(1);
    // Neither half alone is the end of it.
    watch.flushed();
    watch.wrote();
    expect(await countAfter(() => watch.failed(noRoom("windows/layer-3")))).toBe(1);
    watch.flushed();
    expect(await countAfter(() => watch.failed(noRoom("windows/layer-3")))).toBe(1);
    watch.wrote();
    watch.flushed();
    expect(await countAfter(() => watch.failed(noRoom("windows/layer-3")))).toBe(2);
  });

  test("tells what is known, and that the rest is not", async () => {
    const events: DiskEvent[] = [];
    const estimates = [
      () => Promise.resolve({ usageBytes: 9, quotaBytes: 10 }),
      () => Promise.reject(new Error("hidden")),
    ];
    for (const [at, device] of ["windows/layer-3", "manifest"].entries()) {
      const watch = new QuotaWatch((event) => events.push(event), estimates[at]!);
      watch.failed(noRoom(device, at === 0 ? 4 : undefined));
      await told();
    }
    expect(events).toMatchObject([
      {
        kind: "quota",
        device: "windows/layer-3",
        layer: 3,
        neededBytes: 2048,
        usageBytes: 9,
        quotaBytes: 10,
      },
      { kind: "quota", layer: null, neededBytes: null, usageBytes: null, quotaBytes: null },
    ]);
  });

  test("is none when the disk itself refuses, or a device fails otherwise", async () => {
    const events: DiskEvent[] = [];
    const watch = new QuotaWatch((event) => events.push(event));
    watch.failed(noRoom());
    watch.failed(new BlockDeviceError("EIO", "Cannot write", { device: "layer-1" }));
    watch.failed(new Error("no room"));
    await told();
    expect(events).toEqual([]);
  });
});

describe("a disk", () => {
  test("tells of it, whatever was refused: a write, a flush, a change", async () => {
    for (const face of ["write", "zeroes", "flush", "snapshot", "sync"]) {
      const storage = new SimulatedStorage();
      const events: DiskEvent[] = [];
      const onEvent = (event: DiskEvent) => {
        if (event.kind === "quota") events.push(event);
      };
      const withEstimate: DiskStorage = Object.assign(storage, {
        estimate: () => Promise.resolve({ usageBytes: 1, quotaBytes: 2 }),
      });
      const disk = await Disk.open("disk", { origin: 80, storage: withEstimate, onEvent });
      await disk.device.write(patternOf(1, 0, 8), 0);
      storage.onStep = (what) => {
        const [verb, device] = what.split(" ") as [string, string];
        if (verb === "write" || verb === "flush") throw noRoom(device, 8);
      };
      const { device } = disk;
      const attempts: Record<string, () => Promise<void>> = {
        write: () => device.write(patternOf(1, 8, 8), 8),
        zeroes: () => device.writeZeroes(0, 8),
        flush: () => device.flush(),
        snapshot: () => disk.snapshot("one"),
        sync: () => Promise.try(() => device.writeSync(patternOf(1, 8, 8), 8)),
      };
      for (let count = 0; count < 3; count++) {
        await expect(attempts[face]!()).rejects.toMatchObject({ code: "ENOSPC" });
      }
      await told();
      expect(events, face).toMatchObject([{ kind: "quota", neededBytes: 4096, quotaBytes: 2 }]);
      storage.onStep = () => {};
      await device.write(patternOf(1, 0, 8), 0);
      await device.flush();
      disk.check();
      await disk.close();
      expect(events).toHaveLength(1);
    }
  });

  test("that cannot be flushed stays open when it is closed, and is closed when there is room", async () => {
    const storage = new SimulatedStorage();
    const disk = await Disk.open("disk", { origin: 80, storage });
    await disk.device.write(patternOf(1, 0, 80), 0);
    storage.onStep = (what) => {
      if (!what.startsWith("read")) throw noRoom(what);
    };
    for (let count = 0; count < 2; count++) {
      await expect(disk.close()).rejects.toMatchObject({ code: "ENOSPC" });
    }
    const found = new Uint8Array(80 * 512);
    await disk.device.read(found, 0);
    expect(found).toEqual(patternOf(1, 0, 80));
    storage.onStep = () => {};
    await disk.close();
    await disk.close();
    await using again = await Disk.open("disk", { origin: 80, storage });
    await again.device.read(found, 0);
    expect(found).toEqual(patternOf(1, 0, 80));
  });

  test("that nobody could close again is closed all the same, and tells", async () => {
    const storage = new SimulatedStorage();
    const disk = await Disk.open("disk", { origin: 80, storage });
    await disk.device.write(patternOf(1, 0, 80), 0);
    await disk.device.flush();
    await disk.device.write(patternOf(2, 0, 80), 0);
    storage.onStep = (what) => {
      if (!what.startsWith("read")) throw noRoom(what);
    };
    await expect(disk[Symbol.asyncDispose]()).rejects.toMatchObject({ code: "ENOSPC" });
    expect(() => disk.device).toThrow(expect.objectContaining({ code: "ESHUTDOWN" }));
    storage.onStep = () => {};
    await (await Disk.open("disk", { origin: 80, storage })).close();
  });
});
