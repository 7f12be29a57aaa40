import { expect, test } from "vitest";
import { LiveStack } from "../../../../src/nbd/live/live_stack.ts";
import { bytesAt, deviceOf, filled, liveRig, namesOf, settled } from "./rig.ts";

test("what another table uses, what is suspended or has two tables is not merged", async () => {
  const { stack } = await liveRig();
  await stack.take({ name: "monday", path: "monday.cow" });
  const dm = async (...words: string[]) => expect((await stack.dm(words)).exitStatus).toBe(0);
  const refused = (sentence: RegExp) => expect(stack.merge("monday")).rejects.toThrow(sentence);
  await dm("create", "user", "--table", "0 8 linear monday 0");
  await refused(/another table uses it/);
  await dm("remove", "user");
  await dm("suspend", "monday");
  await refused(/suspended/);
  await dm("resume", "monday");
  await dm("load", "origin", "--table", "0 512 linear 7:0 0");
  await refused(/two tables/);
  await expect(stack.take({ name: "x", path: "x.cow" })).rejects.toThrow(/two tables/);
  await dm("clear", "origin");
  await stack.attach("spare.img", 1024);
  await dm("create", "half", "--table", "0 256 snapshot 7:0 /dev/loop2 P 8");
  await expect(stack.merge("half")).rejects.toThrow(/no snapshot of the whole origin/);
  await dm("remove", "half");
  await dm("create", "forgetful", "--table", "0 512 snapshot 7:0 /dev/loop2 N 8");
  await expect(stack.merge("forgetful")).rejects.toThrow(/transient store/);
  expect([namesOf(stack), stack.mapper.info("origin").hasInactiveTable])
    .toEqual([["origin", "monday", "forgetful"], false]);
  await stack.merge("monday");
  await stack.close();
});

test("a merge that fails is gone on with by the same verb", async () => {
  const { stack, shelf, notices } = await liveRig();
  await stack.take({ name: "monday", path: "monday.cow" });
  for (const at of [80, 40, 0]) await deviceOf(stack, "origin").write(filled(8, 1), at);
  shelf.brokenPath = "disk.img";
  const merge = await stack.merge("monday");
  expect(await merge.ended()).toBe("failed");
  await settled();
  expect(notices.at(-1)).toMatch(
    /^the merge of "monday" stopped: .*: It is broken; to go on, merge it again$/,
  );
  expect(stack.merging?.state).toBe("failed");
  expect(await bytesAt(stack, "origin", 0, 40)).toEqual([0, 0]);
  await expect(stack.merge("other")).rejects.toThrow(/there is no such device/);
  shelf.brokenPath = null;
  await stack.merge("monday");
  await settled();
  expect([stack.merging, notices.at(-1)])
    .toEqual([null, 'merged the snapshot "monday", monday.cow is empty now']);
  expect(await bytesAt(stack, "origin", 0, 40)).toEqual([0, 0]);
  await stack.close();
  shelf.check();
});

test("the end leaves a merge that is not done, says so, and both images are whole", async () => {
  const { stack, shelf, notices } = await liveRig();
  await stack.take({ name: "monday", path: "monday.cow" });
  for (let at = 512; (at -= 8) >= 0;) await deviceOf(stack, "origin").write(filled(8, 1), at);
  const content = filled(512, 0);
  await stack.merge("monday");
  await stack.close();
  expect(notices.at(-1)).toMatch(
    /^the merge of "monday" is not done: monday.cow holds what is left/,
  );
  shelf.check();
  // What is left is a snapshot that shows what it showed.
  const again = new LiveStack({ shelf });
  await again.openOrigin(shelf.open("disk.img"), "disk.img");
  await again.openSnapshot("monday", shelf.open("monday.cow"), "monday.cow");
  const found = filled(512, 9);
  await deviceOf(again, "monday").read(found, 0);
  expect(found).toEqual(content);
  await again.close();
});
