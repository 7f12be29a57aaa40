/// <reference lib="dom" />
/** An origin behind HTTP, fetched by a real browser from a real server with faults; and a disk on it. */
import { describe, expect, test } from "vitest";
import { commands } from "vitest/browser";
import type { Clock } from "../../src/block/clock.ts";
import { type HttpDeviceOptions, openHttpDevice } from "../../src/devices/http.ts";
import { openIndexedDbStorage } from "../../src/disk/storage/indexeddb_storage.ts";
import { type BlockDevice, Disk } from "../../src/mod.ts";
import { patternOf, verifySectors } from "../../src/testing/mod.ts";
import type { Fault, HostOptions } from "../http/image_host.ts";
import type { HostFacts } from "./image_server.ts";

const SECTORS = 2000;
const image = patternOf(1, 0, SECTORS);

let timeMs = 0;
/** A clock whose time is over as soon as it is slept through. */
const hasty: Clock = {
  nowMs: () => timeMs,
  sleep: (sleptMs) => Promise.resolve(void (timeMs += sleptMs)),
};
const HASTY: HttpDeviceOptions = { clock: hasty, stallTimeoutMs: Infinity };

const refusal = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

async function withHost(
  use: (host: HostFacts) => Promise<void>,
  options: HostOptions = {},
): Promise<void> {
  const host = await commands.startImageHost(1, SECTORS, options);
  try {
    await use(host);
  } finally {
    await commands.endImageHost(host.id);
  }
}

async function contentOf(device: BlockDevice): Promise<Uint8Array<ArrayBuffer>> {
  const found = new Uint8Array(device.sectorCount * 512).fill(0xa5);
  await device.read(found, 0);
  return found;
}

test("an honest server's image is read whole, each byte once", () =>
  withHost(async ({ url }) => {
    await using device = await openHttpDevice(url, HASTY);
    verifySectors(await contentOf(device), image, 0, "the image");
    expect(device.identity.kind).toBe("strong ETag");
    expect(device.progress.fetchedBytes).toBe(image.length);
    expect(device.progress.retryCount).toBe(0);
  }));

describe("a fault that passes is survived:", () => {
  const faults: Fault[] = ["refuse connection", "drop", "short", "503 soon", "500", "429", "whole"];
  test.each(faults)("%s", (fault) =>
    withHost(async ({ id, url }) => {
      await commands.spoilAnswers(id, [null, fault, fault, null]);
      await using device = await openHttpDevice(url, HASTY);
      verifySectors(await contentOf(device), image, 0, "the image");
      expect((await commands.visitsOf(id)).faults).toEqual([fault, fault]);
    }));
});

describe("an answer that is not what was asked for is refused, and no buffer is touched:", () => {
  const faults: Fault[] = [
    "shifted",
    "nonsense range",
    "no range told",
    "huge size",
    "no size told",
  ];
  test.each(faults)("%s", (fault) =>
    withHost(async ({ id, url }) => {
      await using device = await openHttpDevice(url, { ...HASTY, readAheadSectorsMax: 0 });
      await commands.spoilAnswers(id, new Array(20).fill(fault));
      const target = new Uint8Array(100 * 512).fill(0xa5);
      await expect(device.read(target, 700)).rejects.toThrow(refusal("EIO", /./));
      expect(target).toEqual(new Uint8Array(100 * 512).fill(0xa5));
      await commands.spoilAnswers(id, []);
      await device.read(target, 700);
      verifySectors(target, patternOf(1, 700, 100), 700, "after the fault");
    }));
});

describe("a server without Range support", () => {
  test("is refused, with what can be done about it", () =>
    withHost(async ({ url }) => {
      const opening = openHttpDevice(url, HASTY);
      await expect(opening).rejects.toThrow(
        refusal("ENOTSUP", /no Range support.*download: "once"/),
      );
    }, { ranges: false }));

  test("sends the whole image once, on demand, also when it breaks off at first", () =>
    withHost(async ({ id, url }) => {
      await commands.spoilAnswers(id, ["drop", null]);
      await using device = await openHttpDevice(url, { ...HASTY, download: "once" });
      const { count } = await commands.visitsOf(id);
      for (let reading = 0; reading < 3; reading++) {
        verifySectors(await contentOf(device), image, 0, "the image");
      }
      expect((await commands.visitsOf(id)).count).toBe(count);
    }, { ranges: false }));
});

describe("what does not pass is told at once:", () => {
  const lasting: [Fault, string][] = [["404", "ENOENT"], ["403", "EPERM"]];
  test.each(lasting)("%s is %s", (fault, code) =>
    withHost(async ({ id, url }) => {
      await commands.spoilAnswers(id, [fault]);
      await expect(openHttpDevice(url, HASTY)).rejects.toThrow(refusal(code, /./));
      expect((await commands.visitsOf(id)).count).toBe(1);
    }));
});

test("a Retry-After that a server on another origin does not expose is not seen: the back-off is ours", () =>
  withHost(async ({ id, url }) => {
    await commands.spoilAnswers(id, ["503 late"]);
    const startMs = timeMs;
    await using device = await openHttpDevice(url, HASTY);
    expect(device.progress.retryCount).toBe(1);
    expect(timeMs - startMs).toBe(250);
  }));

