import { describe, expect, test } from "vitest";
import {
  type HttpDeviceOptions,
  type HttpProgress,
  openHttpDevice,
} from "../../../src/devices/http.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { openCache } from "../../../src/mapper/stack.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { HostFetch, type HostFetchOptions } from "../../http/host_fetch.ts";
import { type HostOptions, ImageHost } from "../../http/image_host.ts";
import { quiet, SimulatedClock } from "../../http/simulated_clock.ts";

const SECTORS = 1000;
const URL_TEXT = "https://me:pass@host/images/disk.img?key=secret#part";

function hostOf(options: HostOptions & HostFetchOptions = {}) {
  const host = new ImageHost(patternOf(1, 0, SECTORS), options);
  const hostFetch = new HostFetch(host, options);
  const open = (more: HttpDeviceOptions = {}) =>
    openHttpDevice(URL_TEXT, {
      fetch: hostFetch.fetch,
      clock: new SimulatedClock(),
      stallTimeoutMs: Infinity,
      ...more,
    });
  return { host, hostFetch, open };
}

describe("a device", () => {
  test("says what it is: read-only, asynchronous, of the image's size", async () => {
    await using device = await hostOf().open();
    expect(device).toMatchObject({
      sectorCount: SECTORS,
      supports: {
        sync: false,
        write: false,
        discard: false,
        discardZeroes: false,
        permanence: true,
      },
      identity: { kind: "strong ETag", etag: '"v1"', sizeBytes: SECTORS * 512 },
    });
  });

  test("is named by its URL without what may be secret, and asks with all of it", async () => {
    const { hostFetch, open } = hostOf();
    await using device = await open();
    expect(device.name).toBe("https://host/images/disk.img");
    expect(hostFetch.urls).toEqual([URL_TEXT]);
    await using named = await open({ name: "disk" });
    expect(named.name).toBe("disk");
    await using relative = await openHttpDevice(new URL("disk.img", "http://host/a/"), {
      fetch: hostFetch.fetch,
    });
    expect(relative.name).toBe("http://host/a/disk.img");
  });

  test("says how sure it is of its image", async () => {
    const lastModified = "Mon, 02 Nov 2026 10:00:00 GMT";
    const kindOf = async (options: HostOptions, more: HttpDeviceOptions = {}) => {
      await using device = await hostOf(options).open(more);
      return device.identity.kind;
    };
    expect(await kindOf({ etag: 'W/"v1"' })).toBe("weak ETag");
    expect(await kindOf({ etag: null, lastModified })).toBe("Last-Modified");
    expect(await kindOf({ etag: null }, { allowUnpinned: true })).toBe("size alone");
  });

  test("sends the user's fields with every request", async () => {
    const { host, open } = hostOf();
    await using device = await open({ headers: { "Authorization": "Bearer me" } });
    await device.read(new Uint8Array(512), 500);
    expect(host.visits.map(({ headers }) => headers.get("Authorization")))
      .toEqual(["Bearer me", "Bearer me"]);
  });

  test("calls fetch as a plain function, as browsers want it", async () => {
    const { hostFetch, open } = hostOf();
    const receivers: unknown[] = [];
    const fetch = function (this: unknown, url: string, init: RequestInit) {
      receivers.push(this);
      return hostFetch.fetch(url, init);
    };
    await using device = await open({ fetch });
    await device.read(new Uint8Array(512), 500);
    for (const receiver of receivers) expect(receiver).toBe(undefined);
  });
});

describe("progress", () => {
  test("is told for every request and everything that comes, and can be asked for", async () => {
    const { open } = hostOf({ pieceBytes: () => 10_000 });
    const news: HttpProgress[] = [];
    await using device = await open({ onProgress: (progress) => void news.push(progress) });
    const openedBytes = news.map(({ fetchedBytes }) => fetchedBytes);
    expect(openedBytes).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000, 65_536]);
    await device.read(new Uint8Array(512), 500);
    expect(device.progress).toEqual({
      requestCount: 2,
      retryCount: 0,
      retryReason: null,
      fetchedBytes: 65_536 + 512,
    });
    expect(news.at(-1)).toEqual(device.progress);
  });

  test("tells what was tried again, and why", async () => {
    const { host, open } = hostOf();
    host.nextFault = () => host.visits.length === 0 ? "503 soon" : null;
    const clock = new SimulatedClock();
    await using device = await open({ clock });
    expect(device.progress).toMatchObject({
      requestCount: 2,
      retryCount: 1,
      retryReason: "the server answered 503",
    });
    expect(clock.nowMs()).toBe(2000);
  });
});

