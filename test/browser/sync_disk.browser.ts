/// <reference lib="dom" />
/** Disks whose calls return, in a real browser: an I/O worker, a client that blocks, the page. */
import { afterAll, describe, expect, inject, test } from "vitest";
import {
  connectSyncDisk,
  connectSyncDiskAsync,
  endSyncDisk,
} from "../../src/emulator/sync_disk.ts";
import type { DiskWish } from "../conformance/sync_disk/io_service.ts";
import { SuiteClient } from "../conformance/sync_disk/suite_client.ts";
import type { SuiteOrder } from "../conformance/sync_disk/suite.worker.ts";
import { deviceSuite } from "../../src/testing/mod.ts";
import { untilBegun } from "../unit/emulator/sync/stubborn.ts";

const refusal = (code: string, part: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(part) });

const workers: Worker[] = [];
afterAll(() => workers.forEach((worker) => worker.terminate()));

/** Each is written out where it is made, because that is how Vite finds what to serve. */
function started(worker: Worker): Worker {
  workers.push(worker);
  return worker;
}

const newIoWorker = () =>
  started(new Worker(new URL("./sync_disk_io.worker.ts", import.meta.url), { type: "module" }));

const newSuiteWorker = () =>
  started(
    new Worker(new URL("../conformance/sync_disk/suite.worker.ts", import.meta.url), {
      type: "module",
    }),
  );

/** An I/O worker that makes disks in memory for clients in this page. */
function memoryService(): (sectorCount: number) => MessagePort {
  const { port1: control, port2 } = new MessageChannel();
  newIoWorker().postMessage(port2, [port2]);
  return (sectorCount) => {
    const { port1, port2: far } = new MessageChannel();
    const id = crypto.randomUUID();
    const readsFail = new SharedArrayBuffer(4);
    const wish: DiskWish = {
      ...{ verb: "open", id, kind: "memory", sectorCount, server: {}, readsFail },
      port: far,
    };
    control.postMessage(wish, [far]);
    return port1;
  };
}

/** What a client that is blocked in a read is told when its I/O worker is killed. */
async function afterKill(isSync: boolean, silenceMs: number, isTold: boolean): Promise<unknown> {
  const io = started(
    new Worker(new URL("../unit/emulator/sync/stubborn.worker.ts", import.meta.url), {
      type: "module",
    }),
  );
  const client = started(
    new Worker(new URL("../unit/emulator/sync/blocked.worker.ts", import.meta.url), {
      type: "module",
    }),
  );
  const words = new Int32Array(new SharedArrayBuffer(16));
  const { port1, port2 } = new MessageChannel();
  const board = await new Promise<SharedArrayBuffer>((resolve) => {
    io.onmessage = ({ data: said }) => resolve(said);
    io.postMessage({ ports: [port1], words, isSync }, [port1]);
  });
  const told = new Promise((resolve) => {
    client.onmessage = ({ data: said }) => resolve(said);
  });
  client.postMessage([port2, { silenceMs }], [port2]);
  await untilBegun(words);
  io.terminate();
  if (isTold) endSyncDisk(board);
  return await told;
}

// What cannot be made is not even named: vitest runs the body of a group that it leaves out.
if (inject("isIsolated")) describe("on an isolated page", isolatedPage);
else describe("on an ordinary page", ordinaryPage);

function isolatedPage() {
  const kinds: [string, Omit<SuiteOrder, "io">][] = [
    ["IndexedDB", { kind: "idb", canReopen: true, sectorCounts: [7, 129] }],
    ["OPFS", { kind: "opfs", canReopen: true, sectorCounts: [7, 129] }],
    ["OPFS, in place in the client's heap", {
      ...{ kind: "opfs", isInPlace: true, sectorCounts: [7, 129] },
    }],
    ["memory", { kind: "memory" }],
  ];
  describe.each(kinds)("a disk in %s, to a worker that blocks", async (_name, order) => {
    const suite = await SuiteClient.start(newSuiteWorker(), newIoWorker(), order);
    test.each(suite.laws)("%s", async (law) => {
      expect(await suite.try(law)).toBeUndefined();
    });
  });

  describe("a disk of an I/O worker, to the page", async () => {
    const wish = memoryService();
    await deviceSuite({
      test,
      create: (sectorCount) => connectSyncDiskAsync(wish(sectorCount)),
      sectorCounts: [7, 300],
    });
  });

  test("a page is told to use the asynchronous face", async () => {
    await expect(connectSyncDisk(memoryService()(8))).rejects.toThrow(
      refusal("ENOTSUP", "connectSyncDiskAsync"),
    );
  });

  test.each([[false], [true]])(
    "a blocked client whose server was killed is ENODEV",
    async (sync) => {
      const dead = refusal("ENODEV", "no sign of life");
      expect(await afterKill(sync, 500, false)).toEqual([dead, dead]);
    },
  );

  test("a blocked client that is told of the kill is ENODEV", async () => {
    const dead = refusal("ENODEV", "has ended");
    expect(await afterKill(false, 1e6, true)).toEqual([dead, dead]);
  });
}

function ordinaryPage() {
  test("there is no memory to share: serving and connecting are ENOTSUP", async () => {
    const { port1 } = new MessageChannel();
    const unsupported = refusal("ENOTSUP", "cross-origin isolated");
    await expect(connectSyncDisk(port1)).rejects.toThrow(unsupported);
    await expect(connectSyncDiskAsync(port1)).rejects.toThrow(unsupported);
    const url = new URL("./sync_disk_serve.worker.ts", import.meta.url);
    const worker = started(new Worker(url, { type: "module" }));
    const said = await new Promise((resolve, reject) => {
      worker.onmessage = ({ data: failure }) => resolve(failure);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
    expect(said).toEqual(unsupported);
  });
}
