/// <reference lib="dom" />
/** The device suite in a worker, where the device has both faces. The page asks for one law a time. */
import { checked } from "../../src/block/checked.ts";
import { openOpfsDevice, removeOpfsDevice } from "../../src/devices/opfs.ts";
import { SlotStorage } from "../../src/devices/opfs/slot_storage.ts";
import type { SyncFile } from "../../src/devices/opfs/sync_file.ts";
import { type DeviceFixture, deviceSuite } from "../../src/testing/mod.ts";

interface WorkerFileHandle {
  createSyncAccessHandle(): Promise<SyncFile>;
}

/** A fresh disk, with all powers over it: the file below it is at hand. */
async function fixture(sectorCount: number): Promise<DeviceFixture> {
  const path = `disk-${crypto.randomUUID()}`;
  const made = await openOpfsDevice(path, { create: { sectorCount } });
  // Zeroes that have a place in the file, so that there is something of which a read can fail.
  if (sectorCount > 0) made.writeSync(new Uint8Array(512), 0);
  await made.close();
  const folder = await navigator.storage.getDirectory();
  const handle = await folder.getFileHandle(path) as unknown as WorkerFileHandle;
  let readsFail = false;
  let file: SyncFile;
  const open = async () => {
    const opened = file = await handle.createSyncAccessHandle();
    const failing: SyncFile = {
      read(target, options) {
        if (readsFail) throw new DOMException("as a test wants it", "InvalidStateError");
        return opened.read(target, options);
      },
      write: (source, options) => opened.write(source, options),
      flush: () => opened.flush(),
      getSize: () => opened.getSize(),
      truncate: (byteCount) => opened.truncate(byteCount),
      close: () => opened.close(),
    };
    const storage = new SlotStorage(path, failing, true);
    return Object.defineProperties(checked(storage), {
      grow: { value: (size: number) => storage.grow(size) },
    });
  };
  return {
    device: await open(),
    reopen: open,
    async cutPower() {
      file.close(); // The device does not hear of it: what it has not flushed is lost.
      return await open();
    },
    failReads: () => void (readsFail = true),
    cleanup: () => removeOpfsDevice(path),
  };
}

const laws = new Map<string, () => void | Promise<void>>();
const test = (law: string, body: () => void | Promise<void>) => void laws.set(law, body);
await deviceSuite({ test, create: fixture, sectorCounts: [0, 1, 7, 300] });

self.onmessage = async ({ data: law }: MessageEvent<string>) => {
  try {
    await laws.get(law)!();
    self.postMessage({ law });
  } catch (error) {
    self.postMessage({ law, failure: String(error) });
  }
};
self.postMessage({ laws: [...laws.keys()] });
