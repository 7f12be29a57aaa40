/**
 * The connection to one database: transactions that are durable, and whole or not at all.
 *
 * It is idb-keyval's `UseStore`, made by ourselves, because the library's own never asks for strict
 * durability, commits what was put before a value that could not be cloned, and does not hear when
 * another tab wants the database deleted.
 *
 * | state | begins | a transaction |
 * |---|---|---|
 * | open | with {@linkcode IdbConnection.open} | is begun |
 * | lost | when the browser closes the connection by itself | opens it again first, once |
 * | ended | by `close`, or because another tab deletes or upgrades the database | fails |
 *
 * Fails: `ENOENT` and `EEXIST` at open; `EBUSY` when the database is blocked by another tab; `EINVAL`
 * when it is not ours; `ENODEV` when it was deleted or upgraded, or is not there any more; `ENOSPC`
 * over the quota, with nothing changed. An opening that fails leaves no database behind.
 *
 * @module
 */

import { promisifyRequest, type UseStore } from "idb-keyval";
import { BlockDeviceError, type ErrorCode } from "../../block/errors.ts";

const VERSION = 1;
const STORE = "records";

/** A transaction is begun on the connection again this many times after it was lost. */
const REOPENINGS_MAX = 1;

const CODES: Readonly<Record<string, ErrorCode>> = {
  NotAllowedError: "EPERM",
  QuotaExceededError: "ENOSPC",
  SecurityError: "EPERM",
};

/** The refusal that stands for whatever IndexedDB failed with. */
export function idbRefusal(error: unknown, what: string, device: string): BlockDeviceError {
  if (error instanceof BlockDeviceError) return error;
  const { name = "", message = String(error) } = (error ?? {}) as Partial<Error>;
  const why = [name, message].filter((word) => word !== "").join(": ") || "the browser gave up";
  return new BlockDeviceError(CODES[name] ?? "EIO", `${what}: ${why}`, { device, cause: error });
}

/** How a database is opened. */
export interface IdbOpening {
  /** The database's name, and the device's in messages. */
  readonly name: string;
  /** Puts the first values into a new database. Left out: it must be there already. */
  readonly create?: (store: IDBObjectStore) => void;
  /** Ends the wait for an answer. Left out: as long as it takes. */
  readonly signal?: AbortSignal | undefined;
}

/** Settles with the transaction. A request's error is not the end yet: its abort is. */
function endOf(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    // Listeners, because idb-keyval sets the properties.
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("abort", () => reject(transaction.error));
  });
}

/** Whether a transaction failed because there was no connection under it any more. */
function isLostConnection(error: unknown): boolean {
  const { name = "", message = "" } = (error ?? {}) as Partial<Error>;
  // The second is what Safari says while it closes a connection by itself.
  return name === "InvalidStateError" || (name === "UnknownError" && /connection/i.test(message));
}

/** One request to open the database, in which every outcome is told apart. */
function request({ name, create }: IdbOpening): Promise<IDBDatabase> {
  const what = `Cannot ${create === undefined ? "open" : "create"} "${name}"`;
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, VERSION);
    const refuse = (code: ErrorCode, why: string) =>
      reject(new BlockDeviceError(code, `${what}: ${why}`, { device: name }));
    let isCreated = false;
    opening.onupgradeneeded = () => {
      isCreated = true;
      if (create !== undefined) return create(opening.result.createObjectStore(STORE));
      refuse("ENOENT", "there is no such database");
      opening.transaction!.abort();
    };
    opening.onsuccess = () => {
      const database = opening.result;
      if (create !== undefined && !isCreated) refuse("EEXIST", "there is one already");
      else if (!database.objectStoreNames.contains(STORE)) refuse("EINVAL", "it is not ours");
      else return resolve(database);
      database.close();
    };
    opening.onblocked = () => refuse("EBUSY", "another tab holds an older version of it open");
    opening.onerror = () => {
      if (opening.error?.name === "VersionError") {
        return refuse("EINVAL", "it is of a newer version, or not ours");
      }
      reject(idbRefusal(opening.error, what, name));
    };
  });
}

/** As {@linkcode request}, until somebody ends the wait: behind a blocked deletion it is silent. */
function requestUntil(opening: IdbOpening): Promise<IDBDatabase> {
  const { signal } = opening;
  if (signal === undefined) return request(opening);
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const give = () => reject(signal.reason);
    signal.addEventListener("abort", give, { once: true });
    request(opening).then((database) => {
      // An answer that nobody waits for any more must not keep the database open.
      if (signal.aborted) database.close();
      resolve(database);
    }, reject).finally(() => signal.removeEventListener("abort", give));
  });
}

