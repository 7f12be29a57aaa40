/// <reference lib="dom" />
/** Disks that live in a worker, used from the page. */
import { afterAll, describe, expect, inject, test } from "vitest";
import { commands } from "vitest/browser";
import { openDiskInWorker } from "../../src/disk/remote/remote_disk.ts";
import {
  type AsyncDisk,
  createMemoryDevice,
  createMemoryStorage,
  Disk,
  type StorageWord,
} from "../../src/mod.ts";
import { Arena } from "../../src/kernel/mod.ts";
import { deviceSuite, patternOf, verifySectors } from "../../src/testing/mod.ts";
import { type HomeWord, storageAt, WRITTEN_SECTORS } from "./disk_homes.ts";
import { liveThrough } from "./disk_scenario.ts";
import { contentOf, expectSurvived } from "./disk_survivor.ts";
import { withSilentPorts } from "./silent_ports.ts";

const KEPT = { idb: "indexeddb", opfs: "opfs" } as const;
const HOMES: readonly HomeWord[] = ["idb", "opfs"];
const WORDS: readonly StorageWord[] = ["memory", "indexeddb", "opfs"];

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });
const newName = () => `remote-${crypto.randomUUID()}`;

const workers: Worker[] = [];

function newWorker(): Worker {
  const worker = new Worker(new URL("./disk_home.worker.ts", import.meta.url), { type: "module" });
  workers.push(worker);
  return worker;
}

const home = newWorker();

afterAll(() => workers.forEach((worker) => worker.terminate()));

const files = new Worker(new URL("./opfs.worker.ts", import.meta.url), { type: "module" });
workers.push(files);

/** The storage in which a worker has kept a disk. */
const storageOf = (word: HomeWord, name: string) =>
  storageAt({ home: word, name }, { worker: files, whenBusy: "wait" });

async function removeAll(word: HomeWord, name: string): Promise<void> {
  await using storage = storageOf(word, name);
  for (const device of await storage.list()) await storage.remove(device);
}

test.each(HOMES)("a disk in a worker lives through its day: %s", async (word) => {
  const name = newName();
  await liveThrough({
    open: (each, origin) =>
      openDiskInWorker(home, `${name}/${each}`, { origin, storage: KEPT[word] }),
    storage: (each) => storageOf(word, `${name}/${each}`),
  });
});