describe("options that are out of range are refused, and nothing is sent:", () => {
  const table: HttpDeviceOptions[] = [
    { requestsMax: 0 },
    { requestsMax: 1.5 },
    { requestSectorsMax: 0 },
    { readAheadSectorsMax: -1 },
    { bufferBytesMax: NaN },
    { downloadBytesMax: Infinity },
    { stallTimeoutMs: 0 },
    { stallTimeoutMs: NaN },
    { retry: { attemptsMax: 0 } },
  ];
  for (const options of table) {
    const [[name, count]] = Object.entries(options) as [[string, unknown]];
    test(`${name} ${typeof count === "object" ? JSON.stringify(count) : count}`, async () => {
      const { host, open } = hostOf();
      await expect(open(options)).rejects.toThrow(RangeError);
      expect(host.visits.length).toBe(0);
    });
  }
});

describe("a signal", () => {
  test("raised before the opening lets nothing be sent", async () => {
    const { host, open } = hostOf();
    const controller = new AbortController();
    controller.abort(new Error("left"));
    await expect(open({ signal: controller.signal })).rejects.toMatchObject({
      code: "ESHUTDOWN",
      message: 'Cannot go on with "https://host/images/disk.img": it was aborted',
      cause: { message: "left" },
    });
    expect(host.visits.length).toBe(0);
  });

  test("ends an opening that waits for its next attempt", async () => {
    const { host, open } = hostOf();
    host.nextFault = () => "500";
    const controller = new AbortController();
    const opening = open({ signal: controller.signal, clock: new SimulatedClock(true) });
    await quiet();
    controller.abort();
    await expect(opening).rejects.toMatchObject({ code: "ESHUTDOWN" });
    expect(host.visits.length).toBe(1);
  });

  test("raised after closing, or after an opening that failed, is no longer heard", async () => {
    const { open } = hostOf();
    const controller = new AbortController();
    let listenerCount = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...listener: Parameters<typeof add>) => {
      listenerCount++;
      add(...listener);
    };
    signal.removeEventListener = (...listener: Parameters<typeof remove>) => {
      listenerCount--;
      remove(...listener);
    };
    const device = await open({ signal });
    expect(listenerCount).toBe(1);
    await device.close();
    await expect(hostOf({ ranges: false }).open({ signal })).rejects.toThrow("Range support");
    expect(listenerCount).toBe(0);
  });
});

test("closing does not wait for a fetch that takes no notice of its signal", async () => {
  const { host, open } = hostOf({ isDeaf: true });
  const device = await open();
  host.nextFault = () => "silence";
  const reading = device.read(new Uint8Array(512), 500).catch((error) => error);
  await quiet();
  await device.close();
  expect(await reading).toMatchObject({ code: "ESHUTDOWN" });
});

test("a cache of it asks the server once for everything, also in its next life", async () => {
  const { hostFetch, open } = hostOf();
  const cow = createMemoryDevice({ sectorCount: 2000 });
  const whole = new Uint8Array(SECTORS * 512);
  for (const life of [1, 2]) {
    await using origin = await open({ readAheadSectorsMax: 0, bufferBytesMax: 0 });
    await using cache = await openCache({ origin, cow, chunkSectors: 8 });
    for (let turn = 0; turn < 2; turn++) {
      await cache.read(whole.fill(0), 0);
      verifySectors(whole, patternOf(1, 0, SECTORS), 0, `life ${life}`);
    }
  }
  const openingBytes = 2 * 65_536;
  expect(hostFetch.sentBytes - openingBytes).toBe(SECTORS * 512);
});
