import "fake-indexeddb/auto";
import { expect, test } from "vitest";
import { Disk } from "../../../../src/disk/disk.ts";
import { isSyncStorage } from "../../../../src/disk/storage/storage.ts";
import { openStorageWord, type StorageWord } from "../../../../src/disk/storage/storage_words.ts";
import { patternOf } from "../../../../src/testing/mod.ts";
import { contentsOf } from "../disk_model.ts";

const refusal = (code: string, want: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(want) });

test("memory is never waited for", async () => {
  await using storage = await openStorageWord("memory", "disk", { whenBusy: "refuse" });
  expect(isSyncStorage(storage)).toBe(true);
});

test("a disk in IndexedDB is found by its name, and lets go of its storage when it is closed", async () => {
  const name = `words ${crypto.randomUUID()}`;
  const options = { origin: 100, storage: "indexeddb" } as const;
  {
    await using disk = await Disk.open(name, options);
    await disk.device.write(patternOf(1, 0, 100), 0);
    await expect(Disk.open(name, options)).rejects.toThrow(refusal("EBUSY", /open elsewhere/));
  }
  const disk = await Disk.open(name, options);
  expect(await contentsOf(disk)).toEqual(patternOf(1, 0, 100));
  const next = Disk.open(name, { ...options, whenBusy: "wait" });
  await disk.close();
  await (await next).close();
});

test("who waits for a disk can give up, and has not taken it then", async () => {
  const name = `words ${crypto.randomUUID()}`;
  const options = { origin: 100, storage: "indexeddb", whenBusy: "wait" } as const;
  const disk = await Disk.open(name, options);
  const enough = new AbortController();
  const next = Disk.open(name, { ...options, signal: enough.signal });
  enough.abort(new Error("enough"));
  await expect(next).rejects.toThrow("enough");
  await expect(Disk.open(name, { ...options, signal: enough.signal })).rejects.toThrow("enough");
  await disk.close();
  await (await Disk.open(name, { ...options, whenBusy: "refuse" })).close();
});

test("so it does when the disk cannot be opened", async () => {
  const name = `words ${crypto.randomUUID()}`;
  await (await Disk.open(name, { origin: 100, storage: "indexeddb" })).close();
  const wrong = Disk.open(name, { origin: 101, storage: "indexeddb" });
  await expect(wrong).rejects.toThrow(refusal("EINVAL", /101 sectors/));
  await (await Disk.open(name, { origin: 100, storage: "indexeddb" })).close();
});

test("where a word stands for nothing it is told what to do", async () => {
  await expect(openStorageWord("opfs", "disk", { whenBusy: "refuse" }))
    .rejects.toThrow(refusal("ENOTSUP", /want a dedicated worker.*openDiskInWorker/));
  const { indexedDB } = globalThis;
  try {
    Reflect.deleteProperty(globalThis, "indexedDB");
    await expect(openStorageWord("indexeddb", "disk", { whenBusy: "refuse" }))
      .rejects.toThrow(refusal("ENOTSUP", /want a browser.*openDirectoryStorage/));
  } finally {
    Object.assign(globalThis, { indexedDB });
  }
  await expect(openStorageWord("tape" as StorageWord, "disk", { whenBusy: "refuse" }))
    .rejects.toThrow(refusal("EINVAL", /"tape".*want "memory", "indexeddb", "opfs"/));
});
