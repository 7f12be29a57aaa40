import { describe, expect, test } from "vitest";
import { createMemoryStorage } from "../../../../src/disk/storage/memory_storage.ts";
import { storageLaws } from "./storage_laws.ts";

describe("a storage in memory", () => {
  storageLaws(createMemoryStorage);
});

test("two storages share nothing", async () => {
  await using one = createMemoryStorage();
  await using other = createMemoryStorage();
  one.openSync("layer-1", 8);
  expect(await other.list()).toEqual([]);
});
