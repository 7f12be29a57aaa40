import { describe, expect, test } from "vitest";
import * as slots from "../../../../src/emulator/sync/slot.ts";
import { Ring, TEXT_BYTES, WORD } from "../../../../src/emulator/sync/slot.ts";
import { type Defect, Interleavings, type World } from "./interleavings.ts";

const SIZE = { slotCount: 2, areaBytes: 1024 };

function newRing(size = SIZE): Ring {
  return new Ring(new SharedArrayBuffer(Ring.bytesOf(size)), size);
}

describe("in every order of steps", () => {
  const worlds: [string, World][] = [
    ["three requests", { requests: [3] }],
    ["two clients", { requests: [2, 2] }],
    ["a server that only a message wakes", { requests: [2, 1], byMessage: true }],
    ["three requests and a client whose patience ends", { requests: [3], isImpatient: true }],
    ["two clients whose patience ends", { requests: [2, 1], isImpatient: true }],
    ["a server that dies", { requests: [2, 1], isMortal: true }],
    ["a server that dies and patience that ends", {
      requests: [3],
      isMortal: true,
      isImpatient: true,
    }],
    ["messages and patience that ends", { requests: [1, 1], byMessage: true, isImpatient: true }],
  ];
  test.each(worlds)("every law holds with %s", (_name, world) => {
    expect(new Interleavings(world).explore()).toBeGreaterThan(40);
  });

  const patient: World = { requests: [2, 1] };
  const impatient: World = { requests: [3], isImpatient: true };
  const defects: [Defect, World, string][] = [
    ["answers without asking whether it is wanted", impatient, ""],
    ["asks again before the slot is given back", impatient, "a client fills only slots"],
    ["looks before it reads the bell", patient, "nobody waits for ever"],
    ["rings before it offers", patient, "nobody waits for ever"],
    ["withdraws in two steps", impatient, ""],
    [
      "says that it wants a message after its last look",
      { ...patient, byMessage: true },
      "nobody waits for ever",
    ],
  ];
  test.each(defects)("a side that %s is found out", (defect, world, law) => {
    const explore = () => new Interleavings({ ...world, defect }).explore();
    expect(explore).toThrow(`It does not hold that ${law}`);
  });
});

test("a state is left only by the one who may, and only from the one before", () => {
  const ring = newRing();
  expect(slots.take(ring, 1)).toBe(false);
  slots.offer(ring, 1);
  expect(slots.abandon(ring, 1)).toBe(false);
  expect(slots.answer(ring, 1)).toBe(false);
  expect(slots.take(ring, 1)).toBe(true);
  expect(slots.withdraw(ring, 1)).toBe(false);
  expect(slots.answer(ring, 1)).toBe(true);
  expect(slots.abandon(ring, 1)).toBe(false);
  slots.release(ring, 1);
  expect(ring.load(1, WORD.state)).toBe(slots.FREE);
  expect(ring.load(0, WORD.state)).toBe(slots.FREE);
});

test("numbers above 32 bits go through two words", () => {
  const ring = newRing();
  for (const number of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
    ring.storeNumber(1, WORD.sector, number);
    expect(ring.loadNumber(1, WORD.sector)).toBe(number);
  }
  expect(ring.loadNumber(1, WORD.sectorCount)).toBe(0);
});

test("words, texts and areas of all slots are apart", () => {
  const ring = newRing({ slotCount: 3, areaBytes: 512 });
  for (let slot = 0; slot < 3; slot++) {
    for (let word = 0; word < 14; word++) ring.store(slot, word, 100 * slot + word);
    ring.text(slot).fill(10 + slot);
    ring.area(slot, 512).fill(20 + slot);
  }
  for (let slot = 0; slot < 3; slot++) {
    for (let word = 0; word < 14; word++) expect(ring.load(slot, word)).toBe(100 * slot + word);
    expect(ring.text(slot)).toEqual(new Uint8Array(TEXT_BYTES).fill(10 + slot));
    expect(ring.area(slot, 512)).toEqual(new Uint8Array(512).fill(20 + slot));
    expect(ring.area(slot, 3).length).toBe(3);
  }
});

test("a ring of another size than was said is refused", () => {
  expect(() => new Ring(new SharedArrayBuffer(100), SIZE)).toThrow(RangeError);
  for (
    const size of [
      { slotCount: 1, areaBytes: 512 },
      { slotCount: 65, areaBytes: 512 },
      { slotCount: 2.5, areaBytes: 512 },
      { slotCount: 2, areaBytes: 0 },
      { slotCount: 2, areaBytes: 700 },
      { slotCount: 2, areaBytes: 2 ** 27 },
      { slotCount: 2, areaBytes: NaN },
    ]
  ) expect(() => Ring.bytesOf(size)).toThrow(RangeError);
});
