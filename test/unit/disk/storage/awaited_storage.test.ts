import { describe, expect, test } from "vitest";
import { BlockDeviceError, type ErrorCode } from "../../../../src/block/errors.ts";
import { createMemoryDevice } from "../../../../src/devices/mod.ts";
import { AwaitedStorage, type DeviceHome } from "../../../../src/disk/storage/awaited_storage.ts";

const refusal = (code: ErrorCode) => new BlockDeviceError(code, `as the home says: ${code}`);

/** A home that answers as it is told, and remembers what it was asked. */
function scripted(answers: (ErrorCode | "opened")[]) {
  const asked: string[] = [];
  const answer = (verb: string) => {
    asked.push(verb);
    const next = answers.shift();
    return next === "opened" || next === undefined
      ? Promise.resolve(createMemoryDevice({ sectorCount: 8 }))
      : Promise.reject(refusal(next));
  };
  const home: DeviceHome = {
    name: "scripted",
    find: () => answer("find"),
    findToRead: () => answer("find to read"),
    make: () => answer("make"),
    remove: () => Promise.resolve(),
    list: () => Promise.resolve(["manifest", "Notes", "layer-1", "a/b"]),
  };
  return { storage: new AwaitedStorage(home), asked };
}

describe("opening", () => {
  const cases: [string, (ErrorCode | "opened")[], string[], ErrorCode | null][] = [
    ["finds what is there", ["opened"], ["find"], null],
    ["makes what is not there", ["ENOENT", "opened"], ["find", "make"], null],
    ["finds what another was quicker to make", ["ENOENT", "EEXIST", "opened"], [
      "find",
      "make",
      "find",
    ], null],
    ["makes what is there without being a device yet", ["EINVAL", "opened"], [
      "find",
      "make",
    ], null],
    ["refuses what is something else", ["EINVAL", "EEXIST", "EINVAL"], [
      "find",
      "make",
      "find",
    ], "EINVAL"],
    ["makes nothing of what is open elsewhere", ["EBUSY"], ["find"], "EBUSY"],
    ["makes nothing of what cannot be read", ["EIO"], ["find"], "EIO"],
    ["tells why it could not be made", ["ENOENT", "ENOSPC"], ["find", "make"], "ENOSPC"],
  ];
  test.each(cases)("%s", async (_, answers, wanted, code) => {
    const { storage, asked } = scripted(answers);
    const opening = storage.open("layer-1", 8);
    if (code === null) await opening;
    else await expect(opening).rejects.toMatchObject({ code });
    expect(asked).toEqual(wanted);
  });

  test("only to read makes nothing", async () => {
    const { storage, asked } = scripted(["ENOENT", "opened"]);
    await expect(storage.openToRead("layer-1")).rejects.toMatchObject({ code: "ENOENT" });
    await storage.openToRead("layer-1");
    await expect(storage.openToRead("layer-1")).rejects.toMatchObject({ code: "EBUSY" });
    expect(asked).toEqual(["find to read", "find to read"]);
  });

  test("that failed can be tried again", async () => {
    const { storage } = scripted(["EIO", "opened"]);
    await expect(storage.open("layer-1", 8)).rejects.toMatchObject({ code: "EIO" });
    await storage.open("layer-1", 8);
  });
});

test("only names that a device can have are listed", async () => {
  expect(await scripted([]).storage.list()).toEqual(["manifest", "layer-1"]);
});

test("the end of a storage shuts all devices, and tells of one that could not be", async () => {
  const { storage } = scripted([]);
  const one = await storage.open("layer-1", 8);
  const other = await storage.open("layer-2", 8);
  one.close = () => Promise.reject(refusal("ENOSPC"));
  await expect(storage.close()).rejects.toMatchObject({ code: "ENOSPC" });
  await expect(other.flush()).rejects.toMatchObject({ code: "ESHUTDOWN" });
  await storage.close();
});