/** A connection. See the file's head. */
export class IdbConnection {
  readonly #opening: IdbOpening;
  #database: Promise<IDBDatabase> | undefined;
  #end: BlockDeviceError | undefined;

  private constructor(opening: IdbOpening) {
    this.#opening = { name: opening.name };
  }

  /**
   * Opens the database.
   *
   * @param opening Its name, and whether it is to be made.
   * @returns The connection.
   */
  static async open(opening: IdbOpening): Promise<IdbConnection> {
    const connection = new IdbConnection(opening);
    await connection.#connect(requestUntil(opening));
    return connection;
  }

  /**
   * Begins a transaction: for idb-keyval's functions, and for {@linkcode IDBObjectStore}'s own.
   *
   * A `readwrite` one is strictly durable when the promise is kept. When the callback throws,
   * nothing of it is done.
   */
  readonly use: UseStore = async (mode, callback) => {
    for (let reopenings = 0;; reopenings++) {
      if (this.#end !== undefined) throw this.#end;
      const connected = this.#database ?? this.#connect(this.#reopen());
      try {
        return await this.#perform(await connected, mode, callback);
      } catch (error) {
        const isLost = isLostConnection(error) || this.#database !== connected;
        if (this.#database === connected && isLost) this.#database = undefined;
        if (!isLost || reopenings === REOPENINGS_MAX) throw this.#end ?? error;
      }
    }
  };

  /** Ends it. Transactions under way are finished. */
  async close(): Promise<void> {
    const database = this.#database;
    this.end("ESHUTDOWN", "it is closed");
    await database?.then((open) => open.close(), () => {});
  }

  async #perform<Result>(
    database: IDBDatabase,
    mode: IDBTransactionMode,
    callback: (store: IDBObjectStore) => Result | PromiseLike<Result>,
  ): Promise<Result> {
    const transaction = database.transaction(STORE, mode, { durability: "strict" });
    const end = endOf(transaction);
    end.catch(() => {}); // When the callback throws, its error is the one to tell.
    let result: Result;
    try {
      result = await callback(transaction.objectStore(STORE));
    } catch (error) {
      try {
        transaction.abort();
      } catch {
        // It has aborted itself, and says why below.
      }
      // A request that failed because of the abort is told by the transaction's own error.
      if ((error as Partial<Error> | null)?.name === "AbortError") await end;
      throw error;
    }
    await end;
    return result;
  }

  #connect(asked: Promise<IDBDatabase>): Promise<IDBDatabase> {
    const connected = asked.then((database) => {
      database.onclose = () => {
        if (this.#database === connected) this.#database = undefined;
      };
      database.onversionchange = () => {
        database.close();
        this.end("ENODEV", "another tab has deleted or upgraded it");
      };
      if (this.#end !== undefined) database.close();
      return database;
    });
    connected.catch(() => {
      if (this.#database === connected) this.#database = undefined;
    });
    return this.#database = connected;
  }

  /** Opens again. A database that is not there any more must not come back empty. */
  async #reopen(): Promise<IDBDatabase> {
    try {
      return await requestUntil(this.#opening);
    } catch (error) {
      if (error instanceof BlockDeviceError && error.code === "ENOENT") {
        this.end("ENODEV", "its database was deleted");
        throw this.#end;
      }
      throw error;
    }
  }

  /** Makes every transaction from now on fail. */
  end(code: ErrorCode, why: string): void {
    const { name } = this.#opening;
    this.#end ??= new BlockDeviceError(code, `Cannot use "${name}": ${why}`, { device: name });
    this.#database = undefined;
  }
}

/**
 * Deletes a database, if it is there.
 *
 * @param name Its name.
 * @throws {BlockDeviceError} `EBUSY` when another tab does not let go of it.
 */
export async function deleteDatabase(name: string): Promise<void> {
  const what = `Cannot remove "${name}"`;
  const deletion = indexedDB.deleteDatabase(name);
  const blocked = new Promise<never>((_, reject) => {
    deletion.onblocked = () =>
      reject(
        new BlockDeviceError("EBUSY", `${what}: another tab has it open`, { device: name }),
      );
  });
  try {
    await Promise.race([promisifyRequest(deletion), blocked]);
  } catch (error) {
    throw idbRefusal(error, what, name);
  }
}
