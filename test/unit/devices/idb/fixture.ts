/** Disks in IndexedDB to test with: a browser's, or one in memory. */
/// <reference lib="dom" />
import {
  type IdbDevice,
  type IdbDeviceOptions,
  openIdbDevice,
  removeIdbDevice,
} from "../../../../src/devices/idb.ts";
import type { DeviceFixture } from "../../../../src/testing/mod.ts";

/** A name that no other disk has, of this page or another. */
export function newName(): string {
  return `disk-${crypto.randomUUID()}`;
}

/** Opens a database, or makes one, with the browser's own means. */
export function openDatabase(
  name: string,
  version?: number,
  upgrade?: (database: IDBDatabase) => void,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, version);
    opening.onupgradeneeded = () => upgrade?.(opening.result);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      opening.result.onversionchange = () => opening.result.close();
      resolve(opening.result);
    };
  });
}

/** Does something to a store behind the back of the device over it. */
export function tamper(
  database: IDBDatabase,
  change: (store: IDBObjectStore) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction("records", "readwrite");
    change(transaction.objectStore("records"));
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

/** What is in a store, by key. */
export async function contentOf(name: string): Promise<Map<unknown, unknown>> {
  const database = await openDatabase(name);
  const found = new Map<unknown, unknown>();
  await tamper(database, (store) => {
    store.openCursor().onsuccess = ({ target }) => {
      const cursor = (target as IDBRequest<IDBCursorWithValue | null>).result;
      if (cursor === null) return;
      found.set(cursor.key, cursor.value);
      cursor.continue();
    };
  });
  database.close();
  return found;
}

/** A fresh disk, with all powers over it. */
export async function idbFixture(
  sectorCount: number,
  options: IdbDeviceOptions & { readonly recordSectors?: number } = {},
): Promise<DeviceFixture> {
  const name = newName();
  const { recordSectors = 64, ...rest } = options;
  const opened: IdbDevice[] = [];
  const open = async (more: IdbDeviceOptions = {}) => {
    // Without a lock, because a device whose power was cut is never closed.
    const device = await openIdbDevice(name, { ...rest, ...more, lock: false });
    opened.push(device);
    return device;
  };
  const device = await open({ create: { sectorCount, recordSectors } });
  const database = await openDatabase(name);
  return {
    device,
    reopen: () => open(),
    // What was in the cache of the device before is forgotten with it.
    cutPower: () => open(),
    // Transactions on one store are done in order: this one comes before the reads that follow.
    failReads: () => void tamper(database, (store) => store.put("not a record", 0)),
    async cleanup() {
      database.close();
      await Promise.all(opened.map((each) => each.close()));
      await removeIdbDevice(name);
    },
  };
}
