import { describe, expect, test } from "vitest";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { SECTORS_MAX } from "../../../../src/block/units.ts";
import {
  type BadBlockLayout,
  checkLayout,
} from "../../../../src/targets/bad_block/bad_block_layout.ts";
import { TargetError } from "../../../../src/targets/target_error.ts";
import { createDisk, placesFor } from "./rig.ts";

/** Blocks of 8 from 16 to 175, copies of 8 sectors at 200 and 208, 16 spares of 8 from 400 to 527. */
const LAYOUT: BadBlockLayout = {
  device: createMemoryDevice({ name: "disk", sectorCount: 1024 }),
  startSector: 16,
  sectorCount: 160,
  copySectors: [200, 208],
  tableSectors: 8,
  spareSector: 400,
  spareCount: 16,
  blockSectors: 8,
};

/** The reason of the refusal and its sentence; `null` when there is none. */
function refusalOf(change: Partial<BadBlockLayout>): string | null {
  try {
    checkLayout({ ...LAYOUT, ...change });
    return null;
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    expect(error.code).toBe("EINVAL");
    return `${error.reason}: ${error.message}`;
  }
}

test("a layout that can be is passed on, and the block is the device's unless said", () => {
  expect(checkLayout(LAYOUT)).toMatchObject({ ...LAYOUT });
  const { blockSectors: _, ...plain } = LAYOUT;
  expect(checkLayout(plain).blockSectors).toBe(1);
  const places = placesFor({ logicalSectors: 8, blockSectors: 8 });
  const device = createDisk(places, { logicalSectors: 8 });
  const { blockSectors: __, ...rest } = places;
  expect(checkLayout({ ...rest, device }).blockSectors).toBe(8);
});

describe("limits in threes", () => {
  test("the block: a power of two, from the device's block to 1 MiB", () => {
    const device = createMemoryDevice({ sectorCount: 2 ** 20 });
    const of = (blockSectors: number) =>
      refusalOf({
        device,
        startSector: 0,
        sectorCount: 2 ** 12 * 3 * 5,
        copySectors: [2 ** 17, 2 ** 17 + 8],
        spareSector: 2 ** 18,
        spareCount: 1,
        blockSectors,
      })?.split(":")[0] ?? null;
    expect([1, 2, 3, 4].map(of)).toEqual([null, null, "Invalid block size", null]);
    expect([2047, 2048, 2049, 4096].map(of)).toEqual([
      "Invalid block size",
      null,
      "Invalid block size",
      "Invalid block size",
    ]);
    expect(refusalOf({ blockSectors: 24 })).toBe(
      "Invalid block size: Cannot relocate bad blocks: a block of 24 sectors cannot be used, want a " +
        "power of two from 1 to 2048",
    );
    for (const odd of [0, -8, 0.5, NaN, Infinity]) {
      expect(refusalOf({ blockSectors: odd })).not.toBeNull();
    }
  });

  test("the block is not smaller than the device's", () => {
    const places = placesFor({ logicalSectors: 8, blockSectors: 8, blockCount: 8 });
    const device = createDisk(places, { logicalSectors: 8 });
    expect(refusalOf({ ...places, device })).toBeNull();
    expect(refusalOf({ ...places, device, blockSectors: 16, startSector: 16, sectorCount: 64 }))
      .not.toContain("Invalid block size");
    expect(refusalOf({ ...places, device, blockSectors: 4 })).toContain("from 8 to 2048");
  });

  test("spares: as many as the table has slots", () => {
    const of = (spareCount: number) => refusalOf({ tableSectors: 1, spareCount, blockSectors: 1 });
    expect([30, 31].map(of)).toEqual([null, null]);
    expect(of(32)).toBe(
      "Table too small: Cannot relocate bad blocks: 32 spares are too many, want at most 31: 31 a " +
        "table sector, and no more than 1048576",
    );
  });

  test("spares: 2^20 at most, however long the table is", () => {
    const device = createMemoryDevice({ sectorCount: 2 ** 22 });
    const of = (spareCount: number) =>
      refusalOf({
        device,
        blockSectors: 1,
        copySectors: [2 ** 16, 2 ** 17],
        tableSectors: 40_000,
        spareSector: 2 ** 20,
        spareCount,
      });
    expect([2 ** 20 - 1, 2 ** 20].map(of)).toEqual([null, null]);
    expect(of(2 ** 20 + 1)).toContain("1048577 spares are too many, want at most 1048576");
  });

  test("the end of the device", () => {
    const of = (sectorCount: number) =>
      refusalOf({ device: createMemoryDevice({ name: "disk", sectorCount }) });
    expect([529, 528].map(of)).toEqual([null, null]);
    expect(of(527)).toBe(
      'Device too small: Cannot relocate bad blocks: the spares end at sector 528, but "disk" ends ' +
        "at sector 527",
    );
  });

  test("neighbours may touch, and not overlap", () => {
    const of = (spareSector: number) => refusalOf({ spareSector, spareCount: 2 });
    expect([224, 216].map(of)).toEqual([null, null]);
    expect(of(208)).toContain("Regions overlap");
    expect(of(184)).toBeNull();
    expect(of(192)).toBe(
      "Regions overlap: Cannot relocate bad blocks: the first table begin inside the spares",
    );
  });
});

