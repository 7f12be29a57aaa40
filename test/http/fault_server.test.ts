/**
 * The HTTP device against real servers on this machine: what a fault is on the wire.
 *
 * Back-off passes at once and nothing is left to the clock: what a server keeps waiting is ended by
 * the test.
 */
import { describe, expect, test } from "vitest";
import type { Clock } from "../../src/block/clock.ts";
import { BlockDeviceError } from "../../src/block/errors.ts";
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { type HttpDeviceOptions, openHttpDevice } from "../../src/devices/http.ts";
import { openSnapshot } from "../../src/mapper/stack.ts";
import { patternOf } from "../../src/testing/pattern.ts";
import { Prng } from "../../src/testing/prng.ts";
import { verifySectors } from "../../src/testing/verify.ts";
import { FaultServer, type FaultServerOptions } from "./fault_server.ts";
import { type Fault, type HostOptions, ImageHost } from "./image_host.ts";
import { SimulatedClock } from "./simulated_clock.ts";

const SECTORS = 2000;
const image = patternOf(1, 0, SECTORS);

let timeMs = 0;
/** A clock whose time is over as soon as it is slept through. */
const hasty: Clock = {
  nowMs: () => timeMs,
  sleep: (sleptMs) => Promise.resolve(void (timeMs += sleptMs)),
};
const HASTY = { clock: hasty, stallTimeoutMs: Infinity } as const;

