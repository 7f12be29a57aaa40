import { expect, test } from "vitest";
import { differingStretches } from "../../../../src/disk/image/differing.ts";
import { Prng } from "../../../../src/testing/mod.ts";

test("units that differ are told, joined, and no others, whatever their number", () => {
  const prng = Prng.fromSeed("differing");
  for (let turn = 0; turn < 200; turn++) {
    const unitSectors = prng.pick([1, 2, 8]);
    const sectorCount = prng.intBetween(1, 40);
    const one = prng.bytes(sectorCount * 512);
    const other = one.slice();
    const changed = new Set<number>();
    for (let count = prng.int(4); count > 0; count--) {
      const at = prng.int(other.length);
      other[at] = one[at]! ^ 0x80;
      changed.add(Math.floor(at / 512 / unitSectors));
    }
    const told = [...differingStretches(one, other, unitSectors)];
    const units = told.flatMap(({ sector, sectorCount: count }) =>
      Array.from({ length: Math.ceil(count / unitSectors) }, (_, at) => sector / unitSectors + at)
    );
    expect(units).toEqual([...changed].sort((a, b) => a - b));
    for (const [at, { sector, sectorCount: count }] of told.entries()) {
      expect(sector + count).toBeLessThanOrEqual(sectorCount);
      if (at > 0) expect(sector).toBeGreaterThan(told[at - 1]!.sector + told[at - 1]!.sectorCount);
    }
  }
});

test("what is the same has no stretches, nor has nothing", () => {
  const bytes = new Uint8Array(4096);
  expect([...differingStretches(bytes, bytes.slice(), 8)]).toEqual([]);
  expect([...differingStretches(new Uint8Array(0), new Uint8Array(0), 8)]).toEqual([]);
});