describe("refused, whatever else is right", () => {
  test("every region on every other one", () => {
    const overlaps: Partial<BadBlockLayout>[] = [
      { copySectors: [200, 200] },
      { copySectors: [200, 207] },
      { copySectors: [16, 208] },
      { copySectors: [200, 168] },
      { copySectors: [400, 208] },
      { copySectors: [200, 520] },
      { spareSector: 16 },
      { spareSector: 168 },
      { spareSector: 200 },
      { sectorCount: 192 },
    ];
    for (const overlap of overlaps) {
      expect(refusalOf(overlap), JSON.stringify(overlap)).toContain("Regions overlap");
    }
  });

  test("numbers that are none", () => {
    const odd = [-8, 0.5, NaN, Infinity, 2 ** 53, SECTORS_MAX];
    for (const number of odd) {
      for (
        const change of [
          { startSector: number },
          { sectorCount: number },
          { copySectors: [number, 208] as const },
          { copySectors: [200, number] as const },
          { tableSectors: number },
          { spareSector: number },
          { spareCount: number },
        ]
      ) {
        const refusal = refusalOf(change);
        expect(refusal, JSON.stringify(change)).toMatch(
          /^(Invalid sector numbers|Not aligned to the block size|Device too small|Table too small): /,
        );
      }
    }
    for (const name of ["sectorCount", "tableSectors", "spareCount"]) {
      expect(refusalOf({ [name]: 0 }), name).toContain("Invalid sector numbers");
    }
    expect(refusalOf({ spareCount: 0.5 })).toBe(
      "Invalid sector numbers: Cannot relocate bad blocks: there cannot be 0.5 spares",
    );
  });

  test("what is not on a border of blocks", () => {
    expect(refusalOf({ startSector: 20 })).toBe(
      "Not aligned to the block size: Cannot relocate bad blocks: the first sector is 20, want a " +
        "multiple of 8, the block size",
    );
    expect(refusalOf({ sectorCount: 156 })).toContain("the number of sectors is 156");
    expect(refusalOf({ spareSector: 404 })).toContain("the first spare is 404");
  });

  test("a table that is not on a border of the device's blocks", () => {
    const places = placesFor({ logicalSectors: 8, blockSectors: 8 });
    const device = createDisk(places, { logicalSectors: 8 });
    const [first, second] = places.copySectors;
    const refusal = refusalOf({ ...places, device, copySectors: [first, second - 4] });
    expect(refusal).toContain("Not aligned to the device's block");
    expect(refusalOf({ ...places, device, tableSectors: 4 })).toContain("want multiples of 8");
  });

  test("spares at sector 0: such a slot could not be told from a free one", () => {
    expect(refusalOf({ startSector: 528, sectorCount: 8, spareSector: 0, spareCount: 1 }))
      .toContain(
        "spares cannot begin at sector 0",
      );
  });
});
