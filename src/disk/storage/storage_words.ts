/**
 * Storages by a word: where a disk of some name is kept, without saying more.
 *
 * | word | is | where it can be |
 * |---|---|---|
 * | `memory` | gone when the disk is closed | everywhere |
 * | `indexeddb` | databases `<disk>/…` | pages and workers |
 * | `opfs` | files `<disk>/…` in the origin private file system | dedicated workers |
 *
 * Whoever wants a directory opens a `cowdisk/directory` storage: that is a door of its own, for it
 * needs `node:fs`. What a word stands for is loaded when it is asked for, so that a page pays for
 * nothing that it does not use.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import type { WhenBusy } from "../../devices/web_lock.ts";
import { createMemoryStorage } from "./memory_storage.ts";
import type { DiskStorage } from "./storage.ts";

/** A storage of the runtime's own. */
export type StorageWord = "memory" | "indexeddb" | "opfs";

/** How somebody else is waited for. */
interface StorageWait {
  readonly whenBusy: WhenBusy;
  readonly signal?: AbortSignal;
}

/** What tells whether files can be opened for synchronous use here. */
interface FileScope {
  readonly FileSystemFileHandle?: { readonly prototype: object };
}

function isOpfsHere(): boolean {
  const handle = (globalThis as FileScope).FileSystemFileHandle;
  return handle !== undefined && "createSyncAccessHandle" in handle.prototype;
}

function refuse(word: string, code: "EINVAL" | "ENOTSUP", want: string): BlockDeviceError {
  const message = `Cannot keep a disk in ${JSON.stringify(word)}: want ${want}`;
  return new BlockDeviceError(code, message);
}

/**
 * Opens the storage that a word stands for.
 *
 * @param word The word.
 * @param name The disk's name: its place there.
 * @param waiting What is done when another page or worker has the disk open, and what ends the wait.
 * @returns The storage. Close it when its disk is closed.
 * @throws {BlockDeviceError} `ENOTSUP` where there is no such storage, `EINVAL` when it is no word.
 */
export async function openStorageWord(
  word: StorageWord,
  name: string,
  waiting: StorageWait,
): Promise<DiskStorage> {
  switch (word) {
    case "memory":
      return createMemoryStorage();
    case "indexeddb": {
      if (!("indexedDB" in globalThis)) {
        throw refuse(word, "ENOTSUP", "a browser; elsewhere openDirectoryStorage keeps disks");
      }
      const { openIndexedDbStorage } = await import("./indexeddb_storage.ts");
      return openIndexedDbStorage(name, waiting);
    }
    case "opfs": {
      if (!isOpfsHere()) {
        throw refuse(word, "ENOTSUP", "a dedicated worker of a browser, or openDiskInWorker");
      }
      const { openOpfsStorage } = await import("./opfs_storage.ts");
      return openOpfsStorage(name, waiting);
    }
    default:
      throw refuse(word, "EINVAL", '"memory", "indexeddb", "opfs" or a storage');
  }
}
