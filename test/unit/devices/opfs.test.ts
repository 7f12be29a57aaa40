/// <reference lib="dom" />
import { describe, expect, test } from "vitest";
import {
  openOpfsDevice,
  openOpfsDeviceIn,
  removeOpfsDevice,
  serveOpfs,
} from "../../../src/devices/opfs.ts";
import { patternOf, verifySectors } from "../../../src/testing/mod.ts";
import { installFakeStorage } from "./opfs/fake_storage.ts";

const root = installFakeStorage();
const create = { sectorCount: 1000 };

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

test("a disk is made in its folder, found again, and removed", async () => {
  const path = "disks/of/mine";
  const made = await openOpfsDevice(path, { create });
  made.writeSync(patternOf(1, 0, 1000), 0);
  made.closeSync();
  const found = await openOpfsDevice(path);
  const content = new Uint8Array(1000 * 512);
  found.readSync(content, 0);
  verifySectors(content, patternOf(1, 0, 1000), 0, "found");
  await found.close();
  await removeOpfsDevice(path);
  await removeOpfsDevice(path);
  await expect(openOpfsDevice(path)).rejects.toThrow(refusal("ENOENT"));
});

test("a disk tells what it takes, grows, and is cut when it is closed", async () => {
  const disk = await openOpfsDevice("growing", { create });
  const before = disk.usedBytes;
  disk.grow(5000);
  disk.writeSync(patternOf(1, 4999, 1), 4999);
  const { medium } = await root.getFileHandle("growing");
  expect(disk.usedBytes).toBe(before + 2 * 65536); // A slot, and the first map.
  await disk.close();
  expect(medium.getSize()).toBe(before + 2 * 65536);
  const again = await openOpfsDevice("growing", { readOnly: true });
  expect(again.sectorCount).toBe(5000);
  expect(() => again.writeSync(new Uint8Array(512), 0)).toThrow(refusal("EROFS"));
  expect(() => again.grow(6000)).toThrow(refusal("EROFS"));
  again.flushSync();
  again.closeSync();
});

describe("a disk that is open", () => {
  test("is EBUSY to another, also to one that only reads, and cannot be removed", async () => {
    const disk = await openOpfsDevice("open", { create });
    await expect(openOpfsDevice("open")).rejects.toThrow(refusal("EBUSY"));
    await expect(openOpfsDevice("open", { readOnly: true })).rejects.toThrow(refusal("EBUSY"));
    await expect(removeOpfsDevice("open")).rejects.toThrow(refusal("EBUSY"));
    await disk.close();
    await (await openOpfsDevice("open")).close();
  });

  test("is waited for, as long as the signal lets it", async () => {
    const disk = await openOpfsDevice("awaited", { create });
    let sleeps = 0;
    const clock = {
      nowMs: () => 0,
      async sleep() {
        if (++sleeps === 3) await disk.close();
      },
    };
    const next = await openOpfsDevice("awaited", { whenBusy: "wait", clock });
    expect(sleeps).toBe(3);
    const impatience = new AbortController();
    const giveUp = {
      nowMs: () => 0,
      // deno-lint-ignore require-await
      sleep: async () => impatience.abort(new Error("enough")),
    };
    const { signal } = impatience;
    await expect(openOpfsDevice("awaited", { whenBusy: "wait", signal, clock: giveUp })).rejects
      .toThrow("enough");
    await next.close();
  });
});

describe("an opening that fails leaves things as they were", () => {
  test("a disk that is there is not made again", async () => {
    await (await openOpfsDevice("made", { create })).close();
    await expect(openOpfsDevice("made", { create })).rejects.toThrow(refusal("EEXIST"));
    await (await openOpfsDevice("made")).close();
  });

  test("an empty file, left of a page that ended too soon, is made a disk", async () => {
    await root.getFileHandle("left", { create: true });
    await expect(openOpfsDevice("left")).rejects.toThrow(refusal("EINVAL"));
    await (await openOpfsDevice("left", { create })).close();
  });

  test("a file that cannot be made whole is removed", async () => {
    const { medium } = await root.getFileHandle("no room", { create: true });
    medium.quotaBytes = 100;
    await expect(openOpfsDevice("no room", { create })).rejects.toThrow(refusal("ENOSPC"));
    await expect(openOpfsDevice("no room")).rejects.toThrow(refusal("ENOENT"));
  });

  test("what cannot be a size or a name is refused", async () => {
    for (const sectorCount of [-1, 0.5, NaN, 2 ** 53]) {
      await expect(openOpfsDevice("none", { create: { sectorCount } })).rejects.toThrow(RangeError);
    }
    await expect(openOpfsDevice("none", { create, readOnly: true })).rejects.toThrow(TypeError);
    for (const path of ["", "..", "../up", "a//b"]) {
      await expect(openOpfsDevice(path, { create })).rejects.toThrow(refusal("EINVAL"));
    }
  });
});

test("a worker opens disks for a page, and leaves messages of others alone", async () => {
  const scope = new EventTarget();
  serveOpfs(scope);
  const worker = {
    postMessage: (wish: unknown) =>
      void scope.dispatchEvent(new MessageEvent("message", { data: wish })),
  } as unknown as Worker;
  for (const other of [null, undefined, "text", { cowdisk: "else" }]) worker.postMessage(other);
  await expect(openOpfsDeviceIn(worker, "served")).rejects.toThrow(refusal("ENOENT"));
  const disk = await openOpfsDeviceIn(worker, "served", { create });
  await disk.write(patternOf(1, 3, 5), 3, { fua: true });
  const content = new Uint8Array(5 * 512);
  await disk.read(content, 3);
  verifySectors(content, patternOf(1, 3, 5), 3, "through the worker");
  await disk.close();
  await removeOpfsDevice("served");
});
