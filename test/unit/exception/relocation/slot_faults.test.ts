import { expect, test } from "vitest";
import { slotFault } from "../../../../src/exception/relocation/slot_faults.ts";
import { TableSector } from "../../../../src/exception/relocation/table_sector.ts";
import { Bench } from "../rig.ts";
import { type HandSlot, NO_SECTOR, sectorByHand } from "./tables.ts";

/** 40 spares of 4 sectors from 400 on, for blocks of sectors 16 to 175. */
const LAYOUT = {
  device: new Bench().disk("disk", 1024).device,
  blockSectors: 4,
  startSector: 16,
  sectorCount: 160,
  spareSector: 400,
  spareCount: 40,
  copySectors: [200, 208],
} as const;

function faultOf(spare: number, slot: HandSlot): string | null {
  const [index, place] = [Math.floor(spare / 31), spare % 31];
  const sector = new TableSector(sectorByHand({ slots: { [place]: slot } }));
  return slotFault(LAYOUT, sector, place, index);
}

test("free slots make sense everywhere", () => {
  for (const spare of [0, 39, 40, 61]) expect(faultOf(spare, [0, 0])).toBeNull();
});

test("limits in threes: sectors, spares, blocks", () => {
  const own = (spare: number) => 400 + spare * 4;
  const of = (spare: number, bad: number | bigint) => faultOf(spare, [bad, own(spare)]) === null;
  expect([12, 16, 20].map((bad) => of(3, bad))).toEqual([false, true, true]);
  expect([168, 172, 176].map((bad) => of(3, bad))).toEqual([true, true, false]);
  expect([38, 39, 40].map((spare) => of(spare, 16))).toEqual([true, true, false]);
  expect([38, 39, 40].map((spare) => of(spare, NO_SECTOR))).toEqual([true, true, false]);
  expect([19, 20, 21].map((bad) => of(3, bad))).toEqual([false, true, false]);
});

test("the fault tells slot, sectors and what was wanted", () => {
  expect(faultOf(35, [16, 400])).toBe(
    "has sector 16 in spare sector 400 in slot 35: want spare sector 540",
  );
  expect(faultOf(35, [15, 540])).toBe(
    "has sector 15 in spare sector 540 in slot 35: want a sector from 16 to 175",
  );
});
