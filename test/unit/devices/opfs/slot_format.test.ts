import { expect, test } from "vitest";
import {
  decodeEntry,
  decodeHeader,
  encodeEntry,
  encodeHeader,
  entryOffsetBytes,
  MAP_SLOTS,
  mapSectorOffsetBytes,
  SLOT_BYTES,
  slotOffsetBytes,
  slotsWithin,
} from "../../../../src/devices/opfs/slot_format.ts";

test("the first slots lie behind the header and their map, the next behind another map", () => {
  const units = [1, 2, MAP_SLOTS, MAP_SLOTS + 1, 2 * MAP_SLOTS + 1].map((slot) =>
    slotOffsetBytes(slot) / SLOT_BYTES
  );
  expect(units).toEqual([2, 3, 4097, 4099, 8196]);
});

test("no two of slots, sectors of maps and the header lie in one place", () => {
  const taken = new Set([0]);
  for (let slot = 1; slot <= 2 * MAP_SLOTS + 40; slot++) {
    expect(taken.has(slotOffsetBytes(slot))).toBe(false);
    taken.add(slotOffsetBytes(slot));
    const map = mapSectorOffsetBytes(slot);
    expect(map % 512).toBe(0);
    expect(Math.floor(map / SLOT_BYTES)).toBe(Math.floor((slot - 1) / MAP_SLOTS) * 4097 + 1);
    expect(entryOffsetBytes(slot)).toBe(map % SLOT_BYTES + (slot - 1) % 32 * 16);
  }
});

test("a file has the slots that lie in it whole", () => {
  for (const slot of [1, 2, MAP_SLOTS, MAP_SLOTS + 1, 3 * MAP_SLOTS]) {
    const endBytes = slotOffsetBytes(slot) + SLOT_BYTES;
    expect([endBytes - 1, endBytes].map(slotsWithin)).toEqual([slot - 1, slot]);
  }
  expect([0, 512, SLOT_BYTES, 2 * SLOT_BYTES].map(slotsWithin)).toEqual([0, 0, 0, 0]);
});

test("a header is read as it was written", () => {
  for (const sectorCount of [0, 1, 2 ** 31, 2 ** 44 - 1]) {
    const header = { sectorCount, settledSlotCount: 77 };
    expect(decodeHeader(encodeHeader(header), "disk")).toEqual(header);
  }
});

test("a header of which any byte that counts is another is refused", () => {
  const bytes = encodeHeader({ sectorCount: 1000, settledSlotCount: 5 });
  for (let at = 0; at < 28; at++) {
    const damaged = bytes.slice();
    damaged[at]! ^= 0x10;
    expect(() => decodeHeader(damaged, "disk"), `byte ${at}`).toThrow(
      expect.objectContaining({ name: "BlockDeviceError" }),
    );
  }
});

test("an entry is read as it was written, and leaves its neighbours alone", () => {
  const sector = new Uint8Array(512);
  encodeEntry(sector, 5, 2 ** 40);
  encodeEntry(sector, 6, 0);
  const read = (slot: number) => decodeEntry(sector, entryOffsetBytes(slot), slot);
  expect([4, 5, 6, 7].map(read)).toEqual([undefined, 2 ** 40, 0, undefined]);
});

test("an entry of another slot, or with a changed bit, is damaged and not free", () => {
  const sector = new Uint8Array(512);
  encodeEntry(sector, 1, 9);
  expect(decodeEntry(sector, 0, 2)).toBe(null);
  for (let at = 0; at < 16; at++) {
    const damaged = sector.slice();
    damaged[at]! ^= 1;
    expect(decodeEntry(damaged, 0, 1), `byte ${at}`).toBe(null);
  }
});
