/**
 * The IndexedDB device: a disk in a database of the browser.
 *
 * Sectors lie in packed records (`idb/idb_storage.ts`), absent ones are zeroes. Writes go into a
 * cache in kernel memory and are answered at once; `flush` puts all of it into the database by one
 * strictly durable transaction. So after a crash the disk is as it was at some flush, whole, never
 * between. With `fua` a write is a write and a flush. When the cache is full a write makes a flush by
 * itself. Closing gives its memory back.
 *
 * | opened | beside a writer |
 * |---|---|
 * | for writing | refused with `EBUSY`, or waits (`whenBusy`) |
 * | `readOnly` | reads what the writer flushed last; each request sees one moment |
 *
 * Fails: over the quota a flush is refused with `ENOSPC`, and so is a write for which the cache has
 * no room; nothing is lost, and the next flush tries again. When another tab deletes the database
 * under us every request fails with `ENODEV`. A connection that the browser closes by itself is
 * opened again. What was not flushed when the page ends is gone.
 *
 * @module
 */

import { checked } from "../block/checked.ts";
import { BlockDeviceError } from "../block/errors.ts";
import { SECTORS_MAX } from "../block/units.ts";
import { type GrowableDevice, isDeviceSize } from "./growable.ts";
import { deleteDatabase, IdbConnection, idbRefusal } from "./idb/idb_connection.ts";
import {
  DISK_KEY,
  type DiskRecord,
  IdbStorage,
  isRecordSize,
  readDiskRecord,
  RECORD_SECTORS_MAX,
} from "./idb/idb_storage.ts";
import { takeWebLock, type WebLock, type WhenBusy } from "./web_lock.ts";

export type { WhenBusy } from "./web_lock.ts";

/** What {@linkcode openIdbDevice} is told. */
export interface IdbDeviceOptions {
  /** Makes the database, with nothing in it; it must not be there yet. */
  readonly create?: {
    /** The size, in sectors. Costs nothing until written. */
    readonly sectorCount: number;
    /**
     * Sectors in a record, the unit of what is stored: a power of two up to 2048.
     *
     * @default {64}
     */
    readonly recordSectors?: number;
  };
  /** Whether it is only read. Then it does not matter who else has it open. */
  readonly readOnly?: boolean;
  /**
   * Whether it is locked against other writers. Without it, two writers ruin it.
   *
   * @default {true}
   */
  readonly lock?: boolean;
  /**
   * What is done when someone else has it open for writing.
   *
   * @default {"refuse"}
   */
  readonly whenBusy?: WhenBusy;
  /** Ends a wait for the lock or for the database, with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * The most bytes of records that are kept in memory, what is not flushed yet included. One request
   * may exceed it.
   *
   * @default {16777216}
   */
  readonly cacheBytes?: number;
}

/** Holds sectors in a database of the browser. */
export interface IdbDevice extends GrowableDevice {
  /** Whether everything is in the database, so that nothing is lost when the page ends now. */
  readonly isFlushed: boolean;
}

const RECORD_SECTORS = 64;
const CACHE_BYTES = 16 * 1024 * 1024;

const lockName = (name: string) => `cowdisk/idb/${name}`;

function checkOptions({ create, readOnly = false, cacheBytes = 0 }: IdbDeviceOptions): void {
  if (!Number.isSafeInteger(cacheBytes) || cacheBytes < 0) {
    throw new RangeError(`Cannot keep ${cacheBytes} bytes: want a whole number, not negative`);
  }
  if (create === undefined) return;
  if (readOnly) throw new TypeError("Cannot create a database to only read it");
  if (!isDeviceSize(create.sectorCount)) {
    throw new RangeError(
      `Cannot make a database of ${create.sectorCount} sectors: ` +
        `want a whole number from 0 to ${SECTORS_MAX}`,
    );
  }
  const { recordSectors = RECORD_SECTORS } = create;
  if (!isRecordSize(recordSectors)) {
    throw new RangeError(
      `Cannot make records of ${recordSectors} sectors: ` +
        `want a power of two from 1 to ${RECORD_SECTORS_MAX}`,
    );
  }
}

