import { describe, expect, test } from "vitest";
import { checked } from "../../../../src/block/checked.ts";
import { formatSlotFile, SlotStorage } from "../../../../src/devices/opfs/slot_storage.ts";
import { patternOf, Prng, verifySectors } from "../../../../src/testing/mod.ts";
import { PowerCut, VolatileFile } from "./volatile_file.ts";

const SLOT_BYTES = 65536;

function makeFile(sectorCount: number): VolatileFile {
  const file = new VolatileFile();
  formatSlotFile(file, sectorCount);
  return file;
}

const open = (file: VolatileFile, write = true) => new SlotStorage("disk", file, write);

function readAll(storage: SlotStorage): Uint8Array {
  const target = new Uint8Array(storage.sectorCount * 512).fill(0xa5);
  storage.readSync(target, 0);
  return target;
}

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

test("a sparse disk of a tebibyte costs what was written to it, and a map", () => {
  const sectorCount = 2 ** 31;
  const file = makeFile(sectorCount);
  const disk = open(file);
  for (const sector of [0, 2 ** 30, sectorCount - 1]) {
    disk.writeSync(patternOf(1, sector, 1), sector, false);
  }
  disk.closeSync();
  expect(file.getSize()).toBe(5 * SLOT_BYTES);
  const again = open(file);
  const sector = new Uint8Array(512);
  again.readSync(sector, sectorCount - 1);
  verifySectors(sector, patternOf(1, sectorCount - 1, 1), sectorCount - 1, "the last sector");
});

test("what becomes zeroes is given back, and used again before the file grows", () => {
  const file = makeFile(1280);
  const disk = open(file);
  disk.writeSync(patternOf(1, 0, 1280), 0, true);
  const fullBytes = file.getSize();
  for (let round = 2; round < 40; round++) {
    disk.discardSync(0, 1280);
    disk.flushSync();
    verifySectors(readAll(disk), new Uint8Array(1280 * 512), 0, "discarded");
    disk.writeSync(patternOf(round, 0, 1280), 0, true);
    verifySectors(readAll(disk), patternOf(round, 0, 1280), 0, `round ${round}`);
  }
  expect(file.getSize()).toBeLessThanOrEqual(2 * fullBytes);
  disk.discardSync(0, 1280);
  disk.closeSync();
  expect(file.getSize()).toBe(SLOT_BYTES);
});

test("a slot that is used again shows nothing of what was in it", () => {
  const disk = open(makeFile(1280));
  disk.writeSync(patternOf(1, 0, 1280), 0, true);
  disk.discardSync(0, 1280);
  disk.writeSync(patternOf(2, 5, 1), 5, false);
  const want = new Uint8Array(1280 * 512);
  want.set(patternOf(2, 5, 1), 5 * 512);
  verifySectors(readAll(disk), want, 0, "at once");
  disk.flushSync();
  disk.discardSync(0, 1280);
  disk.flushSync();
  disk.writeSync(patternOf(3, 200, 1), 200, false);
  want.fill(0);
  want.set(patternOf(3, 200, 1), 200 * 512);
  verifySectors(readAll(disk), want, 0, "after flushes");
});

describe("over the quota", () => {
  test("a write is refused with ENOSPC and changes nothing", () => {
    const file = makeFile(12800);
    const disk = open(file);
    file.quotaBytes = 5 * SLOT_BYTES;
    disk.writeSync(patternOf(1, 0, 300), 0, true);
    expect(() => disk.writeSync(patternOf(2, 200, 300), 200, false)).toThrow(refusal("ENOSPC"));
    const want = new Uint8Array(12800 * 512);
    want.set(patternOf(1, 0, 300));
    verifySectors(readAll(disk), want, 0, "as before");
    disk.writeSync(patternOf(3, 100, 200), 100, true);
    want.set(patternOf(3, 100, 200), 100 * 512);
    verifySectors(readAll(disk), want, 0, "what has its place can be written");
  });

  test("slots that were given back are used, flushed or not", () => {
    const file = makeFile(12800);
    const disk = open(file);
    file.quotaBytes = 5 * SLOT_BYTES;
    disk.writeSync(patternOf(1, 0, 384), 0, true);
    disk.discardSync(0, 384);
    disk.writeSync(patternOf(2, 1280, 384), 1280, false);
    const want = new Uint8Array(12800 * 512);
    want.set(patternOf(2, 1280, 384), 1280 * 512);
    verifySectors(readAll(disk), want, 0, "in the place of the others");
    expect(file.getSize()).toBe(5 * SLOT_BYTES);
  });
});

test("a flush without a change is none of the file's", () => {
  const file = makeFile(8);
  const disk = open(file);
  disk.writeSync(patternOf(1, 0, 8), 0, true);
  disk.flushSync();
  const { operationCount } = file;
  disk.flushSync();
  expect(file.operationCount).toBe(operationCount);
});

test("once a flush has failed every later one does", () => {
  const file = makeFile(8);
  const disk = open(file);
  disk.writeSync(patternOf(1, 0, 8), 0, false);
  const { flush } = file;
  file.flush = () => {
    throw new DOMException("gone", "InvalidStateError");
  };
  expect(() => disk.flushSync()).toThrow(refusal("EIO"));
  file.flush = flush;
  expect(() => disk.flushSync()).toThrow(refusal("EIO"));
});

