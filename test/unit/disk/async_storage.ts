/** A storage that has to be waited for. */
import type { DiskStorage } from "../../../src/disk/storage/storage.ts";

/** Only the asynchronous half of a storage. */
export function onlyAsync(storage: DiskStorage): DiskStorage {
  return {
    name: "waited for",
    open: (device, sectorCount) => storage.open(device, sectorCount),
    shut: (device) => storage.shut(device),
    remove: (device) => storage.remove(device),
    list: () => storage.list(),
    close: () => storage.close(),
    [Symbol.asyncDispose]: () => storage.close(),
  };
}
