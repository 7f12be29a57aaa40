import { expect, test } from "vitest";
import { bytesAt, deviceOf, DISK_SECTORS, filled, liveRig, namesOf, settled } from "./rig.ts";

test("a snapshot is taken, written, dropped; its image is kept or removed", async () => {
  const { stack, shelf, notices } = await liveRig();
  await deviceOf(stack, "origin").write(filled(1, 1), 0);
  await stack.take({ name: "monday", path: "monday.cow" });
  await deviceOf(stack, "origin").write(filled(1, 2), 0);
  await deviceOf(stack, "monday").write(filled(1, 3), 8);
  expect(await bytesAt(stack, "monday", 0, 8)).toEqual([1, 3]);
  expect(await bytesAt(stack, "origin", 0, 8)).toEqual([2, 0]);
  const { device } = stack.exports[1]!;
  expect(await stack.drop("monday")).toBe("monday.cow");
  expect(namesOf(stack)).toEqual(["origin"]);
  await expect(device.read(filled(1, 0), 0)).rejects.toMatchObject({ code: "ESHUTDOWN" });
  expect([...shelf.images.keys()]).toEqual(["disk.img", "monday.cow"]);
  shelf.check();
  await stack.take({ name: "tuesday", path: "tuesday.cow", store: "PO", chunkSectors: 16 });
  expect(stack.mapper.table("tuesday")).toEqual([`0 ${DISK_SECTORS} snapshot 7:0 7:1 PO 16`]);
  await stack.drop("tuesday", true);
  expect([...shelf.images.keys()]).toEqual(["disk.img", "monday.cow"]);
  expect(notices).toEqual([
    'took the snapshot "monday", its COW image is monday.cow',
    'dropped the snapshot "monday", monday.cow is kept',
    'took the snapshot "tuesday", its COW image is tuesday.cow',
    'dropped the snapshot "tuesday", tuesday.cow is removed',
  ]);
  await stack.close();
});

test("a merge shows the snapshot from the start, and ends in a plain origin", async () => {
  const { stack, shelf, notices } = await liveRig();
  const origin = deviceOf(stack, "origin");
  await origin.write(filled(DISK_SECTORS, 1), 0);
  await stack.take({ name: "monday", path: "monday.cow" });
  await stack.take({ name: "tuesday", path: "tuesday.cow" });
  // From the last chunk to the first: the merge has as many steps as there are chunks.
  for (let at = DISK_SECTORS; (at -= 8) >= 0;) await origin.write(filled(8, 2), at);
  await deviceOf(stack, "monday").write(filled(8, 3), 64);
  const begun = stack.merge("monday");
  const refused = [
    stack.take({ name: "more", path: "more.cow" }),
    stack.merge("tuesday"),
    stack.merge("monday"),
  ].map((each) => expect(each).rejects.toThrow(/is being merged|there is no such device/));
  const merge = await begun;
  expect([merge.chunkCount, namesOf(stack)]).toEqual([64, ["origin", "tuesday"]]);
  expect(await bytesAt(stack, "origin", 0, 64, 500)).toEqual([1, 3, 1]);
  await origin.write(filled(1, 4), 8);
  await Promise.all(refused);
  expect(await merge.ended()).toBe("merged");
  await settled();
  expect(stack.merging).toBe(null);
  expect(stack.mapper.table("origin")).toEqual([`0 ${DISK_SECTORS} snapshot-origin 7:0`]);
  expect(stack.images.map(({ path }) => path)).toEqual(["disk.img", "tuesday.cow"]);
  expect(await bytesAt(stack, "origin", 0, 8, 9, 64)).toEqual([1, 4, 1, 3]);
  expect(await bytesAt(stack, "tuesday", 0, 8, 64)).toEqual([1, 1, 1]);
  expect(notices.at(-1)).toBe('merged the snapshot "monday", monday.cow is empty now');
  await stack.take({ name: "more", path: "more.cow" });
  await stack.close();
  shelf.check();
});

test("what is refused changes nothing", async () => {
  const { stack, shelf } = await liveRig();
  await stack.take({ name: "monday", path: "monday.cow" });
  const before = [namesOf(stack), stack.mapper.names, stack.images.length];
  const refusals: [Promise<unknown>, string | RegExp][] = [
    [stack.take({ name: "monday", path: "new.cow" }), /already a device "monday"/],
    [stack.take({ name: "new", path: "monday.cow" }), /is there already/],
    [stack.take({ name: "a/b", path: "new.cow" }), /want a name of visible characters/],
    [stack.take({ name: "a\u001b[2J", path: "new.cow" }), /want a name of visible characters/],
    [stack.take({ name: "new", path: "new.cow", chunkSectors: 7 }), /Cannot take the snapshot/],
    [stack.take({ name: "new", path: "new.cow", sectorCount: 8 }), /COW|small|want/],
    [stack.drop("origin"), /it is no snapshot$/],
    [stack.drop("nope"), 'Cannot drop "nope": there is no such device'],
    [stack.merge("origin"), /it is no snapshot/],
    [stack.attach("nope.img"), /Cannot open "nope.img"/],
    [stack.detach("loop1"), /the table of "monday" uses it/],
    [stack.detach("loop7"), /none is attached/],
  ];
  for (const [promise, sentence] of refusals) await expect(promise).rejects.toThrow(sentence);
  expect([namesOf(stack), stack.mapper.names, stack.images.length]).toEqual(before);
  expect([...shelf.images.keys()]).toEqual(["disk.img", "monday.cow"]);
  shelf.failure = new Error("the disk is full");
  await expect(stack.take({ name: "new", path: "new.cow" })).rejects.toThrow("the disk is full");
  expect([namesOf(stack), stack.mapper.names, stack.images.length]).toEqual(before);
  expect(stack.mapper.info("origin").isSuspended).toBe(false);
  await stack.close();
});

