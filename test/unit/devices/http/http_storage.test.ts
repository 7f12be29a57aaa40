import { describe, expect, test } from "vitest";
import { Backoff } from "../../../../src/devices/http/backoff.ts";
import { endOf, type HttpLimits, HttpStorage } from "../../../../src/devices/http/http_storage.ts";
import { openImage, RemoteImage } from "../../../../src/devices/http/remote_image.ts";
import { Session } from "../../../../src/devices/http/session.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { HostFetch } from "../../../http/host_fetch.ts";
import { type HostOptions, ImageHost } from "../../../http/image_host.ts";
import { SimulatedClock } from "../../../http/simulated_clock.ts";

const SECTORS = 1000;
const LIMITS: HttpLimits = {
  requestsMax: 2,
  requestSectorsMax: 256,
  readAheadSectorsMax: 64,
  bufferBytesMax: 512 * 512,
};

async function rig(limits: Partial<HttpLimits> = {}, options: HostOptions = {}) {
  const host = new ImageHost(patternOf(1, 0, SECTORS), options);
  const hostFetch = new HostFetch(host);
  const session = new Session({
    name: "disk",
    url: "http://host/disk.img",
    fetch: hostFetch.fetch,
    headers: {},
    redirect: "follow",
    clock: new SimulatedClock(),
    backoff: new Backoff(),
    stallTimeoutMs: Infinity,
    onProgress() {},
  });
  const imageOptions = {
    name: "disk",
    roundDown: false,
    allowUnpinned: false,
    conditional: true,
    downloadBytesMax: 2 ** 20,
  };
  const opened = await openImage(session, imageOptions);
  let closedCount = 0;
  const storage = new HttpStorage({
    name: "disk",
    session,
    image: new RemoteImage(session, imageOptions, opened.identity),
    opened,
    limits: { ...LIMITS, ...limits },
    onClose: () => void closedCount++,
  });
  const read = async (sector: number, sectorCount: number) => {
    const target = new Uint8Array(sectorCount * 512).fill(0xa5);
    await storage.read(target, sector);
    verifySectors(target, patternOf(1, sector, sectorCount), sector, "a read");
  };
  return { host, hostFetch, session, storage, read, closedCount: () => closedCount };
}

test("what the opening brought along is read without a request, and let go of at its end", async () => {
  const { host, read } = await rig();
  await read(3, 8);
  await read(100, 28);
  expect(host.visits.length).toBe(1);
  await read(3, 8);
  expect(host.ranges[1]).toBe("1536-5631");
});

test("whoever reads in order is read ahead of: few requests for many reads", async () => {
  const { host, read } = await rig();
  for (let sector = 0; sector < SECTORS; sector += 8) await read(sector, 8);
  expect(host.visits.length).toBeLessThan(40);
  const without = await rig({ readAheadSectorsMax: 0 });
  for (let sector = 0; sector < SECTORS; sector += 8) await without.read(sector, 8);
  expect(without.host.visits.length).toBe(1 + (SECTORS - 128) / 8);
});

test("nothing is fetched twice, nor left out, by a reader in order", async () => {
  const { hostFetch, read } = await rig();
  for (let sector = 0; sector < SECTORS; sector += 5) await read(sector, 5);
  expect(hostFetch.sentBytes).toBe(SECTORS * 512);
});

test("a read of nothing asks for nothing", async () => {
  const { host, read } = await rig();
  await read(SECTORS, 0);
  expect(host.visits.length).toBe(1);
});

test("an image that was fetched whole is read without any request", async () => {
  const { host, read } = await rig({}, { ranges: false });
  for (const sector of [0, 500, 999]) await read(sector, 1);
  await read(0, SECTORS);
  expect(host.visits.length).toBe(1);
});

describe("the end", () => {
  test("is told to whoever opened it, once, and nothing is under way afterwards", async () => {
    const { host, hostFetch, storage, closedCount } = await rig();
    host.nextFault = () => "silence";
    const reading = storage.read(new Uint8Array(512), 500).catch((error) => error);
    await storage.close();
    expect(await reading).toMatchObject({
      code: "ESHUTDOWN",
      message: 'Cannot go on with "disk": it was closed',
      device: "disk",
    });
    expect(hostFetch.openCount).toBe(0);
    expect(closedCount()).toBe(1);
  });

  test("comes also to what is held, and to an image that was fetched whole", async () => {
    for (const ranges of [true, false]) {
      const { session, storage } = await rig({}, { ranges });
      const end = endOf("disk", "it was aborted");
      session.fail(end);
      await expect(storage.read(new Uint8Array(512), 0)).rejects.toBe(end);
    }
  });
});

test("writing is refused even behind the edge, and a flush has nothing to do", async () => {
  const { storage } = await rig();
  await expect(storage.write()).rejects.toMatchObject({ code: "EROFS" });
  await storage.flush();
});