test("a flush that cannot bring writes into the file can be tried again", () => {
  const file = makeFile(128);
  const disk = open(file);
  // From the third flush on neither a map nor the header has to be written.
  for (let round = 1; round <= 2; round++) disk.writeSync(patternOf(round, 0, 1), 0, true);
  disk.writeSync(patternOf(1, 3, 8), 3, false);
  const { write } = file;
  file.write = () => {
    throw new DOMException("not now", "InvalidStateError");
  };
  expect(() => disk.flushSync()).toThrow(refusal("EIO"));
  file.write = write;
  disk.flushSync();
  disk.closeSync();
  const want = new Uint8Array(128 * 512);
  want.set(patternOf(2, 0, 1));
  want.set(patternOf(1, 3, 8), 3 * 512);
  verifySectors(readAll(open(file)), want, 0, "found again");
});

test("what was grown reads as zeroes, and is there after the next flush", () => {
  const file = makeFile(100);
  const disk = checked(open(file));
  disk.writeSync(patternOf(1, 0, 100), 0);
  disk.closeSync();
  const storage = open(file);
  storage.grow(1000);
  const want = new Uint8Array(1000 * 512);
  want.set(patternOf(1, 0, 100));
  verifySectors(readAll(storage), want, 0, "grown");
  storage.flushSync();
  storage.closeSync();
  expect(open(file).sectorCount).toBe(1000);
});

describe("after a loss of power at any operation", () => {
  /** What each sector may hold: as it was flushed, or anything written since. */
  class Expectation {
    readonly #sectors: Uint8Array[][];

    constructor(sectorCount: number) {
      this.#sectors = Array.from({ length: sectorCount }, () => [new Uint8Array(512)]);
    }

    write(source: Uint8Array, sector: number): void {
      for (let at = 0; at < source.length; at += 512) {
        this.#sectors[sector + at / 512]!.push(source.slice(at, at + 512));
      }
    }

    flushed(): void {
      for (const contents of this.#sectors) contents.splice(0, contents.length - 1);
    }

    /** Checks what was found, which is durable from now on. */
    found(content: Uint8Array): void {
      this.#sectors.forEach((contents, sector) => {
        const got = content.slice(sector * 512, (sector + 1) * 512);
        const isKnown = contents.some((bytes) => bytes.every((byte, at) => byte === got[at]));
        if (!isKnown) verifySectors(got, contents[0]!, sector, "after the cut");
        contents.splice(0, contents.length, got);
      });
    }
  }

  test("the header vouches for no slot that a cut can take", () => {
    const prng = Prng.fromSeed("opfs growth");
    const file = makeFile(2560);
    const disk = open(file);
    const flush = file.flush.bind(file);
    file.flush = () => {
      for (let draw = 0; draw < 8; draw++) open(file.afterCut(prng), false);
      flush();
    };
    for (let stretch = 0; stretch < 20; stretch++) {
      file.quotaBytes = (3 + stretch) * SLOT_BYTES; // So that the file grows by one slot each time.
      disk.writeSync(patternOf(1, stretch * 128, 128), stretch * 128, true);
    }
    disk.closeSync();
  });

  /** Does something, and notes what it was even if the power is cut in the middle of it. */
  function step(disk: SlotStorage, expectation: Expectation, prng: Prng, seed: number): void {
    const { sectorCount } = disk;
    const sector = prng.int(sectorCount);
    const count = 1 + prng.int(Math.min(300, sectorCount - sector));
    switch (prng.int(5)) {
      case 0:
        disk.flushSync();
        return expectation.flushed();
      case 1:
        expectation.write(new Uint8Array(count * 512), sector);
        return disk.discardSync(sector, count);
      case 2: {
        expectation.write(new Uint8Array(sectorCount * 512), 0);
        return disk.discardSync(0, sectorCount);
      }
      default: {
        const source = patternOf(seed, sector, count);
        expectation.write(source, sector);
        return disk.writeSync(source, sector, false);
      }
    }
  }

  const isPowerCut = (error: unknown) =>
    error instanceof PowerCut || (error instanceof Error && error.cause instanceof PowerCut);

  /** A life from opening to the cut, or to the end. */
  function live(file: VolatileFile, expectation: Expectation, prng: Prng, life: number): void {
    try {
      const disk = open(file);
      for (let turn = 0; turn < 25; turn++) {
        try {
          step(disk, expectation, prng, life * 100 + turn);
        } catch (error) {
          if ((error as { code?: string }).code !== "ENOSPC") throw error;
        }
      }
      if (prng.bool()) disk.closeSync();
    } catch (error) {
      if (!isPowerCut(error)) throw error;
    }
  }

  // Small, so that slots are few and used again; and large, so that the map has several sectors.
  test.each([["one", 700, 100], ["two", 700, 100], ["three", 5000, 40]])(
    "every sector is as it was flushed, or as it was written since (seed %s, %i sectors)",
    (seed, sectorCount, lifeCount) => {
      const prng = Prng.fromSeed(`opfs cuts ${seed}`);
      let file = makeFile(sectorCount);
      const expectation = new Expectation(sectorCount);
      for (let life = 0; life < lifeCount; life++) {
        if (prng.bool()) file.operationsLeft = prng.int(60);
        else file.flushesLeft = prng.int(6);
        if (prng.bool()) file.quotaBytes = (4 + Math.ceil(sectorCount / 128)) * SLOT_BYTES;
        live(file, expectation, prng, life);
        file = file.afterCut(prng);
        expectation.found(readAll(open(file, false)));
      }
    },
  );
});
