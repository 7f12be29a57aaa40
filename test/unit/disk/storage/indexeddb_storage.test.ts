import "fake-indexeddb/auto";
import { describe, expect, test } from "vitest";
import { openIndexedDbStorage } from "../../../../src/disk/storage/indexeddb_storage.ts";
import { newName, openDatabase } from "../../devices/idb/fixture.ts";
import { awaitedStorageLaws } from "./awaited_laws.ts";

describe("a storage in IndexedDB", () => {
  awaitedStorageLaws(newName, (name) => openIndexedDbStorage(name));
});

test("a device is a database named after the disk and the device", async () => {
  const name = newName();
  await using storage = openIndexedDbStorage(name);
  await storage.open("layer-1", 8);
  const names = (await indexedDB.databases()).map((each) => each.name);
  expect(names.filter((each) => each!.startsWith(name))).toEqual([`${name}/layer-1`]);
});

test("a database that is no device is refused and left as it is", async () => {
  const name = newName();
  const database = await openDatabase(`${name}/layer-1`, 1, (made) => {
    made.createObjectStore("records");
  });
  database.close();
  await using storage = openIndexedDbStorage(name);
  await expect(storage.open("layer-1", 8)).rejects.toMatchObject({ code: "EINVAL" });
});

test("who waits for the manifest gets it when it is free, or the signal's reason", async () => {
  const name = newName();
  await using one = openIndexedDbStorage(name);
  await one.open("manifest", 8);
  const impatience = new AbortController();
  await using hurried = openIndexedDbStorage(name, {
    whenBusy: "wait",
    signal: impatience.signal,
  });
  const given = expect(hurried.open("manifest", 8)).rejects.toThrow("enough");
  impatience.abort(new Error("enough"));
  await given;
  await using patient = openIndexedDbStorage(name, { whenBusy: "wait" });
  const waiting = patient.open("manifest", 8);
  await one.close();
  expect((await waiting).sectorCount).toBe(8);
});
