/**
 * Which files there are in a folder of the origin private file system. Pages may ask, too.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { opfsRefusal } from "./sync_file.ts";

/**
 * The files in a folder, without those in folders below.
 *
 * @param path The folder: names with `/` between.
 * @returns Their names, in order. A folder that is not there has none.
 */
export async function filesIn(path: string): Promise<string[]> {
  try {
    let folder = await navigator.storage.getDirectory();
    for (const name of path.split("/")) folder = await folder.getDirectoryHandle(name);
    const files: string[] = [];
    for await (const [name, { kind }] of folder.entries()) if (kind === "file") files.push(name);
    return files.sort();
  } catch (error) {
    if ((error as Partial<Error>).name === "NotFoundError") return [];
    throw opfsRefusal(error, `Cannot list the files in "${path}"`, { device: path });
  }
}