/** Opens the database, or makes it with the disk's description in it. */
async function connect(
  name: string,
  { create, signal }: IdbDeviceOptions,
): Promise<{ connection: IdbConnection; disk: DiskRecord }> {
  if (create === undefined) {
    const connection = await IdbConnection.open({ name, signal });
    try {
      return { connection, disk: await readDiskRecord(connection, name) };
    } catch (error) {
      await connection.close();
      throw error;
    }
  }
  const { sectorCount, recordSectors = RECORD_SECTORS } = create;
  const disk: DiskRecord = { format: "cowdisk", sectorCount, recordSectors };
  const put = (store: IDBObjectStore) => void store.put(disk, DISK_KEY);
  const connection = await IdbConnection.open({ name, signal, create: put });
  try {
    // Nobody promises that the making of a database is durable; this is.
    await connection.use("readwrite", put);
  } catch (error) {
    await connection.close();
    await deleteDatabase(name).catch(() => {}); // The first failure is the one to tell.
    throw idbRefusal(error, `Cannot create "${name}"`, name);
  }
  return { connection, disk };
}

/**
 * Opens a disk in IndexedDB, or makes one.
 *
 * It can grow while it is open, by `grow`; the size is durable with the next flush.
 *
 * @param name The database's name, one of the origin's.
 * @param options How it is opened.
 * @returns The device. Close it to flush it and give its lock back.
 * @throws {RangeError} When a size is none.
 * @throws {TypeError} When it is to be created and only read.
 * @throws {BlockDeviceError} `ENOENT`, `EEXIST` (with `create`), `EBUSY` when someone else writes it,
 * `EINVAL` when the database holds something else, `ENOSPC`, `ENOTSUP` where there are no Web Locks.
 *
 * @example Making a disk, and finding it again
 * ```ts
 * import "fake-indexeddb/auto"; // Only where there is no browser.
 * import { openIdbDevice, removeIdbDevice } from "cowdisk/idb";
 * import { equal } from "node:assert/strict";
 *
 * const made = await openIdbDevice("disk", { create: { sectorCount: 2 ** 31 } });
 * await made.write(new Uint8Array(512).fill(7), 2047);
 * await made.flush();
 * await made.close();
 *
 * const found = await openIdbDevice("disk", { readOnly: true });
 * const sector = new Uint8Array(512);
 * await found.read(sector, 2047);
 * equal(sector[511], 7);
 * await found.close();
 * await removeIdbDevice("disk");
 * ```
 */
export async function openIdbDevice(
  name: string,
  options: IdbDeviceOptions = {},
): Promise<IdbDevice> {
  checkOptions(options);
  const { readOnly = false, cacheBytes = CACHE_BYTES, whenBusy = "refuse", signal } = options;
  let connection: IdbConnection | undefined;
  let lock: WebLock | undefined;
  if (!readOnly && (options.lock ?? true)) {
    const onStolen = () => connection?.end("EBUSY", "another tab has taken its lock");
    lock = await takeWebLock(name, lockName(name), { whenBusy, signal, onStolen });
  }
  try {
    const connected = await connect(name, options);
    connection = connected.connection;
    const { disk } = connected;
    const storage = new IdbStorage({ name, connection, disk, lock, write: !readOnly, cacheBytes });
    return Object.defineProperties(checked(storage), {
      isFlushed: { get: () => storage.isFlushed },
      grow: { value: (sectorCount: number) => storage.grow(sectorCount) },
    }) as IdbDevice;
  } catch (error) {
    await lock?.release();
    throw error;
  }
}

/**
 * Removes a disk with all that is in it. One that is not there is no mistake.
 *
 * @param name The database's name.
 * @throws {BlockDeviceError} `EBUSY` when someone has it open.
 *
 * @example Removing what is not there
 * ```ts
 * import "fake-indexeddb/auto"; // Only where there is no browser.
 * import { openIdbDevice, removeIdbDevice } from "cowdisk/idb";
 * import { rejects } from "node:assert/strict";
 *
 * await removeIdbDevice("disk");
 * await rejects(openIdbDevice("disk"), { code: "ENOENT" });
 * ```
 */
export async function removeIdbDevice(name: string): Promise<void> {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks;
  if (locks === undefined) return await deleteDatabase(name);
  try {
    const lock = await takeWebLock(name, lockName(name), {
      whenBusy: "refuse",
      onStolen: () => {},
    });
    await deleteDatabase(name).finally(() => lock.release());
  } catch (error) {
    if (error instanceof BlockDeviceError) throw error;
    throw idbRefusal(error, `Cannot remove "${name}"`, name);
  }
}
