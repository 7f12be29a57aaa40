/**
 * The package in a page that Vite has built without being told anything.
 *
 * @module
 */
import { createMemoryDevice } from "cowdisk";
import { openDiskInWorker } from "cowdisk/remote-disk";
import { tellOfDisk, tellOfErrors, tellOfSnapshots } from "./story.ts";

async function tellOfWorker() {
  const worker = new Worker(new URL("./disk.worker.ts", import.meta.url), { type: "module" });
  const disk = await openDiskInWorker(worker, "away", { origin: 2048, storage: "opfs" });
  await disk.device.write(new Uint8Array(512).fill(5), 0);
  await disk.snapshot("away");
  const bytes = new Uint8Array(512);
  await disk.device.read(bytes, 0);
  const snapshots = disk.snapshots.map(({ name }) => name);
  await disk.close();
  worker.terminate();
  return { read: bytes[0], snapshots };
}

async function tell() {
  return {
    memory: tellOfSnapshots(createMemoryDevice({ sectorCount: 2048 })),
    indexedDb: await tellOfDisk("indexeddb"),
    worker: await tellOfWorker(),
    refusal: tellOfErrors(),
  };
}

Object.assign(globalThis, { tale: tell() });
