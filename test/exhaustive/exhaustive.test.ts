/**
 * Every sequence of up to five operations on three chunks and two snapshots, in every variant.
 */
// deno-lint-ignore-file no-console
import { afterAll, describe, expect, test } from "vitest";
import { checked } from "../../src/block/checked.ts";
import type { SyncBlockDevice } from "../../src/block/device.ts";
import { Origin } from "../../src/targets/origin.ts";
import { ALPHABET, lineOf, sequenceOf, wordOf } from "./alphabet.ts";
import { explore, sequencesOf } from "./enumeration.ts";
import type { Breakage } from "./small_stack.ts";
import { Trial } from "./trial.ts";
import { LABEL_SECTORS, type Variant, variantOf, VARIANTS } from "./variants.ts";

const LENGTH_MAX = 5;

/** Four seconds are enough on a machine that does nothing else. */
const TIMEOUT_MS = 300_000;

describe(`every sequence of up to ${LENGTH_MAX} operations leaves what it should`, () => {
  const total = { sequenceCount: 0, stateCount: 0 };
  afterAll(() => console.log(`${total.sequenceCount} sequences, ${total.stateCount} states`));

  test.each(VARIANTS.map(({ name }) => name))("%s", (name) => {
    const trial = new Trial(variantOf(name));
    const { sequenceCount, stateCount } = explore(trial, LENGTH_MAX);
    trial.close();
    total.sequenceCount += sequenceCount;
    total.stateCount += stateCount;
    expect({ sequenceCount, stateCount }).toEqual(COUNTS[name]);
  }, TIMEOUT_MS);
});

/** So that nobody narrows the alphabet without noticing. */
const COUNTS: Readonly<Record<string, { sequenceCount: number; stateCount: number }>> = {
  "P": { sequenceCount: 15794, stateCount: 331 },
  "P-flush": { sequenceCount: 20792, stateCount: 613 },
  "P-short": { sequenceCount: 11202, stateCount: 400 },
  "P-tail": { sequenceCount: 15810, stateCount: 300 },
  "PO-short": { sequenceCount: 13226, stateCount: 420 },
  "PO-short-flush": { sequenceCount: 17245, stateCount: 738 },
  "N-short": { sequenceCount: 7486, stateCount: 380 },
  "P-mixed": { sequenceCount: 15810, stateCount: 397 },
  "PO-mixed-short": { sequenceCount: 13378, stateCount: 374 },
  "P-passdown": { sequenceCount: 15802, stateCount: 592 },
};

test("sequences are told apart, and no two are the same", () => {
  for (const variant of VARIANTS) {
    const lines = Array.from(sequencesOf(variant, 3), lineOf);
    expect(new Set(lines).size).toBe(lines.length);
  }
});

test("every operation is met in some variant, and every label", () => {
  const met = new Set<string>();
  for (const variant of VARIANTS) {
    for (const sequence of sequencesOf(variant, 4)) {
      for (const each of sequence) met.add(wordOf(each));
    }
  }
  const missing = ALPHABET.map(wordOf).filter((word) => !met.has(word));
  expect(missing).toEqual([]);
});

test("a line is read as it is written, and a word that is none is refused", () => {
  const line = "take o0 take a* b1 zero-b hand-a flush reopen drop-b";
  expect(lineOf(sequenceOf(line))).toBe(line);
  expect(() => sequenceOf("take c1")).toThrow('"c1" is no operation');
  expect(() => variantOf("Q")).toThrow('There is no variant "Q"');
});

test("a sequence that means nothing is refused and not passed over", () => {
  const trial = new Trial(variantOf("P"));
  expect(() => trial.try(sequenceOf("take merge-b"))).toThrow("Operation 2 means nothing here");
});

