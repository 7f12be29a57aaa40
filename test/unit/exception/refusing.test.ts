/** Tables that refuse what fails and stay valid: for a source that nobody overwrites. */
import { assert } from "@std/assert";
import { describe, expect, test } from "vitest";
import { checked } from "../../../src/block/checked.ts";
import type { SyncBlockDevice } from "../../../src/block/device.ts";
import { BlockDeviceError, codeOf, type ErrorCode } from "../../../src/block/errors.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";
import { patternOf, Prng, SimulatedDisk } from "../../../src/testing/mod.ts";

const SECTOR_COUNT = 150;
const COW_SECTORS = 400;
/** What the origin holds: as if the write 0 had written it. */
const ORIGIN_SEED = 0;

/** A disk for exceptions, full of rubbish behind its first sector. */
function rubbish(seed: number): SimulatedDisk {
  const bytes = Prng.fromSeed(seed).bytes(COW_SECTORS * 512);
  return new SimulatedDisk({ name: "cow", bytes: bytes.fill(0, 0, 512), seed });
}

/**
 * A device that is asked before every write and flush whether it fails. Of a write that fails any
 * sector may have landed.
 */
function failing(
  disk: SimulatedDisk,
  fails: () => ErrorCode | null,
  onLanded: (fua: boolean) => void = () => {},
): SyncBlockDevice {
  const prng = Prng.fromSeed("landing");
  const attempt = (what: string, land: (sector: number) => void, sectorCount: number) => {
    const code = fails();
    if (code === null) return;
    for (let at = 0; at < sectorCount; at++) if (prng.bool()) land(at);
    throw new BlockDeviceError(code, `Cannot ${what}: it fails on purpose`);
  };
  return checked({
    name: "cow",
    sectorCount: disk.sectorCount,
    supports: disk.supports,
    readSync: (target, sector) => disk.readSync(target, sector),
    writeSync(source, sector, fua) {
      const land = (at: number) =>
        disk.writeSync(source.subarray(at * 512, (at + 1) * 512), sector + at);
      attempt("write", land, source.length / 512);
      disk.writeSync(source, sector);
      onLanded(fua); // A durable write lands first, and may be torn until it has settled.
      if (fua) disk.writeSync(source, sector, { fua });
    },
    flushSync() {
      attempt("flush", () => {}, 0);
      disk.flushSync();
    },
    closeSync() {},
  });
}

/** What each sector may hold: seeds of writes, the newest last. */
class Sectors {
  readonly allowed: number[][] = Array.from({ length: SECTOR_COUNT }, () => [ORIGIN_SEED]);

  write(seed: number, sector: number, count: number, isDone: boolean): void {
    for (let at = sector; at < sector + count; at++) {
      this.allowed[at] = isDone ? [seed] : [...this.allowed[at]!, seed];
    }
  }

  verify(bytes: Uint8Array, what: string): void {
    for (const [sector, seeds] of this.allowed.entries()) {
      const found = bytes.subarray(sector * 512, (sector + 1) * 512);
      const isRight = seeds.some((seed) => Buffer.compare(found, patternOf(seed, sector, 1)) === 0);
      assert(isRight, `${what}: sector ${sector} holds none of the writes ${seeds.join(", ")}`);
    }
  }
}

function contentsOf(device: SyncBlockDevice): Uint8Array {
  const bytes = new Uint8Array(SECTOR_COUNT * 512);
  device.readSync(bytes, 0);
  return bytes;
}

function open(cow: SyncBlockDevice, durability: "each" | "flush", chunkSectors: number) {
  const origin = createMemoryDevice({
    sectorCount: SECTOR_COUNT,
    content: patternOf(ORIGIN_SEED, 0, SECTOR_COUNT),
  });
  return openSnapshotSync({ origin, cow, chunkSectors, durability, onFailure: "refuse" });
}

/** Writes and flushes by seed, some of which fail; then a look, at once, after a cut, and again. */
function live(seed: number): { failureCount: number } {
  const prng = Prng.fromSeed(`refusing/${seed}`);
  const durability = prng.pick(["each", "flush"] as const);
  const chunkSectors = prng.pick([1, 2, 2]);
  const disk = rubbish(seed);
  let probability = 0;
  const code = prng.pick(["EIO", "ENOSPC"] as const);
  const sectors = new Sectors();
  const flushed = new Sectors();
  const verifyCut = (what: string) => {
    const after = open(disk.afterCut(prng), durability, chunkSectors);
    flushed.verify(contentsOf(after), `seed ${seed}, ${what}`);
    after.closeSync();
  };
  const cow = failing(
    disk,
    () => prng.bool(probability) ? code : null,
    () => {
      if (prng.bool(0.25)) verifyCut("power lost when a write had landed");
    },
  );
  const snapshot = open(cow, durability, chunkSectors);
  let failureCount = 0;
  const attempt = (request: () => void): boolean => {
    try {
      request();
      return true;
    } catch (error) {
      expect(codeOf(error)).toBe(code);
      failureCount++;
      return false;
    }
  };
  for (let turn = 1; turn <= 40; turn++) {
    probability = prng.bool(0.5) ? 0 : 0.3;
    if (prng.bool(0.2)) {
      if (attempt(() => snapshot.flushSync())) {
        for (const [at, seeds] of sectors.allowed.entries()) flushed.allowed[at] = [...seeds];
      }
    } else {
      const sector = prng.int(SECTOR_COUNT);
      const count = prng.intBetween(1, Math.min(40, SECTOR_COUNT - sector));
      flushed.write(turn, sector, count, false);
      const isDone = attempt(() => snapshot.writeSync(patternOf(turn, sector, count), sector));
      sectors.write(turn, sector, count, isDone);
    }
    probability = 0;
    expect(snapshot.activeTargets?.[0]?.status()).toMatch(/^\d+\/400 \d+$/);
    sectors.verify(contentsOf(snapshot), `seed ${seed}, turn ${turn}`);
    verifyCut(`power lost after turn ${turn}`);
  }
  snapshot.closeSync();
  const again = open(disk, durability, chunkSectors);
  sectors.verify(contentsOf(again), `seed ${seed}, opened again`);
  again.closeSync();
  return { failureCount };
}

