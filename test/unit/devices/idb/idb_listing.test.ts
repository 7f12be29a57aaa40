import "fake-indexeddb/auto";
import { expect, test } from "vitest";
import { databasesIn } from "../../../../src/devices/idb/idb_listing.ts";
import { newName, openDatabase } from "./fixture.ts";

test("databases of one folder are listed, without those whose names only look alike", async () => {
  const folder = newName();
  for (const name of ["b", "a", "deep/er"]) (await openDatabase(`${folder}/${name}`)).close();
  for (const other of [folder, `${folder}x/a`, `x${folder}/a`]) (await openDatabase(other)).close();
  expect(await databasesIn(folder)).toEqual(["a", "b", "deep/er"]);
  expect(await databasesIn(newName())).toEqual([]);
});

test("what the browser refuses is refused with its reason", async () => {
  const ordinary = indexedDB.databases;
  indexedDB.databases = () => Promise.reject(new DOMException("not here", "SecurityError"));
  try {
    await expect(databasesIn("disk")).rejects.toMatchObject({
      code: "EPERM",
      message: 'Cannot list the databases in "disk": SecurityError: not here',
    });
  } finally {
    indexedDB.databases = ordinary;
  }
});
