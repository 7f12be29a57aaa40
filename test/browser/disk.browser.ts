/// <reference lib="dom" />
/** Disks with snapshots, kept in a real browser. */
import { afterAll, describe, expect, test, vi } from "vitest";
import { cdp } from "vitest/browser";
import { Disk, type DiskEvent } from "../../src/mod.ts";
import { patternOf, verifySectors } from "../../src/testing/mod.ts";
import { type HomeWord, type Place, storageAt, WRITTEN_SECTORS } from "./disk_homes.ts";
import { liveThrough, worldOf } from "./disk_scenario.ts";
import { contentOf, expectSurvived } from "./disk_survivor.ts";
import { CACHE_BYTES, liveLarge } from "./huge_disk.ts";
import { writeInReloadedPage } from "./reloaded_page.ts";

const HOMES: readonly HomeWord[] = ["idb", "opfs"];

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

const newPlace = (home: HomeWord): Place => ({ home, name: `disk-${crypto.randomUUID()}` });

const workers: Worker[] = [];

function started(worker: Worker): Worker {
  workers.push(worker);
  return worker;
}

// Each is written out where it is made, because that is how Vite finds what to serve.
const server = started(
  new Worker(new URL("./opfs.worker.ts", import.meta.url), { type: "module" }),
);
const suite = started(
  new Worker(new URL("./disk_suite.worker.ts", import.meta.url), { type: "module" }),
);
const newWriter = () =>
  started(new Worker(new URL("./disk_writer.worker.ts", import.meta.url), { type: "module" }));

afterAll(() => workers.forEach((worker) => worker.terminate()));

/** The storage of a place, for this page. */
const storageHere = (place: Place, whenBusy: "refuse" | "wait" = "refuse") =>
  storageAt(place, { worker: server, whenBusy });

async function removeAll(place: Place): Promise<void> {
  await using storage = storageHere(place);
  for (const device of await storage.list()) await storage.remove(device);
}

describe.each(HOMES)("a disk in %s lives through its day", (home) => {
  test("in a page", async () => {
    const { name } = newPlace(home);
    await liveThrough(worldOf((word) => storageHere({ home, name: `${name}/${word}` })));
  });

  test("in a worker", async () => {
    const heard = new Promise<{ failure?: string }>((resolve, reject) => {
      suite.onmessage = ({ data: said }) => resolve(said);
      suite.onerror = ({ message }) => reject(new Error(message));
    });
    suite.postMessage(home);
    expect((await heard).failure).toBeUndefined();
  });
});

test.each(HOMES)("a disk of a tebibyte in %s works, in memory that is bounded", async (home) => {
  const place = newPlace(home);
  const before = (await navigator.storage.estimate()).usage!;
  let most = 0;
  await liveLarge(async () => {
    const { usage } = await navigator.storage.estimate();
    most = Math.max(most, usage! - before);
    return storageAt(place, { worker: server, cacheBytes: CACHE_BYTES });
  });
  expect(most).toBeLessThan(16 << 20);
});

describe.each(HOMES)("a disk in %s whose writer is killed", (home) => {
  test("is as it was at a flush or newer, with every snapshot exact: a worker", async () => {
    const place = newPlace(home);
    let acknowledged = 0;
    for (const more of [1, 2, 4]) {
      const writer = newWriter();
      const wanted = acknowledged + more;
      await new Promise<void>((resolve, reject) => {
        writer.onerror = ({ message }) => reject(new Error(message));
        writer.onmessage = ({ data: round }: MessageEvent<number>) => {
          acknowledged = round;
          if (round >= wanted) resolve();
        };
        writer.postMessage(place);
      });
      writer.terminate();
      await expectSurvived(storageHere(place, "wait"), place.name, acknowledged);
    }
    await removeAll(place);
  });

  test("is as it was at a flush or newer, with every snapshot exact: a page", async () => {
    const place = newPlace(home);
    const page = `${new URL("./disk_page.html", import.meta.url).pathname}#${home}:${place.name}`;
    const acknowledged = await writeInReloadedPage(page);
    await expectSurvived(storageHere(place, "wait"), place.name, acknowledged);
    await removeAll(place);
  });
});