test("what dm does is seen, and what the verbs do is dm's", async () => {
  const { stack, shelf } = await liveRig();
  const cow = await stack.attach("spare.img", 1024);
  expect(cow).toMatchObject({ name: "loop1", number: "7:1" });
  const table = `0 ${DISK_SECTORS} snapshot /dev/loop0 /dev/loop1 P 8`;
  expect((await stack.dm(["create", "snap", "--table", table])).exitStatus).toBe(0);
  expect(namesOf(stack)).toEqual(["origin", "snap"]);
  await deviceOf(stack, "origin").write(filled(1, 1), 0);
  expect(await bytesAt(stack, "snap", 0)).toEqual([0]);
  await stack.dm(["rename", "snap", "monday"]);
  expect(namesOf(stack)).toEqual(["origin", "monday"]);
  expect((await stack.dm(["status", "monday"])).stdout).toBe(
    `0 ${DISK_SECTORS} snapshot 24/1024 16\n`,
  );
  await (await stack.merge("monday")).ended();
  await settled();
  expect(stack.merging).toBe(null);
  expect(await bytesAt(stack, "origin", 0)).toEqual([0]);
  await stack.dm(["create", "empty", "--notable"]);
  expect(namesOf(stack)).toEqual(["origin"]);
  await stack.dm(["remove", "origin"]);
  expect(namesOf(stack)).toEqual([]);
  await expect(stack.take({ name: "x", path: "x.cow" })).rejects.toMatchObject({ code: "ENODEV" });
  await stack.close();
  shelf.check();
});

test("a COW image that another table uses is not taken from it", async () => {
  const { stack } = await liveRig();
  await stack.take({ name: "monday", path: "monday.cow" });
  await stack.dm(["create", "raw", "--table", "0 64 linear 7:1 0"]);
  await expect(stack.drop("monday")).rejects.toThrow(/"raw" uses its COW device too/);
  expect(namesOf(stack)).toEqual(["origin", "monday", "raw"]);
  await stack.merge("monday");
  await settled();
  expect([stack.merging, stack.images.length]).toEqual([null, 2]);
  await stack.dm(["remove", "raw"]);
  await stack.detach("monday.cow");
  await stack.close();
});

test("who waits for an event keeps nobody from making it happen, and hears of the end", async () => {
  const { stack } = await liveRig();
  await stack.take({ name: "monday", path: "monday.cow" });
  const filling = stack.dm(["wait", "monday"]);
  await deviceOf(stack, "origin").write(filled(DISK_SECTORS, 1), 0);
  expect((await filling).exitStatus).toBe(0);
  const waiting = stack.dm(["wait", "origin"]);
  const ended = expect(waiting).rejects.toMatchObject({ code: "ESHUTDOWN" });
  await stack.close();
  await ended;
  await expect(stack.drop("monday")).rejects.toMatchObject({ code: "ESHUTDOWN" });
});

test("a held back request is let go before the end", async () => {
  const { stack, disk } = await liveRig();
  await stack.dm(["suspend", "origin"]);
  const write = deviceOf(stack, "origin").write(filled(1, 7), 3);
  await settled();
  await stack.release();
  await write;
  const found = filled(1, 0);
  disk.readSync(found, 3);
  expect(found[0]).toBe(7);
  await stack.close();
});

test("who waits on a device that is suspended keeps nobody from resuming it", async () => {
  for (const isResumed of [true, false]) {
    const { stack } = await liveRig();
    await stack.attach("spare.img", 2048);
    const dm = async (...words: string[]) => expect((await stack.dm(words)).exitStatus).toBe(0);
    await dm("create", "slow", "--table", "0 2048 linear loop1 0");
    await dm("create", "first", "--table", "0 512 snapshot 7:0 /dev/mapper/slow P 8");
    await dm("suspend", "slow");
    // It has to be copied out to what is suspended, and a snapshot waits for it.
    const write = deviceOf(stack, "origin").write(filled(8, 1), 0);
    const taken = stack.take({ name: "monday", path: "monday.cow" });
    const later = expect(stack.drop("first")).resolves.toBe("slow");
    await settled();
    expect(stack.mapper.info("origin").isSuspended).toBe(true);
    if (isResumed) await dm("resume", "slow");
    else await stack.release();
    await Promise.all([write, taken, isResumed ? later : null]);
    expect(await bytesAt(stack, "monday", 0)).toEqual([1]);
    await stack.close();
    await later.catch(() => {});
  }
});

test("a snapshot can be taken of an origin that is suspended, which stays so", async () => {
  const { stack } = await liveRig();
  await stack.dm(["suspend", "origin"]);
  await stack.take({ name: "monday", path: "monday.cow" });
  expect(stack.mapper.info("origin").isSuspended).toBe(true);
  await expect(stack.merge("monday")).rejects.toMatchObject({ code: "EBUSY" });
  await stack.dm(["resume", "origin"]);
  await stack.close();
});

test("a read-only stack is only looked at", async () => {
  const { stack } = await liveRig({ isReadOnly: true });
  for (
    const verb of [
      () => stack.take({ name: "a", path: "a" }),
      () => stack.merge("a"),
      () => stack.attach("a", 8),
    ]
  ) await expect(verb()).rejects.toMatchObject({ code: "EROFS" });
  expect(stack.exports[0]!.isReadOnly).toBe(true);
  await stack.close();
});
