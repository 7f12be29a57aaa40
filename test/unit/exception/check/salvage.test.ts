import { expect, test } from "vitest";
import { runAsync, runSync } from "../../../../src/block/plan.ts";
import { planSalvage } from "../../../../src/exception/check/salvage.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { benchWithBad } from "./checked_image.ts";

const content = patternOf(3, 0, 16);

function salvage(bad: readonly number[], logicalSectors = 1) {
  const bench = benchWithBad(bad);
  const cow = bench.disk("cow", 16, { content, logicalSectors });
  const target = new Uint8Array(8 * 512).fill(255);
  const gaps = runSync(planSalvage(cow.device, target, 8));
  return { gaps, target, trace: bench.takeTrace() };
}

/** What is in the second half of the disk, with zeroes in some of its sectors. */
function expected(lost: readonly number[]): Uint8Array {
  const bytes = content.slice(8 * 512);
  for (const sector of lost) bytes.fill(0, (sector - 8) * 512, (sector - 7) * 512);
  return bytes;
}

test("what can be read is read at once", () => {
  const { gaps, target, trace } = salvage([7]);
  expect(gaps).toEqual([]);
  expect(target).toEqual(expected([]));
  expect(trace).toEqual(["cow read 8+8"]);
});

test.each([[[8]], [[15]], [[10]], [[8, 15]], [[9, 10, 11, 13]], [[8, 9, 10, 11, 12, 13, 14, 15]]])(
  "where sectors %j cannot be read there are zeroes, and a gap for neighbours together",
  (bad) => {
    const { gaps, target } = salvage(bad);
    expect(target).toEqual(expected(bad));
    const told = gaps.flatMap(({ startBytes, endBytes }) =>
      Array.from({ length: (endBytes - startBytes) / 512 }, (_, at) => 8 + startBytes / 512 + at)
    );
    expect(told).toEqual(bad);
    gaps.slice(1).forEach((gap, at) => expect(gap.startBytes).toBeGreaterThan(gaps[at]!.endBytes));
  },
);

test("what is lost is lost by the logical block", () => {
  const { gaps, target } = salvage([13], 4);
  expect(gaps).toEqual([{ startBytes: 4 * 512, endBytes: 8 * 512 }]);
  expect(target).toEqual(expected([12, 13, 14, 15]));
});

test("a device that is closed has no gaps: it is an error", async () => {
  const { device } = benchWithBad([]).disk("cow", 16);
  device.closeSync();
  const plan = () => planSalvage(device, new Uint8Array(512), 0);
  expect(() => runSync(plan())).toThrow(expect.objectContaining({ code: "ESHUTDOWN" }));
  await expect(runAsync(plan())).rejects.toMatchObject({ code: "ESHUTDOWN" });
});
