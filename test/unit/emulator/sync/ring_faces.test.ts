/// <reference lib="dom" />
/** The two faces of one client, in a thread that blocks; the disk is in another. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SyncBlockDevice } from "../../../../src/mod.ts";
import { connectSyncDisk, type SyncDiskOptions } from "../../../../src/emulator/sync_disk.ts";
import { patternOf, verifySectors } from "../../../../src/testing/mod.ts";

const SECTORS = 40_000;

let worker: Worker;
beforeAll(() => {
  const url = new URL("./memory_disk.worker.ts", import.meta.url);
  worker = new Worker(url, { type: "module" });
});
afterAll(() => worker.terminate());

/** A client of a new disk of 40,000 sectors in memory, whose slots have areas of 4 KiB. */
async function connect(options: SyncDiskOptions = {}): Promise<SyncBlockDevice> {
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ port: port1, sectorCount: SECTORS }, [port1]);
  return await connectSyncDisk(port2, options);
}

test("what one face writes the other reads", async () => {
  const device = await connect();
  device.writeSync(patternOf(1, 0, 30), 0);
  const target = new Uint8Array(30 * 512);
  await device.read(target, 0);
  verifySectors(target, patternOf(1, 0, 30), 0, "written synchronously");
  await device.write(patternOf(2, 10, 30), 10);
  device.readSync(target, 10);
  verifySectors(target, patternOf(2, 10, 30), 10, "written asynchronously");
  device.closeSync();
});

test("a blocking call gets through while asynchronous ones fill and queue for their slots", async () => {
  const device = await connect();
  const writes = Array.from(
    { length: 40 },
    (_, index) => device.write(patternOf(index, index * 9, 9), index * 9),
  );
  for (let round = 0; round < 20; round++) {
    device.writeSync(patternOf(round, 1000, 3), 1000);
    const target = new Uint8Array(3 * 512);
    device.readSync(target, 1000);
    verifySectors(target, patternOf(round, 1000, 3), 1000, "just written");
  }
  await Promise.all(writes);
  for (let index = 0; index < 40; index++) {
    const target = new Uint8Array(9 * 512);
    device.readSync(target, index * 9);
    verifySectors(target, patternOf(index, index * 9, 9), index * 9, "one of many");
  }
  await device.close();
});

test("both faces are closed by either", async () => {
  const shutdown = expect.objectContaining({ code: "ESHUTDOWN" });
  for (const isSync of [false, true]) {
    const device = await connect();
    if (isSync) device.closeSync();
    else await device.close();
    expect(() => device.flushSync()).toThrow(shutdown);
    await expect(device.flush()).rejects.toThrow(shutdown);
    device.closeSync();
    await device.close();
    await device[Symbol.asyncDispose]();
  }
});

test("bytes of a heap that the server sees are moved in place, of any length, and no others", async () => {
  const heap = new WebAssembly.Memory({ initial: 400, maximum: 800, shared: true });
  const device = await connect({ memories: [new SharedArrayBuffer(8), heap] });
  // More than one part of 16 MiB, at an odd place.
  const sectors = 35_000;
  const view = () => new Uint8Array(heap.buffer, 12_345, sectors * 512);
  const all = new Uint8Array(heap.buffer).fill(0xa5);
  view().set(patternOf(3, 1, sectors));
  device.writeSync(view(), 1);
  all.fill(0xa5);
  device.readSync(view(), 1);
  verifySectors(view(), patternOf(3, 1, sectors), 1, "there and back");
  expect(all.subarray(0, 12_345).every((byte) => byte === 0xa5)).toBe(true);
  expect(all.subarray(12_345 + sectors * 512).every((byte) => byte === 0xa5)).toBe(true);

  heap.grow(100);
  const grown = new Uint8Array(heap.buffer, heap.buffer.byteLength - 1024);
  device.readSync(grown, 5);
  verifySectors(grown, patternOf(3, 5, 2), 5, "into what the heap has gained");
  const before = new Uint8Array(all.buffer, 0, 1024); // A view of the heap as it was.
  device.readSync(before, 6);
  verifySectors(before, patternOf(3, 6, 2), 6, "into an older view");
  await device.read(grown, 7);
  verifySectors(grown, patternOf(3, 7, 2), 7, "asynchronously, in place");
  device.closeSync();
});

test("a write without blocking takes its bytes at the call, from a shared heap too", async () => {
  const heap = new SharedArrayBuffer(100 * 512);
  const device = await connect({ memories: [heap] });
  const bytes = new Uint8Array(heap);
  bytes.set(patternOf(4, 0, 100));
  const writing = device.write(bytes, 0);
  bytes.fill(0);
  await writing;
  device.readSync(bytes, 0);
  verifySectors(bytes, patternOf(4, 0, 100), 0, "as at the call");
  device.closeSync();
});