describe("what is broken is caught by the shortest sequence that shows it", () => {
  test.each<[string, Breakage, string, RegExp, string]>([
    [
      "an origin that forgets the second snapshot",
      { origin: forgetSecond },
      "P",
      /snapshot b|COW device of snapshot b/,
      "take take o0",
    ],
    [
      "an origin that copies out after it has written",
      { origin: writeFirst },
      "P",
      /snapshot a reads wrong/,
      "take o0",
    ],
    [
      "an allocation that is one chunk further than it says",
      { cow: oneChunkFurther },
      "P",
      /left behind reads wrong/,
      "take o0",
    ],
    [
      "an origin that keeps only the first chunk of a write",
      { origin: keepFirstChunk },
      "P-flush",
      /exceptions for|reads wrong|status/,
      "take o*",
    ],
  ])("%s", (_what, breakage, name, message, line) => {
    const failure = failureOf(variantOf(name), breakage);
    expect(failure).toMatch(message);
    expect(failure).toContain(
      `replay: deno task exhaustive --variant ${name} --sequence "${line}"`,
    );
    // Told alone, the sequence fails in the same way.
    expect(() => new Trial(variantOf(name), breakage).try(sequenceOf(line))).toThrow(failure);
  });

  test("a merge that does not ask the other snapshot", () => {
    const { overwrite } = Origin.prototype;
    Origin.prototype.overwrite = function* (_ranges, _writer, write) {
      yield* write;
    };
    try {
      expect(failureOf(variantOf("P"), {})).toContain('--sequence "take take a0 merge-a"');
    } finally {
      Origin.prototype.overwrite = overwrite;
    }
    expect(new Trial(variantOf("P")).try(sequenceOf("take take a0 merge-a")).slots[0]).toBe(null);
  });
});

function failureOf(variant: Variant, breakage: Breakage): string {
  try {
    explore(new Trial(variant, breakage), LENGTH_MAX);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

type Write = (source: Uint8Array, sector: number, fua: boolean) => void;

/** An origin that writes in a way of its own. */
function originWith(face: SyncBlockDevice, write: Write): SyncBlockDevice {
  return checked({
    name: face.name,
    sectorCount: face.sectorCount,
    limits: face.limits,
    supports: face.supports,
    readSync: (target, sector) => face.readSync(target, sector),
    writeSync: write,
    writeZeroesSync: (sector, count, fua) => face.writeZeroesSync(sector, count, { fua }),
    flushSync: () => face.flushSync(),
    closeSync: () => face.closeSync(),
  });
}

function forgetSecond(face: SyncBlockDevice, disk: SyncBlockDevice): SyncBlockDevice {
  return originWith(face, (source, sector, fua) => {
    const origin = Origin.of(disk);
    const forgotten = origin.members.slice(1);
    for (const member of forgotten) origin.leave(member);
    face.writeSync(source, sector, { fua });
    for (const member of forgotten) origin.join(member);
  });
}

function writeFirst(face: SyncBlockDevice, disk: SyncBlockDevice): SyncBlockDevice {
  return originWith(face, (source, sector, fua) => {
    disk.writeSync(source, sector, { fua });
    face.writeSync(source, sector, { fua });
  });
}

function keepFirstChunk(face: SyncBlockDevice, disk: SyncBlockDevice): SyncBlockDevice {
  return originWith(face, (source, sector, fua) => {
    const count = Math.min(source.length, LABEL_SECTORS * 512);
    face.writeSync(source.subarray(0, count), sector, { fua });
    if (count === source.length) return;
    disk.writeSync(source.subarray(count), sector + count / 512, { fua });
  });
}

/** New chunks lie one chunk behind where the entries say: whoever uses this device sees nothing. */
function oneChunkFurther(larger: SyncBlockDevice, sectorCount: number): SyncBlockDevice {
  const metadataSectors = 2 * (larger.sectorCount - sectorCount);
  const place = (sector: number) =>
    sector < metadataSectors ? sector : sector + larger.sectorCount - sectorCount;
  const device = checked({
    name: larger.name,
    sectorCount,
    limits: larger.limits,
    supports: { ...larger.supports, discard: false, discardZeroes: false },
    readSync: (target, sector) => split(target, sector, (part, at) => larger.readSync(part, at)),
    writeSync: (source, sector, fua) =>
      split(source, sector, (part, at) => larger.writeSync(part, at, { fua })),
    flushSync: () => larger.flushSync(),
    closeSync: () => larger.closeSync(),
  });
  function split(bytes: Uint8Array, sector: number, act: (part: Uint8Array, at: number) => void) {
    for (let at = 0; at < bytes.length; at += 512) {
      act(bytes.subarray(at, at + 512), place(sector + at / 512));
    }
  }
  return device;
}