/** A disk that is not closed when it leaves its scope. */
function keptOpen(disk: AsyncDisk): AsyncDisk {
  return new Proxy(disk, {
    get(target, key) {
      if (key === Symbol.asyncDispose) return () => Promise.resolve();
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

test("so does one in the worker's memory, but for being closed and opened again", async () => {
  const disks = new Map<string, AsyncDisk>();
  await liveThrough({
    async open(word, origin) {
      const disk = disks.get(word) ??
        await openDiskInWorker(home, word, { origin, storage: "memory" });
      disks.set(word, disk);
      return keptOpen(disk);
    },
    storage: () => createMemoryStorage(),
  });
  for (const disk of disks.values()) await disk.close();
});

describe.each(WORDS)("the device of a disk in a worker is a block device: %s", async (storage) => {
  await deviceSuite({
    test,
    async create(sectorCount) {
      const name = newName();
      const options = { origin: sectorCount, storage };
      let disk: AsyncDisk = await openDiskInWorker(home, name, options);
      return {
        device: disk.device,
        ...storage === "memory" ? {} : {
          async reopen() {
            await disk.close();
            disk = await openDiskInWorker(home, name, options);
            return disk.device;
          },
        },
        async cleanup() {
          await disk.close();
          if (storage !== "memory") await removeAll(storage === "opfs" ? "opfs" : "idb", name);
        },
      };
    },
    sectorCounts: [7, 129],
  });
});

test.each(HOMES.flatMap((word) => [[word, "tell"], [word, "do not tell"]] as const))(
  "when its worker is killed all is ENODEV, and the disk is at a flush or newer: %s, ports %s",
  async (word, ports) => {
    const name = newName();
    const options = { origin: WRITTEN_SECTORS, storage: KEPT[word], whenBusy: "wait" } as const;
    let acknowledged = 0;
    for (const more of [1, 2, 4]) {
      const worker = newWorker();
      const open = () => openDiskInWorker(worker, name, options);
      const disk = ports === "tell" ? await open() : await withSilentPorts(open);
      const wanted = acknowledged + more;
      let wake = () => {};
      const reached = new Promise<void>((resolve) => wake = resolve);
      const write = async () => {
        for (let round = disk.snapshots.length + 1;; round++) {
          await disk.device.write(patternOf(round, 0, WRITTEN_SECTORS), 0);
          await disk.device.flush();
          await disk.snapshot(String(round));
          acknowledged = round;
          if (round >= wanted) wake();
        }
      };
      const writing = expect(write()).rejects.toThrow(refusal("ENODEV"));
      await reached;
      worker.terminate();
      await writing;
      await expect(disk.device.read(new Uint8Array(512), 0)).rejects.toThrow(refusal("ENODEV"));
      await expect(disk.snapshot("later")).rejects.toThrow(refusal("ENODEV"));
      expect(() => disk.snapshots).toThrow(refusal("ENODEV"));
      await expect(disk.export().getReader().read()).rejects.toThrow(refusal("ENODEV"));
      await expect(disk.close()).rejects.toThrow(refusal("ENODEV"));
      await expectSurvived(storageOf(word, name), name, acknowledged);
    }
    await removeAll(word, name);
  },
);

test("a worker whose script fails is ENODEV at once", async () => {
  const worker = new Worker(
    URL.createObjectURL(new Blob(["throw new Error('as a test wants it')"])),
  );
  workers.push(worker);
  worker.addEventListener("error", (event) => event.preventDefault());
  const opening = openDiskInWorker(worker, newName(), { origin: 8, storage: "memory" });
  await expect(opening).rejects.toThrow(refusal("ENODEV"));
});

test("a page that asks for files itself is told of the worker", async () => {
  const opening = Disk.open(newName(), { origin: 8, storage: "opfs" });
  await expect(opening).rejects.toThrow(/want a dedicated worker.*openDiskInWorker/);
});

test("words are storages in a page, too", async () => {
  const name = newName();
  {
    await using disk = await Disk.open(name, { origin: 100, storage: "indexeddb" });
    await disk.device.write(patternOf(1, 0, 100), 0);
  }
  {
    await using disk = await Disk.open(name, { origin: 100, storage: "indexeddb" });
    verifySectors(await contentOf(disk.device), patternOf(1, 0, 100), 0, "opened again");
    const again = Disk.open(name, { origin: 100, storage: "indexeddb" });
    await expect(again).rejects.toThrow(refusal("EBUSY"));
  }
  await removeAll("idb", name);
});

test("an image behind a URL is opened by the worker, a device is lent to it", async () => {
  const host = await commands.startImageHost(1, 300);
  try {
    const url = new URL(host.url, location.href);
    await using disk = await openDiskInWorker(home, newName(), { origin: url, storage: "memory" });
    verifySectors(await contentOf(disk.device), patternOf(1, 0, 300), 0, "the image");
    await disk.device.write(patternOf(2, 10, 5), 10);
    const content = new Uint8Array(patternOf(3, 0, 300));
    await using origin = createMemoryDevice({ sectorCount: 300, content });
    expect(await disk.rebase(origin)).toEqual([{ sector: 8, sectorCount: 8 }]);
    const want = content.slice();
    want.set(patternOf(1, 8, 8), 8 * 512);
    want.set(patternOf(2, 10, 5), 10 * 512);
    verifySectors(await contentOf(disk.device), want, 0, "on another origin");
    await using copy = await Disk.open("copy", { origin: 300, storage: "memory" });
    await copy.import(disk.export());
    verifySectors(await contentOf(copy.device), want, 0, "exported");
  } finally {
    await commands.endImageHost(host.id);
  }
});

test("bytes go from shared memory and into it, and are taken at the call", async () => {
  await using disk = await openDiskInWorker(home, newName(), { origin: 300, storage: "memory" });
  const arena = Arena.create({ bytesMax: 1 << 20 });
  const page = arena.allocatePages(3);
  const shared = (count: number) => arena.bytes.subarray(page, page + count * 512);
  for (const count of [1, 8, 300]) {
    shared(count).set(patternOf(count, 0, count));
    const write = disk.device.write(shared(count), 0);
    shared(count).fill(0xff);
    await write;
    await disk.device.read(shared(count), 0);
    verifySectors(shared(count), patternOf(count, 0, count), 0, `${count} sectors`);
  }
});

test("where memory can be shared no buffer is handed over, elsewhere all are", async () => {
  await using disk = await openDiskInWorker(home, newName(), { origin: 300, storage: "memory" });
  const post = MessagePort.prototype.postMessage;
  let handedOverCount = 0;
  MessagePort.prototype.postMessage = function (message: unknown, given?: unknown) {
    const transfer = (given ?? []) as Transferable[];
    handedOverCount += transfer.length;
    return post.call(this, message, { transfer });
  };
  try {
    const bytes = patternOf(1, 0, 300);
    await disk.device.write(bytes, 0);
    await disk.device.read(bytes, 0);
    verifySectors(bytes, patternOf(1, 0, 300), 0, "written and read");
  } finally {
    MessagePort.prototype.postMessage = post;
  }
  expect(handedOverCount).toBe(inject("isIsolated") ? 0 : 1);
});
