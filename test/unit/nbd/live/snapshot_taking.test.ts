import { expect, test } from "vitest";
import type { BlockDevice } from "../../../../src/block/device.ts";
import { LiveStack } from "../../../../src/nbd/live/live_stack.ts";
import { SlowDevice } from "../slow_device.ts";
import { bytesAt, deviceOf, filled, MemoryShelf } from "./rig.ts";

/** A stack whose images answer when they are told to. */
async function slowRig() {
  const slow: SlowDevice[] = [];
  const shelf = new MemoryShelf((device: BlockDevice) => {
    const made = new SlowDevice(device);
    slow.push(made);
    return made;
  });
  const stack = new LiveStack({ shelf });
  const { device } = shelf.make({ path: "disk.img", sectorCount: 512, force: false });
  await stack.openOrigin(device, "disk.img");
  let isDone = false;
  const until = async <Result>(work: Promise<Result>): Promise<Result> => {
    isDone = false;
    work.then(() => isDone = true, () => isDone = true);
    while (!isDone) for (const each of slow) await each.answerAll();
    return await work;
  };
  return { stack, shelf, slow, until };
}

test("a write that is under way is wholly in the snapshot, one that comes later is not", async () => {
  const { stack, slow, until } = await slowRig();
  await until(stack.take({ name: "old", path: "old.cow" }));
  const origin = deviceOf(stack, "origin");
  await until(origin.write(filled(8, 9), 0));
  const oldCow = slow.find(({ below }) => below.name === "old.cow");
  const answerOthers = async () => {
    for (const each of slow) if (each !== oldCow) await each.answerAll();
  };
  // The older snapshot makes it go in parts: the first chunk is written, the others have to be copied out,
  // which takes its time.
  const early = origin.write(filled(32, 1), 0);
  for (let turn = 0; turn < 20; turn++) await answerOthers();
  const taken = stack.take({ name: "new", path: "new.cow" });
  for (let turn = 0; turn < 100; turn++) await answerOthers();
  expect(stack.mapper.info("origin").isSuspended).toBe(true);
  const late = origin.write(filled(32, 2), 16);
  await until(Promise.all([early, taken, late]));
  expect(await until(bytesAt(stack, "new", 0, 8, 16, 31, 32))).toEqual([1, 1, 1, 1, 0]);
  expect(await until(bytesAt(stack, "old", 0, 8, 16, 31, 32))).toEqual([0, 0, 0, 0, 0]);
  expect(await until(bytesAt(stack, "origin", 0, 16, 47))).toEqual([1, 2, 2]);
  await until(stack.close());
});

test("what was written before is durable when the snapshot is there", async () => {
  const flushed: string[] = [];
  const shelf = new MemoryShelf((device) =>
    Object.assign(device, {
      flush() {
        flushed.push(device.name);
        return Promise.resolve();
      },
      flushSync: () => void flushed.push(device.name),
    })
  );
  const stack = new LiveStack({ shelf });
  const { device } = shelf.make({ path: "disk.img", sectorCount: 512, force: false });
  await stack.openOrigin(device, "disk.img");
  await deviceOf(stack, "origin").write(filled(1, 1), 0);
  await stack.take({ name: "monday", path: "monday.cow" });
  // Once while clients write, once while they wait.
  expect(flushed.filter((name) => name === "disk.img").length).toBe(2);
  await stack.close();
});

test("a name may have blanks in it, but nothing that is not seen", async () => {
  const { stack, until } = await slowRig();
  await until(stack.take({ name: "Monday, before the update", path: "a" }));
  for (const name of ["", " a", "a ", "a\n", "\u202eab", "/", "a/b", "\u0000"]) {
    await expect(until(stack.take({ name, path: "b" }))).rejects.toMatchObject({ code: "EINVAL" });
  }
  await until(stack.close());
});