describe("a table that refuses what fails", () => {
  test("stays valid, and holds every write that did not fail, at once and after a loss of power", () => {
    let failureCount = 0;
    for (let seed = 0; seed < 60; seed++) failureCount += live(seed).failureCount;
    expect(failureCount).toBeGreaterThan(300);
  });

  test("does not let entries back in that had landed before the commit failed", () => {
    let onLanded = (_fua: boolean) => {};
    const disk = rubbish(2);
    // Areas of two sectors, 64 entries. The writes below meet at the border of the two.
    const snapshot = open(failing(disk, () => null, (fua) => onLanded(fua)), "each", 2);
    snapshot.writeSync(patternOf(1, 80, 60), 80);
    onLanded = (fua) => {
      if (fua) throw new BlockDeviceError("EIO", "Cannot write: told too late");
    };
    expect(() => snapshot.writeSync(patternOf(2, 0, 20), 0)).toThrow("told too late");
    const prng = Prng.fromSeed("phantoms");
    onLanded = () => {
      for (let cut = 0; cut < 20; cut++) {
        open(disk.afterCut(prng, "by sector"), "each", 2).closeSync();
      }
    };
    snapshot.writeSync(patternOf(3, 10, 10), 10);
    snapshot.closeSync();
  });

  test("clears behind the end without making entries durable whose data is not", () => {
    let code: ErrorCode | null = null;
    let onLanded = () => {};
    const disk = rubbish(3);
    const snapshot = open(failing(disk, () => code, () => onLanded()), "flush", 2);
    const sectors = new Sectors();
    // 35 entries are durable, so that the list reaches into the block that is cleared; 25 are not.
    snapshot.writeSync(patternOf(1, 0, 70), 0);
    snapshot.flushSync();
    sectors.write(1, 0, 70, true);
    snapshot.writeSync(patternOf(1, 70, 50), 70);
    sectors.write(1, 70, 50, false);
    onLanded = () => void (code = "EIO"); // the successor of the area is zeroed, its flush fails
    expect(() => snapshot.writeSync(patternOf(2, 120, 20), 120)).toThrow("it fails on purpose");
    sectors.write(2, 120, 20, false);
    code = null;
    const prng = Prng.fromSeed("clearing");
    onLanded = () => {
      for (let cut = 0; cut < 20; cut++) {
        const after = open(disk.afterCut(prng, "by sector"), "flush", 2);
        sectors.verify(contentsOf(after), "power lost while the end was cleared");
        after.closeSync();
      }
    };
    snapshot.flushSync();
    snapshot.closeSync();
  });

  test("takes the next write as if nothing had been", () => {
    let code: ErrorCode | null = null;
    const disk = rubbish(1);
    const snapshot = open(failing(disk, () => code), "flush", 1);
    snapshot.writeSync(patternOf(1, 0, 8), 0);
    code = "ENOSPC";
    expect(() => snapshot.flushSync()).toThrow("it fails on purpose");
    expect(() => snapshot.writeSync(patternOf(2, 4, 40), 4)).toThrow("it fails on purpose");
    code = null;
    snapshot.writeSync(patternOf(3, 4, 40), 4);
    snapshot.flushSync();
    const after = open(disk.afterCut(Prng.fromSeed(1), "nothing"), "flush", 1);
    const expected = patternOf(ORIGIN_SEED, 0, SECTOR_COUNT);
    expected.set(patternOf(1, 0, 4));
    expected.set(patternOf(3, 4, 40), 4 * 512);
    expect(Buffer.compare(contentsOf(after), expected)).toBe(0);
    after.closeSync();
    snapshot.closeSync();
  });

  test("is not filled up by writes that fail", () => {
    let code: ErrorCode | null = null;
    const disk = rubbish(4);
    const snapshot = open(failing(disk, () => code), "flush", 1);
    snapshot.writeSync(patternOf(1, 0, 3), 0);
    code = "ENOSPC";
    for (let turn = 0; turn < 1000; turn++) {
      expect(() => snapshot.writeSync(patternOf(2, 10, 7), 10)).toThrow("it fails on purpose");
    }
    code = null;
    expect(snapshot.activeTargets?.[0]?.status()).toBe("5/400 2");
    snapshot.writeSync(patternOf(3, 10, 140), 10);
    snapshot.closeSync();
  });

  test("is invalid all the same when its source is overwritten and it could not keep a chunk", () => {
    let code: ErrorCode | null = null;
    const disk = rubbish(1);
    const cow = failing(disk, () => code);
    const origin = createMemoryDevice({
      sectorCount: SECTOR_COUNT,
      content: patternOf(ORIGIN_SEED, 0, SECTOR_COUNT),
    });
    const face = openOrigin(origin);
    const snapshot = openSnapshotSync({ origin, cow, chunkSectors: 1, onFailure: "refuse" });
    code = "ENOSPC";
    face.writeSync(patternOf(1, 0, 1), 0);
    expect(snapshot.activeTargets?.[0]?.status()).toBe("Invalid");
    expect(() => contentsOf(snapshot)).toThrow("they are invalid");
    code = null;
    snapshot.closeSync();
  });
});