test("readers side by side share requests: every sector is asked for once, and all is told", () =>
  withHost(async ({ id, url }) => {
    const told: number[] = [];
    await using device = await openHttpDevice(url, {
      ...HASTY,
      requestsMax: 2,
      requestSectorsMax: 256,
      onProgress: ({ fetchedBytes }) => told.push(fetchedBytes),
    });
    const readings = [500, 500, 600, 550].map(async (sector) => {
      const target = new Uint8Array(300 * 512);
      await device.read(target, sector);
      verifySectors(target, patternOf(1, sector, 300), sector, "beside others");
    });
    await Promise.all(readings);
    const { ranges } = await commands.visitsOf(id);
    const asked = ranges.slice(1).map((range) => range.split("-").map(Number));
    const bytes = asked.reduce((sum, [first = 0, last = 0]) => sum + last - first + 1, 0);
    expect(bytes).toBe(400 * 512);
    expect(device.progress.fetchedBytes).toBe(told.at(-1));
    expect(told).toEqual(told.toSorted((one, other) => one - other));
  }));

test("whoever reads in order is read ahead of: few requests for many reads", () =>
  withHost(async ({ id, url }) => {
    await using device = await openHttpDevice(url, HASTY);
    const target = new Uint8Array(8 * 512);
    for (let sector = 0; sector < SECTORS; sector += 8) {
      await device.read(target, sector);
      verifySectors(target, patternOf(1, sector, 8), sector, "in order");
    }
    expect((await commands.visitsOf(id)).count).toBeLessThan(SECTORS / 8 / 10);
    expect(device.progress.fetchedBytes).toBe(image.length);
  }));

test("an abort ends what is under way, and everything that comes", () =>
  withHost(async ({ id, url }) => {
    const controller = new AbortController();
    await using device = await openHttpDevice(url, { ...HASTY, signal: controller.signal });
    await commands.spoilAnswers(id, ["silence", "stall"]);
    const readings = [500, 1500].map((sector) => device.read(new Uint8Array(512), sector));
    const endings = readings.map((each) => expect(each).rejects.toThrow(refusal("ESHUTDOWN", /./)));
    controller.abort(new Error("the page was left"));
    await Promise.all(endings);
    const late = device.read(new Uint8Array(512), 0);
    await expect(late).rejects.toThrow(refusal("ESHUTDOWN", /aborted/));
  }));

test("an image that only its date tells from another is pinned by it", () => {
  const dated = (lastModified: string) => ({ etag: null, lastModified });
  return withHost(async ({ id, url }) => {
    await using device = await openHttpDevice(url, { ...HASTY, readAheadSectorsMax: 0 });
    const target = new Uint8Array(512);
    await device.read(target, 1000);
    verifySectors(target, patternOf(1, 1000, 1), 1000, "before");
    await commands.replaceImage(id, 2, SECTORS, dated("Wed, 01 Jan 2025 00:00:00 GMT"));
    await expect(device.read(target, 1000)).rejects.toThrow(refusal("EIO", /has changed/));
  }, dated("Mon, 01 Jan 2024 00:00:00 GMT"));
});

test("an image that is replaced while it is read fails for good, and is never mixed", () =>
  withHost(async ({ id, url }) => {
    await using device = await openHttpDevice(url, { ...HASTY, readAheadSectorsMax: 0 });
    const target = new Uint8Array(100 * 512);
    await device.read(target, 1000);
    await commands.replaceImage(id, 2, SECTORS);
    const untouched = target.slice();
    await expect(device.read(target, 1500)).rejects.toThrow(refusal("EIO", /has changed/));
    await expect(device.read(target, 1000)).rejects.toThrow(refusal("EIO", /has changed/));
    expect(target).toEqual(untouched);
  }));

test("a disk on an image behind HTTP keeps its snapshots in the browser, and knows its image again", () =>
  withHost(async ({ id, url }) => {
    const name = `disk-${crypto.randomUUID()}`;
    const want = image.slice();
    {
      await using origin = await openHttpDevice(url, HASTY);
      await using storage = openIndexedDbStorage(name);
      await using disk = await Disk.open(name, { origin, storage });
      await disk.device.write(patternOf(5, 333, 77), 333); // Parts of chunks: their rest is fetched.
      await disk.snapshot("one");
      await disk.device.write(patternOf(6, 0, 50), 0);
      await commands.spoilAnswers(id, ["drop", "503 soon"]);
      want.set(patternOf(5, 333, 77), 333 * 512);
      const now = want.slice();
      now.set(patternOf(6, 0, 50));
      verifySectors(await contentOf(disk.device), now, 0, "over faults");
    }
    {
      await using origin = await openHttpDevice(url, HASTY);
      await using storage = openIndexedDbStorage(name);
      await using disk = await Disk.open(name, { origin, storage });
      await disk.rollback("one");
      verifySectors(await contentOf(disk.device), want, 0, "rolled back");
      disk.check();
    }
    await commands.replaceImage(id, 2, SECTORS);
    await using origin = await openHttpDevice(url, HASTY);
    await using storage = openIndexedDbStorage(name);
    const opening = Disk.open(name, { origin, storage });
    await expect(opening).rejects.toThrow(refusal("EINVAL", /its origin/));
    for (const device of await storage.list()) await storage.remove(device);
  }));
