import { assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import { test } from "vitest";
import { checked } from "../../../src/block/checked.ts";
import type { SyncBlockDevice } from "../../../src/block/device.ts";
import { runAsync, runSync } from "../../../src/block/plan.ts";
import { Copier } from "../../../src/copier/mod.ts";
import { Prng } from "../../../src/testing/prng.ts";
import { Rig } from "./rig.ts";

/** A synchronous device over bytes that the test can see. */
function plainDevice(name: string, bytes: Uint8Array): SyncBlockDevice {
  return checked({
    name,
    sectorCount: bytes.length / 512,
    supports: { write: true, discard: false, discardZeroes: false, permanence: false },
    readSync: (target, sector) =>
      target.set(bytes.subarray(sector * 512).subarray(0, target.length)),
    writeSync: (source, sector) => bytes.set(source, sector * 512),
    flushSync() {},
    closeSync() {},
  });
}

test("a copy moves exactly the sectors it was told, to exactly where it was told", () => {
  const prng = Prng.fromSeed(1);
  const from = prng.bytes(64 * 512);
  const to = prng.bytes(64 * 512);
  const expected = to.slice();
  expected.set(from.subarray(3 * 512, 20 * 512), 40 * 512);
  const targets = [{ device: plainDevice("to", to), sector: 40 }];
  const source = plainDevice("from", from);
  runSync(new Copier({ subJobSectors: 5 }).copy({ source, sector: 3, sectorCount: 17, targets }));
  assertEquals(to, expected);
});

test("a copy that the runner performs at once takes no more memory than one sub-job", () => {
  const bytes = new Uint8Array(1024 * 512);
  const lengths = new Set<ArrayBufferLike>();
  const source = checked({
    name: "source",
    sectorCount: 1024,
    supports: { write: false, discard: false, discardZeroes: false, permanence: false },
    readSync: (target) => void lengths.add(target.buffer),
    writeSync() {},
    flushSync() {},
    closeSync() {},
  });
  const copier = new Copier({ subJobSectors: 8 });
  const targets = [{ device: plainDevice("target", bytes), sector: 0 }];
  runSync(copier.copy({ source, sector: 0, sectorCount: 1024, targets }));
  assertEquals([...lengths].map((buffer) => buffer.byteLength), [8 * 512]);
});

test("one read serves all targets", async () => {
  const rig = new Rig();
  const source = rig.device("source", 32);
  const targets = [rig.device("a", 32), rig.device("b", 40), rig.device("c", 32)];
  const job = {
    source: source.device,
    sector: 0,
    sectorCount: 32,
    targets: targets.map(({ device }, index) => ({ device, sector: index === 1 ? 8 : 0 })),
  };
  await rig.settle(runAsync(new Copier({ subJobSectors: 8 }).copy(job)));
  assertEquals(rig.requests.filter(({ verb }) => verb === "read").length, 4);
  assertEquals(targets[0]!.bytes, source.bytes);
  assertEquals(targets[1]!.bytes.subarray(8 * 512), source.bytes);
  assertEquals(targets[2]!.bytes, source.bytes);
});

test("a large copy has as many sub-jobs under way as it may, and not more", async () => {
  const rig = new Rig();
  const source = rig.device("source", 160);
  const target = rig.device("target", 160);
  const copier = new Copier({ subJobSectors: 8, subJobsMax: 3 });
  const targets = [{ device: target.device, sector: 0 }];
  await rig.settle(
    runAsync(copier.copy({ source: source.device, sector: 0, sectorCount: 160, targets })),
  );
  assertEquals(target.bytes, source.bytes);
  assertEquals(rig.bytesInFlightMax, 3 * 8 * 512);
});

test("all jobs together stay within the bytes in flight, and all of them end", async () => {
  const rig = new Rig();
  const source = rig.device("source", 256);
  const bytesInFlightMax = 5 * 8 * 512;
  const copier = new Copier({ subJobSectors: 8, bytesInFlightMax });
  const devices = Array.from({ length: 6 }, (_, index) => rig.device(`target ${index}`, 64));
  const copies = devices.map(({ device }, index) => {
    const targets = [{ device, sector: 0 }];
    const job = { source: source.device, sector: index * 32, sectorCount: 64, targets };
    return runAsync(copier.copy(job));
  });
  await rig.settle(Promise.all(copies));
  for (const [index, { bytes }] of devices.entries()) {
    assertEquals(bytes, source.bytes.slice(index * 32 * 512, (index * 32 + 64) * 512));
  }
  assertEquals(rig.bytesInFlightMax, bytesInFlightMax);
  assertEquals(copier.bytesInFlight, 0);
});

test("a small copy is not kept out by a large one that never lets go of its share", async () => {
  const rig = new Rig();
  const source = rig.device("source", 512);
  const target = rig.device("target", 512);
  const small = rig.device("small", 8);
  const copier = new Copier({ subJobSectors: 8, bytesInFlightMax: 2 * 8 * 512 });
  const ends: string[] = [];
  const copy = (name: string, sectorCount: number, device = target.device) => {
    const targets = [{ device, sector: 0 }];
    const plan = copier.copy({ source: source.device, sector: 0, sectorCount, targets });
    return runAsync(plan).then(() => ends.push(name));
  };
  await rig.settle(Promise.all([copy("large", 512), copy("small", 8, small.device)]));
  assertEquals(ends, ["small", "large"]);
});

test("zeroing writes zeroes there and nowhere else, and reads nothing", async () => {
  const rig = new Rig();
  const target = rig.device("target", 64);
  const expected = target.bytes.slice().fill(0, 10 * 512, 50 * 512);
  const job = { targets: [{ device: target.device, sector: 10 }], sectorCount: 40 };
  await rig.settle(runAsync(new Copier({ subJobSectors: 16 }).zero(job)));
  assertEquals(target.bytes, expected);
  assertEquals(rig.requests.map(({ verb }) => verb), ["zero", "zero", "zero"]);
});

test("a job of no sectors asks nothing of its devices", () => {
  const rig = new Rig();
  const { device } = rig.device("device", 8);
  const targets = [{ device, sector: 8 }];
  const onProgress = () => {
    throw new Error("there is no progress to tell");
  };
  const copier = new Copier();
  runSync(copier.copy({ source: device, sector: 8, sectorCount: 0, targets, onProgress }));
  runSync(copier.zero({ sectorCount: 0, targets, ordered: true }));
  assertEquals(rig.requests, []);
});

test("random copies leave what a model leaves, in bounded memory", async () => {
  for (let seed = 0; seed < 8; seed++) {
    const prng = Prng.fromSeed(`copies ${seed}`);
    const rig = new Rig(seed);
    const subJobSectors = prng.pick([1, 3, 8, 16]);
    const bytesInFlightMax = subJobSectors * 512 * prng.intBetween(1, 6);
    const copier = new Copier({
      subJobSectors,
      bytesInFlightMax,
      subJobsMax: prng.intBetween(1, 9),
    });
    const source = rig.device("source", 100);
    const targets = [rig.device("a", 300), rig.device("b", 300)];
    const expected = targets.map(({ bytes }) => bytes.slice());
    const jobs: Promise<void>[] = [];
    // Jobs that overlap may land in either order, so each one gets a stretch of its own.
    for (let base = 0; base < 300; base += 50) {
      const sectorCount = prng.int(51);
      const sector = prng.int(101 - sectorCount);
      const chosen = prng.pick([[0], [1], [0, 1]]);
      const request = {
        sectorCount,
        targets: chosen.map((index) => ({ device: targets[index]!.device, sector: base })),
        ordered: prng.bool(),
        sequential: prng.bool(),
      };
      const isZero = prng.bool(0.2);
      const content = isZero
        ? new Uint8Array(sectorCount * 512)
        : source.bytes.subarray(sector * 512, (sector + sectorCount) * 512);
      for (const index of chosen) expected[index]!.set(content, base * 512);
      const plan = isZero
        ? copier.zero(request)
        : copier.copy({ ...request, source: source.device, sector });
      jobs.push(runAsync(plan));
    }
    await rig.settle(Promise.all(jobs));
    for (const [index, { bytes }] of targets.entries()) {
      assertEquals(bytes, expected[index], `seed ${seed}, target ${index}`);
    }
    assertEquals(copier.bytesInFlight, 0);
  }
});

test("limits that could never be met are refused when the copier is made", () => {
  assertThrows(() => new Copier({ subJobSectors: 0 }), RangeError);
  assertThrows(() => new Copier({ subJobsMax: 0.5 }), RangeError);
  assertThrows(() => new Copier({ subJobSectors: 8, bytesInFlightMax: 4095 }), RangeError);
  assertLessOrEqual(new Copier({ subJobSectors: 65536 }).bytesInFlight, 0);
});

test("a job without targets, or of less than no sectors, is a programmer's mistake", () => {
  const { device } = new Rig().device("device", 8);
  const copier = new Copier();
  const targets = [{ device, sector: 0 }];
  assertThrows(() => runSync(copier.zero({ targets: [], sectorCount: 1 })), RangeError);
  assertThrows(() => runSync(copier.zero({ targets, sectorCount: -1 })), RangeError);
  assertThrows(() => runSync(copier.zero({ targets, sectorCount: NaN })), RangeError);
});
