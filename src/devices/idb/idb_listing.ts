/**
 * Which databases there are.
 *
 * A database that is being made is listed when it is there whole, and one that is being deleted may
 * be listed until it is gone.
 *
 * @module
 */

import { idbRefusal } from "./idb_connection.ts";

/**
 * The databases in a folder of names; IndexedDB has no folders of its own.
 *
 * @param folder What the names begin with, a `/` behind it left out.
 * @returns What follows the `/`, of each, in order.
 */
export async function databasesIn(folder: string): Promise<string[]> {
  try {
    const prefix = `${folder}/`;
    const found = await indexedDB.databases();
    return found
      .map(({ name = "" }) => name)
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length))
      .sort();
  } catch (error) {
    throw idbRefusal(error, `Cannot list the databases in "${folder}"`, folder);
  }
}
