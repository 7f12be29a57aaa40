import { expect, test } from "vitest";
import { createMemoryStorage } from "../../../../src/disk/storage/memory_storage.ts";
import { type DiskStorage, isSyncStorage } from "../../../../src/disk/storage/storage.ts";
import { onlyAsync } from "../async_storage.ts";

test("a storage that is never waited for is told from one that is", async () => {
  await using memory = createMemoryStorage();
  const storages: DiskStorage[] = [memory, onlyAsync(memory)];
  expect(storages.map(isSyncStorage)).toEqual([true, false]);
});
