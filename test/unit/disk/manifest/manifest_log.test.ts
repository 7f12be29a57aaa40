import { expect, test } from "vitest";
import { runSync } from "../../../../src/block/plan.ts";
import { createMemoryDevice, type MemoryDevice } from "../../../../src/devices/mod.ts";
import { MANIFEST_LOG_SECTORS, ManifestLog } from "../../../../src/disk/manifest/manifest_log.ts";
import { Prng, SimulatedDisk } from "../../../../src/testing/mod.ts";
import { checked } from "../../../../src/block/checked.ts";
import type { SyncBlockDevice } from "../../../../src/block/device.ts";

const SLOT_BYTES = MANIFEST_LOG_SECTORS / 2 * 512;

function device(): MemoryDevice {
  return createMemoryDevice({ name: "log", sectorCount: MANIFEST_LOG_SECTORS });
}

function readLog(from: SyncBlockDevice): string | null {
  return runSync(new ManifestLog(from).read());
}

function flip(where: MemoryDevice, offsetBytes: number): void {
  const sector = new Uint8Array(512);
  where.readSync(sector, Math.floor(offsetBytes / 512));
  sector[offsetBytes % 512]! ^= 1;
  where.writeSync(sector, Math.floor(offsetBytes / 512));
}

/** A log that texts were written to, one after the other. */
function written(...texts: string[]): MemoryDevice {
  const memory = device();
  const log = new ManifestLog(memory);
  expect(runSync(log.read())).toBe(null);
  for (const text of texts) runSync(log.write(text));
  return memory;
}

test("the newest text is read, whoever wrote it", () => {
  const memory = device();
  for (const text of ["one", "two", "three", "four äöü", "x".repeat(100_000), ""]) {
    const log = new ManifestLog(memory);
    runSync(log.read());
    runSync(log.write(text));
    expect(readLog(memory)).toBe(text);
  }
});

test("a loss of power in any step leaves the text before or the one after, all of it", () => {
  const prng = Prng.fromSeed("log");
  const texts = Array.from({ length: 7 }, (_, at) => `${at}`.repeat([3, 9000, 600][at % 3]!));
  const disk = new SimulatedDisk({ sectorCount: MANIFEST_LOG_SECTORS });
  let [before, after]: (string | null)[] = [null, null];
  let cutCount = 0;
  const cut = () => {
    for (let way = 0; way < 30; way++) {
      const found = readLog(disk.afterCut(prng));
      expect([before, after]).toContain(found);
      cutCount++;
    }
  };
  const face = checked({
    name: "log",
    sectorCount: MANIFEST_LOG_SECTORS,
    supports: disk.supports,
    readSync: (target, sector) => disk.readSync(target, sector),
    writeSync(source, sector) {
      cut();
      disk.writeSync(source, sector);
      cut();
    },
    flushSync() {
      cut();
      disk.flushSync();
      cut();
    },
    closeSync() {},
  });
  const log = new ManifestLog(face);
  for (const text of texts) {
    after = text;
    runSync(log.write(text));
    before = text;
    cut();
  }
  expect(cutCount).toBeGreaterThan(900);
});

test("a slot that was damaged does not count; the other one does", () => {
  const places = [0, 8, 13, 20, 30, 64, 66];
  for (const offset of places) {
    // Editions 1 and 2 are "one", 3 lies in the first slot, 4 in the second.
    const newest = written("one", "two", "three");
    flip(newest, SLOT_BYTES + offset);
    expect(readLog(newest)).toBe("two");
    const older = written("one", "two", "three");
    flip(older, offset);
    expect(readLog(older)).toBe("three");
  }
});

test("after a damaged slot the good one is not written over", () => {
  const memory = written("one", "two");
  flip(memory, 65); // "two", in the first slot.
  const log = new ManifestLog(memory);
  expect(runSync(log.read())).toBe("one");
  runSync(log.write("three"));
  flip(memory, 65);
  expect(readLog(memory)).toBe("one");
});

test("two damaged slots are refused, and nothing is guessed", () => {
  const memory = written("one", "two");
  flip(memory, 65);
  flip(memory, SLOT_BYTES + 65);
  expect(() => readLog(memory)).toThrow(/slots of "log" are torn and torn/);
});

test("a first text that was cut off was never written", () => {
  const torn = written("x".repeat(3000));
  torn.writeSync(new Uint8Array(SLOT_BYTES), MANIFEST_LOG_SECTORS / 2);
  flip(torn, 2000);
  expect(readLog(torn)).toBe(null);
  // Only sectors behind the first have arrived.
  torn.writeSync(new Uint8Array(512), 0);
  expect(readLog(torn)).toBe(null);
});

test.each([
  ["in front", 0, /foreign and blank/],
  ["in the second half", MANIFEST_LOG_SECTORS / 2, /blank and foreign/],
])("a device with something else on it, %s, is refused", (_, sector, why) => {
  const memory = device();
  memory.writeSync(new Uint8Array(512).fill(0x55), sector);
  expect(() => readLog(memory)).toThrow(why);
});

test("a device that is too small is refused", () => {
  const small = createMemoryDevice({ name: "small", sectorCount: 8 });
  expect(() => readLog(small)).toThrow(/it has 8 sectors, want 4096/);
});

test("a text that is too long is refused before anything is written", () => {
  const memory = written("one");
  const log = new ManifestLog(memory);
  runSync(log.read());
  const longest = "x".repeat(SLOT_BYTES - 64);
  expect(() => runSync(log.write(`${longest}x`))).toThrow(/want at most 1048512/);
  expect(readLog(memory)).toBe("one");
  runSync(log.write(longest));
  expect(readLog(memory)).toBe(longest);
});

test("after a write that failed, the next one makes sure of its text", () => {
  const memory = written("one", "two");
  let failsAt = -1;
  let step = 0;
  const face = checked({
    name: "log",
    sectorCount: MANIFEST_LOG_SECTORS,
    supports: memory.supports,
    readSync: (target, sector) => memory.readSync(target, sector),
    writeSync(source, sector) {
      memory.writeSync(source, sector);
      if (step++ === failsAt) throw new Error("it fails");
    },
    flushSync() {
      if (step++ === failsAt) throw new Error("it fails");
    },
    closeSync() {},
  });
  const log = new ManifestLog(face);
  runSync(log.read());
  for (failsAt of [0, 1]) {
    step = 0;
    expect(() => runSync(log.write("in doubt"))).toThrow("it fails");
    runSync(log.write("two"));
    expect(readLog(memory)).toBe("two");
  }
});
