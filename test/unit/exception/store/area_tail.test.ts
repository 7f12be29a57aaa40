import { expect, test } from "vitest";
import { runSync } from "../../../../src/block/plan.ts";
import { planClearTail } from "../../../../src/exception/store/area_tail.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { Bench } from "../rig.ts";

/** Clears the tail of an area of 8 sectors at sector 8. */
function clear(offsetBytes: number, block: Uint8Array) {
  const bench = new Bench();
  const cow = bench.disk("cow", 24, { content: patternOf(1, 0, 24) });
  const areaBytes = 8 * 512;
  runSync(planClearTail(cow.device, { areaSector: 8, areaBytes, offsetBytes, block: () => block }));
  return { cow, trace: bench.takeTrace() };
}

test.each([0, 1, 3, 7])("from block %i on the area is cleared, and nothing else", (index) => {
  const block = new Uint8Array(512).fill(5, 0, 48);
  const { cow, trace } = clear(index * 512, block);
  const expected = patternOf(1, 0, 24);
  expected.fill(0, (8 + index) * 512, 16 * 512);
  expected.set(block, (8 + index) * 512);
  expect(cow.bytes).toEqual(expected);
  expect(cow.durable).toEqual(expected);
  const rest = index === 7 ? [] : [`cow zero ${9 + index}+${7 - index}`];
  expect(trace).toEqual([`cow write ${8 + index}+1`, ...rest, "cow flush"]);
});

test("behind a full area there is nothing to clear, and the block is not asked for", () => {
  const bench = new Bench();
  const { device } = bench.disk("cow", 24);
  const block = () => expect.unreachable();
  runSync(planClearTail(device, { areaSector: 8, areaBytes: 4096, offsetBytes: 4096, block }));
  expect(bench.takeTrace()).toEqual(["cow flush"]);
});
