/// <reference lib="dom" />
import "fake-indexeddb/auto";
import { get, set } from "idb-keyval";
import { expect, test } from "vitest";
import { deleteDatabase, IdbConnection } from "../../../../src/devices/idb/idb_connection.ts";
import { newName, openDatabase } from "./fixture.ts";

const create = (store: IDBObjectStore) => void store.put("first", "key");

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

/** Makes the browser close every connection that is opened while `body` runs, as Safari may. */
async function withConnections(body: (opened: IDBDatabase[]) => Promise<void>): Promise<void> {
  const opened: IDBDatabase[] = [];
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (...args) {
    if (!opened.includes(this)) opened.push(this);
    return transaction.apply(this, args);
  };
  try {
    await body(opened);
  } finally {
    IDBDatabase.prototype.transaction = transaction;
  }
}

test("a new database has its first values, and is there for idb-keyval's functions", async () => {
  const connection = await IdbConnection.open({ name: newName(), create });
  expect(await get("key", connection.use)).toBe("first");
  await set("key", "second", connection.use);
  expect(await get("key", connection.use)).toBe("second");
  await connection.close();
});

test("what is not there is not made by opening it", async () => {
  const name = newName();
  await expect(IdbConnection.open({ name })).rejects.toThrow(refusal("ENOENT"));
  expect((await indexedDB.databases()).map((each) => each.name)).not.toContain(name);
});

test("what is there already is not made again", async () => {
  const name = newName();
  const connection = await IdbConnection.open({ name, create });
  await set("key", "mine", connection.use);
  await expect(IdbConnection.open({ name, create })).rejects.toThrow(refusal("EEXIST"));
  expect(await get("key", connection.use)).toBe("mine");
  await connection.close();
});

test("a database of somebody else is refused and left alone", async () => {
  const name = newName();
  (await openDatabase(name, 1, (database) => void database.createObjectStore("theirs"))).close();
  await expect(IdbConnection.open({ name })).rejects.toThrow(refusal("EINVAL"));
  const newer = newName();
  (await openDatabase(newer, 7, (database) => void database.createObjectStore("records"))).close();
  await expect(IdbConnection.open({ name: newer })).rejects.toThrow(refusal("EINVAL"));
});

test("when a callback throws nothing of its transaction is done", async () => {
  const connection = await IdbConnection.open({ name: newName(), create });
  const failing = connection.use("readwrite", (store) => {
    store.put("half", "key");
    store.put(() => {}, "cannot be cloned");
  });
  await expect(failing).rejects.toThrow(expect.objectContaining({ name: "DataCloneError" }));
  expect(await get("key", connection.use)).toBe("first");
  await connection.close();
});

test("every transaction that writes asks for strict durability", async () => {
  const connection = await IdbConnection.open({ name: newName(), create });
  const durability = await connection.use(
    "readwrite",
    (store) => (store.transaction as { durability?: string }).durability,
  );
  expect(durability).toBe("strict");
  await connection.close();
});

test("when another tab deletes the database we let go of it and say so", async () => {
  const name = newName();
  const connection = await IdbConnection.open({ name, create });
  await deleteDatabase(name);
  await expect(get("key", connection.use)).rejects.toThrow(expect.objectContaining({
    code: "ENODEV",
    message: `Cannot use "${name}": another tab has deleted or upgraded it`,
  }));
});

test("a connection that the browser has closed is opened again, unseen", async () => {
  await withConnections(async (opened) => {
    const connection = await IdbConnection.open({ name: newName(), create });
    expect(await get("key", connection.use)).toBe("first");
    opened[0]!.close(); // Without a word.
    expect(await get("key", connection.use)).toBe("first");
    opened[1]!.close();
    opened[1]!.onclose!(new Event("close")); // With the event for it.
    await set("key", "second", connection.use);
    expect(await get("key", connection.use)).toBe("second");
    expect(opened.length).toBe(3);
    await connection.close();
  });
});

test("a database that is gone when it is opened again does not come back empty", async () => {
  await withConnections(async (opened) => {
    const name = newName();
    const connection = await IdbConnection.open({ name, create });
    await get("key", connection.use);
    opened[0]!.onversionchange = null;
    opened[0]!.close();
    await deleteDatabase(name);
    for (const _ of [1, 2]) {
      await expect(get("key", connection.use)).rejects.toThrow(refusal("ENODEV"));
    }
    expect((await indexedDB.databases()).map((each) => each.name)).not.toContain(name);
  });
});

test("an opening behind a deletion that is blocked ends with its signal", async () => {
  const name = newName();
  const blocker = await openDatabase(name, 1, (database) => {
    create(database.createObjectStore("records"));
  });
  blocker.onversionchange = null;
  await expect(deleteDatabase(name)).rejects.toThrow(refusal("EBUSY"));
  const impatience = new AbortController();
  const opening = IdbConnection.open({ name, signal: impatience.signal });
  impatience.abort(new Error("enough"));
  await expect(opening).rejects.toThrow("enough");
  blocker.close();
});

test("a closed connection refuses with ESHUTDOWN", async () => {
  const connection = await IdbConnection.open({ name: newName(), create });
  await connection.close();
  await expect(get("key", connection.use)).rejects.toThrow(refusal("ESHUTDOWN"));
});