async function serve(options: HostOptions & FaultServerOptions = {}) {
  const host = new ImageHost(image, options);
  const server = await FaultServer.start(host, options);
  return { host, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Faults for the requests to come, first come first. */
function plan(host: ImageHost, ...faults: (Fault | null)[]): void {
  host.nextFault = () => faults.shift() ?? null;
}

async function readWhole(url: string, options: HttpDeviceOptions = {}) {
  await using device = await openHttpDevice(url, { ...HASTY, ...options });
  const target = new Uint8Array(device.sectorCount * 512).fill(0xa5);
  await device.read(target, 0);
  return { target, progress: device.progress };
}

async function refusalOf(promise: Promise<unknown>): Promise<BlockDeviceError> {
  const error = await promise.then(() => "it succeeded", (reason) => reason);
  expect(error).toBeInstanceOf(BlockDeviceError);
  return error as BlockDeviceError;
}

test("an honest server's image is read whole, each byte once", async () => {
  await using served = await serve();
  const { target, progress } = await readWhole(served.server.url);
  verifySectors(target, image, 0, "the image");
  expect(progress.fetchedBytes).toBe(image.length);
  expect(progress.retryCount).toBe(0);
});

describe("a fault that passes is survived:", () => {
  const faults: Fault[] = [
    "refuse connection",
    "drop",
    "short",
    "500",
    "503 soon",
    "429",
    "whole",
  ];
  for (const fault of faults) {
    test(fault, async () => {
      await using served = await serve();
      plan(served.host, null, fault, fault, null);
      const { target, progress } = await readWhole(served.server.url);
      verifySectors(target, image, 0, "the image");
      // A runtime may itself send a request again when its connection was closed before.
      expect(progress.retryCount).toBeGreaterThanOrEqual(1);
      expect(progress.retryCount).toBeLessThanOrEqual(2);
      expect(served.host.visits.filter((visit) => visit.fault === fault).length).toBe(2);
    });
  }

  test("what came before a body ended too early is not fetched again", async () => {
    await using served = await serve();
    plan(served.host, null, "short", "short", null);
    const { target, progress } = await readWhole(served.server.url);
    verifySectors(target, image, 0, "the image");
    expect(progress.fetchedBytes).toBe(image.length);
    expect(served.host.ranges).toEqual([
      "0-65535",
      "65536-1023999",
      "544768-1023999",
      "784384-1023999",
    ]);
  });
});

describe("a fault that lasts is told, and no byte of it is believed:", () => {
  const table: [Fault, string, string][] = [
    ["refuse connection", "EIO", "tried 3 times, at last: the network failed"],
    ["drop", "EIO", "tried 3 times"],
    ["short", "EIO", "tried 3 times, at last: the body ended after"],
    ["long", "EIO", "the body goes on behind the"],
    ["endless", "EIO", "the body goes on behind the"],
    ["whole", "EIO", "tried 3 times, at last: the server answered 200"],
    ["shifted", "EIO", "the server sent"],
    ["shorter", "EIO", "the server sent"],
    ["no range told", "EIO", "shows no Content-Range"],
    ["no size told", "EIO", "cannot use the Content-Range"],
    ["nonsense range", "EIO", "cannot use the Content-Range"],
    ["huge size", "EIO", "cannot use the Content-Range"],
    ["encoded", "EIO", "Content-Encoding: x-scrambled"],
    ["no identity", "EIO", "nothing tells that it is the same image"],
    ["503 late", "EIO", "asks to stay away for 86400 seconds; want at most 30"],
    ["404", "ENOENT", "404"],
    ["403", "EPERM", "403"],
    ["416", "EIO", "416"],
    ["301", "EIO", "301"],
  ];
  for (const [fault, code, why] of table) {
    test(fault, async () => {
      await using served = await serve();
      const retry = { attemptsMax: 3 };
      await using device = await openHttpDevice(served.server.url, { ...HASTY, retry });
      served.host.nextFault = () => fault;
      const target = new Uint8Array(100 * 512).fill(0xa5);
      const refusal = await refusalOf(device.read(target, 1000));
      expect(refusal.code).toBe(code);
      expect(refusal.message).toContain('Cannot read 100 sectors at sector 1000 of "http://127');
      expect(refusal.message).toContain(why);
      expect(target.every((byte) => byte === 0xa5)).toBe(true);
      // It is this request that failed, not the device.
      served.host.nextFault = () => null;
      await device.read(target, 1000);
      verifySectors(target, patternOf(1, 1000, 100), 1000, "after the fault");
    });
  }

  test("long length, on the wire: the connection ends before what was announced", async () => {
    await using served = await serve();
    await using device = await openHttpDevice(served.server.url, HASTY);
    served.host.nextFault = () => "long length";
    const refusal = await refusalOf(device.read(new Uint8Array(512), 1000));
    expect(refusal.message).toContain('the server announced 612 bytes with "bytes 512000-512511');
  });
});

test("an endless body is not read for long", async () => {
  await using served = await serve();
  await using device = await openHttpDevice(served.server.url, HASTY);
  served.host.nextFault = () => "endless";
  const before = device.progress.fetchedBytes;
  await refusalOf(device.read(new Uint8Array(512), 1000));
  expect(device.progress.fetchedBytes - before).toBeLessThan(1024 * 1024);
});

describe("an image that is replaced", () => {
  const date = "Mon, 02 Nov 2026 10:00:00 GMT";
  const later = "Mon, 02 Nov 2026 10:00:09 GMT";
  const table: [string, HostOptions, HostOptions, number][] = [
    ["a strong ETag", { etag: '"v1"' }, { etag: '"v2"' }, SECTORS],
    ["a strong ETag without conditions", { conditions: false }, { etag: '"v2"' }, SECTORS],
    ["a weak ETag", { etag: 'W/"v1"' }, { etag: 'W/"v2"' }, SECTORS],
    ["a date", { etag: null, lastModified: date }, { lastModified: later }, SECTORS],
    ["the size", { etag: null }, {}, SECTORS + 1],
  ];
  for (const [what, before, after, sectorCount] of table) {
    test(`is noticed by ${what}, for ever after and never in part`, async () => {
      await using served = await serve(before);
      await using device = await openHttpDevice(served.server.url, {
        ...HASTY,
        allowUnpinned: before.etag === null,
        requestSectorsMax: 16,
      });
      const target = new Uint8Array(200 * 512).fill(0xa5);
      let visits = 0;
      served.host.nextFault = () => {
        if (++visits === 4) served.host.replace(patternOf(2, 0, sectorCount), after);
        return null;
      };
      const refusal = await refusalOf(device.read(target, 1000));
      expect(refusal.code).toBe("EIO");
      expect(refusal.message).toMatch(/has changed since it was opened: .*; open it again$/);
      expect(target.every((byte) => byte === 0xa5)).toBe(true);

      served.host.replace(image, before); // The old one is back: too late.
      const askedCount = served.host.visits.length;
      for (const sector of [0, 1000]) {
        expect(await refusalOf(device.read(target, sector))).toBe(refusal);
      }
      expect(served.host.visits.length).toBe(askedCount);
    });
  }
});

test("a server that keeps a request waiting is left after the stall time, and asked again", async () => {
  await using served = await serve();
  const clock = new SimulatedClock(true);
  let arrived: ((fetchedBytes: number) => void) | undefined;
  await using device = await openHttpDevice(served.server.url, {
    clock,
    stallTimeoutMs: 10_000,
    retry: { delayMs: 0 },
    onProgress: ({ fetchedBytes }) => arrived?.(fetchedBytes),
  });
  const before = device.progress.fetchedBytes;
  const halfHasCome = new Promise<void>((resolve) => {
    arrived = (fetchedBytes) => fetchedBytes === before + 1024 && resolve();
  });
  plan(served.host, "silence", "stall");
  const target = new Uint8Array(4 * 512);
  const reading = device.read(target, 1000);
  await served.server.visited(2);
  await clock.advance(10_000);
  await halfHasCome;
  await clock.advance(10_000);
  await reading;
  verifySectors(target, patternOf(1, 1000, 4), 1000, "after two silences");
  expect(served.host.ranges.slice(-3)).toEqual([
    "512000-514047",
    "512000-514047",
    "513024-514047",
  ]);
});

test("closing ends what is under way: reads fail with ESHUTDOWN, and nothing more is sent", async () => {
  await using served = await serve();
  const device = await openHttpDevice(served.server.url, { ...HASTY, requestsMax: 2 });
  served.host.nextFault = () => "silence";
  const reads = [500, 1000, 1500].map((sector) =>
    refusalOf(device.read(new Uint8Array(512), sector))
  );
  await served.server.visited(3);
  await device.close();
  for (const refusal of await Promise.all(reads)) expect(refusal.code).toBe("ESHUTDOWN");
  expect(served.host.visits.length).toBe(3);
});

test("a signal ends the opening, and a device that is open", async () => {
  await using served = await serve();
  const controller = new AbortController();
  const options = { ...HASTY, signal: controller.signal };
  const device = await openHttpDevice(served.server.url, options);
  served.host.nextFault = () => "silence";
  const opening = refusalOf(openHttpDevice(served.server.url, options));
  const reading = refusalOf(device.read(new Uint8Array(512), 1000));
  await served.server.visited(3);
  controller.abort(new Error("the page was left"));
  for (const refusal of [await opening, await reading]) {
    expect(refusal).toMatchObject({ code: "ESHUTDOWN", cause: { message: "the page was left" } });
  }
  const late = await refusalOf(openHttpDevice(served.server.url, options));
  expect(late.code).toBe("ESHUTDOWN");
  await device.close();
});

describe("redirects", () => {
  test("are followed, and lead to the same image", async () => {
    await using served = await serve();
    const { target } = await readWhole(served.server.url.replace("disk", "moved"));
    verifySectors(target, image, 0, "the image");
  });

  test("are refused on demand, with a message that says where they lead", async () => {
    await using served = await serve();
    const url = served.server.url.replace("disk", "moved");
    const refusal = await refusalOf(openHttpDevice(url, { ...HASTY, redirect: "refuse" }));
    expect(refusal.code).toBe("EIO");
    expect(refusal.message).toContain("the server answered 302 to /disk.img; want the image");
  });
});

describe("a server without Range support", () => {
  test("is refused with ENOTSUP, and its body is not read", async () => {
    await using served = await serve({ ranges: false });
    const refusal = await refusalOf(openHttpDevice(served.server.url, HASTY));
    expect(refusal.code).toBe("ENOTSUP");
    expect(refusal.message).toContain("it has no Range support");
    expect(refusal.message).toContain('download: "once"');
  });

  test("sends the whole image once, on demand", async () => {
    await using served = await serve({ ranges: false });
    plan(served.host, "drop", "long length", null);
    const { target, progress } = await readWhole(served.server.url, { download: "once" });
    verifySectors(target, image, 0, "the image");
    expect(progress.requestCount).toBe(served.host.visits.length);
  });
});

test("no server at all is told as the network's failure", async () => {
  const served = await serve();
  const { url } = served.server;
  await served[Symbol.asyncDispose]();
  const refusal = await refusalOf(openHttpDevice(`${url}?key=secret`, HASTY));
  expect(refusal.code).toBe("EIO");
  expect(refusal.message).toContain("tried 5 times, at last: the network failed");
  expect(refusal.message).not.toContain("secret");
});

test("a snapshot of an origin on a server reads, writes and keeps its writes", async () => {
  await using served = await serve();
  const prng = Prng.fromSeed("snapshot over http");
  served.host.nextFault = () =>
    prng.bool(0.2) ? prng.pick(["drop", "503 soon", "short"] as const) : null;
  const retry = { attemptsMax: 30 };
  await using origin = await openHttpDevice(served.server.url, { ...HASTY, retry });
  const cow = createMemoryDevice({ sectorCount: 4000 });
  const expected = image.slice();
  for (const life of [1, 2]) {
    await using snapshot = await openSnapshot({ origin, cow, chunkSectors: 16 });
    const found = new Uint8Array(image.length);
    await snapshot.read(found, 0);
    verifySectors(found, expected, 0, `at the beginning of life ${life}`);
    for (let seed = 2; seed < 40; seed++) {
      const sectorCount = prng.intBetween(1, 40);
      const sector = prng.int(SECTORS - sectorCount);
      const written = patternOf(seed * life, sector, sectorCount);
      expected.set(written, sector * 512);
      await snapshot.write(written, sector);
    }
    await snapshot.read(found, 0);
    verifySectors(found, expected, 0, `at the end of life ${life}`);
    await snapshot.flush();
  }
});