test.each(HOMES)(
  "a disk in %s that another has open is EBUSY, and is not touched",
  async (home) => {
    const place = newPlace(home);
    const writer = newWriter();
    await new Promise<void>((resolve, reject) => {
      writer.onerror = ({ message }) => reject(new Error(message));
      writer.onmessage = () => resolve();
      writer.postMessage(place);
    });
    await using storage = storageHere(place);
    const options = { origin: WRITTEN_SECTORS, storage };
    await expect(Disk.open(place.name, options)).rejects.toThrow(refusal("EBUSY"));
    writer.terminate();
    await expectSurvived(storageHere(place, "wait"), place.name, 1);
    await removeAll(place);
  },
);

interface StorageBuckets {
  open(name: string): Promise<{ indexedDB: IDBFactory }>;
  delete(name: string): Promise<void>;
}

/**
 * Lets the origin have only some megabytes more, until the end.
 *
 * @param use What is done; it is given what makes room.
 */
async function whileScarce(use: (makeRoom: () => Promise<void>) => Promise<void>): Promise<void> {
  const { storageBuckets } = navigator as Navigator & { storageBuckets: StorageBuckets };
  const { origin } = location;
  const ordinary = indexedDB;
  const { usage } = await navigator.storage.estimate();
  const quotaSize = usage! + 6_000_000;
  await cdp().send("Storage.overrideQuotaForOrigin", { origin, quotaSize });
  // IndexedDB remembers for a while how much there was; in a bucket of its own there is no memory.
  const bucket = await storageBuckets.open("scarce");
  Object.defineProperty(globalThis, "indexedDB", { value: bucket.indexedDB, configurable: true });
  const makeRoom = async () => {
    await cdp().send("Storage.overrideQuotaForOrigin", { origin });
  };
  try {
    await use(makeRoom);
  } finally {
    await makeRoom();
    Object.defineProperty(globalThis, "indexedDB", { value: ordinary, configurable: true });
    await storageBuckets.delete("scarce");
  }
}

/** Writes, is refused, makes room, and writes again. */
async function overfill(home: HomeWord, makeRoom: () => Promise<void>): Promise<void> {
  const place = newPlace(home);
  const sectorCount = 24_000;
  const before = new Uint8Array(sectorCount * 512);
  before.set(patternOf(1, 0, 1000));
  const after = before.slice();
  after.set(patternOf(2, 500, 20_000), 500 * 512);
  {
    await using storage = storageHere(place);
    const events: DiskEvent[] = [];
    const onEvent = (event: DiskEvent) => {
      if (event.kind === "quota") events.push(event);
    };
    await using disk = await Disk.open(place.name, { origin: sectorCount, storage, onEvent });
    await disk.device.write(patternOf(1, 0, 1000), 0);
    await disk.snapshot("before");
    const fill = async () => {
      await disk.device.write(patternOf(2, 500, 20_000), 500);
      await disk.device.flush();
    };
    await expect(fill()).rejects.toThrow(refusal("ENOSPC"));
    await expect(fill()).rejects.toThrow(refusal("ENOSPC"));
    await vi.waitFor(() => expect(events).toHaveLength(1));
    expect(events).toMatchObject([{ kind: "quota", layer: 2, usageBytes: expect.any(Number) }]);
    // What was refused may be there in part, sector by sector; the rest is as it was.
    const found = await contentOf(disk.device);
    for (let sector = 0; sector < sectorCount; sector++) {
      const part = (bytes: Uint8Array) => bytes.subarray(sector * 512, (sector + 1) * 512);
      const got = part(found);
      const isNew = part(after).every((byte, at) => byte === got[at]);
      if (!isNew) verifySectors(got, part(before), sector, "after the refusal");
    }
    disk.check();
    // What a device keeps in memory would be lost; files have what was not refused.
    if (home === "idb") await expect(disk.close()).rejects.toThrow(refusal("ENOSPC"));
    await makeRoom();
    await fill();
    expect(events).toHaveLength(1);
  }
  {
    await using storage = storageHere(place);
    await using disk = await Disk.open(place.name, { origin: sectorCount, storage });
    verifySectors(await contentOf(disk.device), after, 0, "after there was room");
    await disk.rollback("before");
    verifySectors(await contentOf(disk.device), before, 0, "the snapshot");
    disk.check();
  }
  await removeAll(place);
}

test.each(HOMES)(
  "over the quota a disk in %s is ENOSPC, loses nothing, and goes on when there is room",
  (home) => whileScarce((makeRoom) => overfill(home, makeRoom)),
);
