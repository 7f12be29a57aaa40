import { expect, test } from "vitest";
import { RunningMerge } from "../../../../src/nbd/live/running_merge.ts";
import { deviceOf, filled, liveRig, settled } from "./rig.ts";

test("a merge is under way, then merged; another table leaves it", async () => {
  const { stack } = await liveRig();
  expect(() => new RunningMerge("x", stack.mapper.device("nope"), 0)).toThrow(/nope/);
  await stack.take({ name: "monday", path: "monday.cow" });
  for (const at of [80, 40, 0]) await deviceOf(stack, "origin").write(filled(8, 1), at);
  const merge = await stack.merge("monday");
  expect([merge.name, merge.chunkCount, merge.state]).toEqual(["monday", 3, "under way"]);
  expect(merge.chunksLeft).toBeGreaterThan(0);
  expect([await merge.ended(), merge.chunksLeft, merge.failure]).toEqual(["merged", 0, undefined]);
  await settled();
  expect(merge.state).toBe("left");
  await stack.close();
});
