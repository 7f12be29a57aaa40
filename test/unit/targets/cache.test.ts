import { describe, expect, test } from "vitest";
import { runAsync, runSync } from "../../../src/block/plan.ts";
import type { TableEvent } from "../../../src/exception/mod.ts";
import type { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { type CacheOptions, planCache } from "../../../src/targets/cache.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { Bench, type Disk } from "../exception/rig.ts";
import { planDevice, statusOf } from "./rig.ts";

const SECTORS = 200;

/** How a cache and its disks are. */
interface SetUp extends Partial<Omit<CacheOptions, "origin" | "cow">> {
  readonly bench?: Bench;
  readonly cow?: Disk;
  readonly cowSectors?: number;
  /** Both disks have only the asynchronous face. */
  readonly isSlow?: boolean;
}

/** A cache of a read-only disk. */
async function openCache(setUp: SetUp = {}) {
  const { bench = new Bench(), cowSectors = 600, isSlow = false, cow: given, ...options } = setUp;
  const face = isSlow ? "slow" : "device";
  const content = patternOf(1, 0, SECTORS);
  const origin = bench.disk("origin", SECTORS, { content, readOnly: true });
  const cow = given ?? bench.disk("cow", cowSectors);
  const plan = planCache({ chunkSectors: 8, ...options, origin: origin[face], cow: cow[face] });
  const device = await bench.settle(runAsync(planDevice("cache", plan)));
  bench.trace = [];
  return { bench, origin, cow, device };
}

type Cache = Awaited<ReturnType<typeof openCache>>;

async function verifyPart({ bench, device }: Cache, sector: number, sectorCount: number) {
  const bytes = new Uint8Array(sectorCount * 512);
  await bench.settle(device.read(bytes, sector));
  verifySectors(bytes, patternOf(1, sector, sectorCount), sector, device.name);
}

const verifyAll = (cache: Cache) => verifyPart(cache, 0, SECTORS);

function originReads({ bench }: Cache): string[] {
  return bench.takeTrace().filter((line) => line.startsWith("origin"));
}

/** The same COW disk, after the cache was closed or the power was cut, under another cache. */
async function reopen({ cow }: Cache, isPowerCut: boolean): Promise<Cache> {
  const bench = new Bench();
  const content = isPowerCut ? cow.durable : cow.bytes;
  const disk = bench.disk("cow", content.length / 512, { content });
  return await openCache({ bench, cow: disk, chunkSectors: 0 });
}

describe("what was read", () => {
  test.each([false, true])("goes to the origin once, slow devices %s", async (isSlow) => {
    const cache = await openCache({ isSlow });
    await verifyPart(cache, 11, 2);
    await verifyAll(cache);
    expect(originReads(cache)).toEqual([
      "origin read 8+8",
      "origin read 0+8",
      "origin read 16+184",
    ]);
    await verifyAll(cache);
    expect(originReads(cache)).toEqual([]);
  });

  test.each(["closed", "flushed before the power went"])(
    "is there when the cache was %s",
    async (how) => {
      const cache = await openCache();
      await verifyAll(cache);
      if (how === "closed") await cache.device.close();
      else await cache.bench.settle(cache.device.flush());
      const again = await reopen(cache, how !== "closed");
      await verifyAll(again);
      expect(originReads(again)).toEqual([]);
    },
  );

  test("is read again when the power went before a flush", async () => {
    const cache = await openCache();
    await verifyAll(cache);
    const again = await reopen(cache, true);
    await verifyAll(again);
    expect(originReads(again)).toEqual(["origin read 0+200"]);
  });

  test("fills the COW device, and no more", async () => {
    const cache = await openCache({ cowSectors: 88 });
    for (let round = 0; round < 3; round++) await verifyAll(cache);
    expect(statusOf(cache.device)).toBe("88/88 16");
    cache.bench.trace = [];
    await verifyAll(cache);
    expect(originReads(cache)).toEqual(["origin read 72+128"]);
  });

  test("fills the share of the COW device that it was given", async () => {
    const cache = await openCache({ cowSectors: 160, copyOnReadPercentMax: 20 });
    for (let round = 0; round < 2; round++) await verifyAll(cache);
    expect(statusOf(cache.device)).toBe("32/160 16");
  });

  test("is told of by watermarks", async () => {
    const events: TableEvent[] = [];
    const cache = await openCache({ cowSectors: 160, onEvent: (event) => events.push(event) });
    await verifyAll(cache);
    const { eventNumber } = cache.device;
    expect(events.map((event) => event.kind === "usage" && event.percent)).toEqual([50, 80, 95]);
    expect(eventNumber).toBe(3);
  });
});

describe("failure", () => {
  test("an origin that fails is told to its reader, and the next read is right", async () => {
    for (let at = 1; at <= 4; at++) {
      const cache = await openCache();
      let left = at;
      cache.bench.fault = ({ disk }) => disk === "origin" && --left === 0;
      let failures = 0;
      for (const [sector, count] of [[0, 10], [40, 1], [30, 60], [0, 200]] as const) {
        await verifyPart(cache, sector, count).catch((error) => {
          expect(error).toMatchObject({ code: "EIO" });
          failures++;
        });
      }
      expect(failures).toBe(1);
      await verifyAll(cache);
      cache.bench.trace = [];
      await verifyAll(cache);
      expect(originReads(cache)).toEqual([]);
      await cache.device.close();
    }
  });

  test.each([8, 1])(
    "a COW device that cannot be written: everything is read through; chunks of %d",
    async (chunkSectors) => {
      for (let at = 1; at <= 9; at++) {
        const cache = await openCache({ chunkSectors });
        let left = at;
        cache.bench.fault = ({ disk, kind }) => disk === "cow" && kind !== "read" && --left <= 0;
        for (let sector = 0; sector < SECTORS; sector += 5) await verifyPart(cache, sector, 5);
        await verifyAll(cache);
        await cache.bench.settle(cache.device.flush());
        if (left <= 0) {
          expect(statusOf(cache.device)).toBe("Invalid");
          cache.bench.trace = [];
          await verifyAll(cache);
          expect(originReads(cache)).toEqual(["origin read 0+200"]);
        }
        await cache.device.close();
      }
    },
  );

  test("a COW device that could not be written is not used when it is opened again", async () => {
    const cache = await openCache();
    await verifyPart(cache, 0, 8);
    let left = 1;
    cache.bench.fault = ({ disk, kind }) => disk === "cow" && kind === "write" && left-- > 0;
    await verifyPart(cache, 8, 8);
    await cache.device.close();
    const again = await reopen(cache, true);
    expect(statusOf(again.device)).toBe("Invalid");
    for (let round = 0; round < 2; round++) {
      await verifyAll(again);
      expect(originReads(again)).toEqual(["origin read 0+200"]);
    }
  });

  test("a COW device that is read-only is used as far as it goes", async () => {
    const cache = await openCache();
    await verifyPart(cache, 0, 8);
    await cache.device.close();
    const bench = new Bench();
    const cow = bench.disk("cow", 600, { content: cache.cow.bytes, readOnly: true });
    const again = await openCache({ bench, cow });
    for (let round = 0; round < 2; round++) {
      await verifyAll(again);
      expect(originReads(again)).toEqual(["origin read 8+192"]);
    }
    await again.device.close();
  });
});

describe("the device", () => {
  test("is read-only: nothing that writes reaches a disk", async () => {
    const { bench, device } = await openCache();
    for (
      const refusal of [
        () => device.write(new Uint8Array(512), 0),
        () => device.writeZeroes(0, 8),
        () => device.discard(0, 8),
      ]
    ) await expect(refusal()).rejects.toMatchObject({ code: "EROFS" });
    expect(bench.takeTrace()).toEqual([]);
    expect(device.supports).toEqual({
      sync: true,
      write: false,
      discard: false,
      discardZeroes: false,
      permanence: true,
    });
  });

  test("says what it is made of", async () => {
    const { device } = await openCache();
    const [target] = device.activeTargets ?? [];
    expect([target?.type, target?.table()]).toEqual(["read-cache", "origin cow 8"]);
    expect([device.sectorCount, device.limits.preferredSectors]).toEqual([SECTORS, 8]);
  });

  test("can be read, flushed and closed at once", async () => {
    const { bench, device } = await openCache();
    const bytes = new Uint8Array(SECTORS * 512);
    device.readSync(bytes, 0);
    verifySectors(bytes, patternOf(1, 0, SECTORS), 0, "read at once");
    device.flushSync();
    expect(bench.takeTrace().at(-1)).toBe("cow write 8+1 fua");
    device.closeSync();
  });

  test("fails at once with EAGAIN where an origin would have to be waited for", async () => {
    for (const isInvalid of [false, true]) {
      const bench = new Bench();
      const content = patternOf(1, 0, SECTORS);
      const origin = bench.disk("origin", SECTORS, { content }).slow;
      const cow = bench.disk("cow", 600).device;
      const plan = planCache({ chunkSectors: 8, origin, cow });
      const device = await bench.settle(runAsync(planDevice("cache", plan)));
      const bytes = new Uint8Array(8 * 512);
      await bench.settle(device.read(bytes, 8));
      bench.fault = ({ kind }) => isInvalid && kind === "write";
      await bench.settle(device.read(bytes, 16));
      expect(statusOf(device) === "Invalid").toBe(isInvalid);
      bench.trace = [];
      expect(() => device.readSync(bytes, 40)).toThrow("would have to wait");
      expect(bench.takeTrace()).toEqual([]);
      if (isInvalid) continue;
      device.readSync(bytes, 8);
      verifySectors(bytes, patternOf(1, 8, 8), 8, "kept");
    }
  });

  test("is refused on devices that do not fit, and nothing was written", () => {
    const bench = new Bench();
    const disk = (name: string, sectorCount: number, logicalSectors = 1) =>
      bench.disk(name, sectorCount, { logicalSectors }).device;
    const origin = disk("origin", 203);
    const open = (options: Partial<CacheOptions>): MappedDevice =>
      runSync(planDevice("cache", planCache({ origin, cow: disk("cow", 600), ...options })));
    expect(() => open({ cow: origin })).toThrow("it is its own COW device");
    expect(() => open({ cow: disk("4K", 600, 8) })).toThrow("want a multiple of 8");
    expect(() => open({ chunkSectors: 3 })).toThrow("want a power of two");
    expect(() => open({ chunkSectors: 8192 })).toThrow("too large to be kept, want at most 4096");
    expect(() => open({ copyOnReadPercentMax: 101 })).toThrow("want 0 to 100");
    expect(() => open({ cow: disk("small", 15), chunkSectors: 8 })).toThrow("want at least 16");
    expect(bench.trace.filter(({ kind }) => kind !== "read")).toEqual([]);
  });
});
