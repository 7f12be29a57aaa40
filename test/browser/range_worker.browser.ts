/// <reference lib="dom" />
/** Disks at URLs, served by a real service worker to `fetch`, to our own client and to v86. */
import { V86 } from "v86";
import { afterAll, describe, expect, inject, test } from "vitest";
import { cdp, commands } from "vitest/browser";
import { checked } from "../../src/block/checked.ts";
import { openHttpDevice } from "../../src/devices/http.ts";
import {
  type DiskOffer,
  offerDevice,
  offerSnapshot,
  registerRangeWorker,
} from "../../src/emulator/range_worker.ts";
import { createMemoryDevice, Disk } from "../../src/mod.ts";
import { deviceSuite, fillPattern, patternOf, Prng, verifySectors } from "../../src/testing/mod.ts";

const SECTORS = 5000;
const SIZE = SECTORS * 512;
const content = patternOf(1, 0, SECTORS);

const script = new URL("./range_service.ts", import.meta.url).pathname;
// The frames that tests are in, and no page that a test visits: those have a worker of their own.
const worker = await registerRangeWorker(script, { scope: "/?sessionId=" });
afterAll(async () => void await worker.unregister());

let pathCount = 0;
const newPath = () => `vdisk/${inject("isIsolated")}-${pathCount++}`;

const device = createMemoryDevice({ sectorCount: SECTORS, content, readOnly: true });

/** A disk of the pattern, for as long as it is used. */
async function withDisk(use: (url: string) => Promise<void>): Promise<void> {
  await using offer = await offerDevice(worker, newPath(), device, { version: "v1" });
  await use(offer.url);
}

const get = (url: string, range: string, fields: Record<string, string> = {}) =>
  fetch(url, { headers: { Range: range, ...fields } });

async function stopWorker(): Promise<void> {
  const before = await birthOf();
  await cdp().send("ServiceWorker.enable");
  await cdp().send("ServiceWorker.stopAllWorkers");
  expect(await birthOf(), "it was stopped").not.toBe(before);
}

/** What tells one run of the worker from another. Asking starts it. */
function birthOf(): Promise<string> {
  const { port1, port2 } = new MessageChannel();
  worker.active!.postMessage("birth", [port2]);
  return new Promise((resolve) => port1.onmessage = ({ data: birth }) => resolve(birth));
}

describe("fetch", () => {
  test("of the whole disk is the whole disk", () =>
    withDisk(async (url) => {
      const answer = await fetch(url);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("Content-Length")).toBe(String(SIZE));
      expect(answer.headers.get("Accept-Ranges")).toBe("bytes");
      verifySectors(await answer.bytes(), content, 0, "the disk");
    }));

  test("of a range, aligned or not, is just those bytes", () =>
    withDisk(async (url) => {
      const prng = Prng.fromSeed("fetched");
      for (let round = 0; round < 100; round++) {
        const first = prng.int(SIZE);
        const last = prng.intBetween(first, Math.min(SIZE + 1000, first + prng.pick([9, 1e6])));
        const answer = await get(url, `bytes=${first}-${last}`);
        expect(answer.status).toBe(206);
        const end = Math.min(last + 1, SIZE);
        expect(answer.headers.get("Content-Range")).toBe(`bytes ${first}-${end - 1}/${SIZE}`);
        const found = await answer.bytes();
        expect(found.length).toBe(end - first);
        expect(found.every((byte, at) => byte === content[first + at])).toBe(true);
      }
    }));

  test("of a suffix, an open end, beyond the end, of several ranges and of HEAD is as HTTP has it", () =>
    withDisk(async (url) => {
      const suffix = await get(url, "bytes=-700");
      expect(suffix.headers.get("Content-Range")).toBe(`bytes ${SIZE - 700}-${SIZE - 1}/${SIZE}`);
      expect(await suffix.bytes()).toEqual(content.slice(-700));
      const open = await get(url, `bytes=${SIZE - 3}-`);
      expect(await open.bytes()).toEqual(content.slice(-3));
      const beyond = await get(url, `bytes=${SIZE}-`);
      expect([beyond.status, beyond.headers.get("Content-Range")]).toEqual([
        416,
        `bytes */${SIZE}`,
      ]);
      const several = await get(url, "bytes=0-9,100-109");
      expect(several.status).toBe(206);
      expect(several.headers.get("Content-Type")).toMatch(/^multipart\/byteranges; boundary=/);
      expect(several.headers.get("Content-Length")).toBe(String((await several.bytes()).length));
      const head = await fetch(url, { method: "HEAD" });
      expect([head.status, head.headers.get("Content-Length")]).toEqual([200, String(SIZE)]);
      const put = await fetch(url, { method: "PUT", body: "x" });
      expect([put.status, put.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
    }));

  test("with conditions is answered for this version alone", () =>
    withDisk(async (url) => {
      const etag = (await fetch(url, { method: "HEAD" })).headers.get("ETag")!;
      const statusOf = async (fields: Record<string, string>) => {
        const answer = await get(url, "bytes=0-9", fields);
        await answer.body?.cancel();
        return answer.status;
      };
      expect(await statusOf({ "If-Range": etag })).toBe(206);
      expect(await statusOf({ "If-Range": '"other"' })).toBe(200);
      expect(await statusOf({ "If-None-Match": etag })).toBe(304);
      expect(await statusOf({ "If-Match": '"other"' })).toBe(412);
    }));

  test("three hundred times at once gets every answer its own bytes", () =>
    withDisk(async (url) => {
      const prng = Prng.fromSeed("at once");
      await Promise.all(Array.from({ length: 300 }, async () => {
        const first = prng.int(SIZE - 70_000);
        const count = prng.intBetween(1, 70_000);
        const found = await (await get(url, `bytes=${first}-${first + count - 1}`)).bytes();
        expect(found.length).toBe(count);
        expect(found.every((byte, at) => byte === content[first + at])).toBe(true);
      }));
    }));

  test("of a disk that nobody offers is 404, and other URLs are the host's", async () => {
    const answer = await fetch("/vdisk/nobody");
    expect([answer.status, await answer.text()]).toEqual([
      404,
      "No page offers a disk at /vdisk/nobody.\n",
    ]);
    expect(await (await fetch(script)).text()).toContain("serveRanges");
  });
});

test("a fetch that is aborted reads no more of the disk", async () => {
  let readCount = 0;
  const counting = checked({
    name: "counting",
    sectorCount: 100_000,
    supports: { write: false, discard: false, discardZeroes: false, permanence: true },
    readSync(target, sector) {
      readCount++;
      fillPattern(target, 1, sector);
    },
    writeSync() {},
    flushSync() {},
    closeSync() {},
  });
  await using offer = await offerDevice(worker, newPath(), counting, { version: "v1" });
  const abort = new AbortController();
  const { body } = await fetch(offer.url, { signal: abort.signal });
  const reader = body!.getReader();
  await reader.read();
  abort.abort();
  await expect(reader.read()).rejects.toThrow("abort");
  // What was under way ends; then the worker's next answers show that nothing follows.
  for (let round = 0; round < 5; round++) await (await get(offer.url, "bytes=0-0")).bytes();
  const before = readCount;
  for (let round = 0; round < 5; round++) await (await get(offer.url, "bytes=0-0")).bytes();
  expect(readCount).toBe(before + 5);
  expect(before, "pieces of the whole disk, and five bytes").toBeLessThan(100 + 5);
});

describe("a worker that was stopped", () => {
  test("asks for its disks, and answers as before, also many at once", () =>
    withDisk(async (url) => {
      await (await get(url, "bytes=0-9")).bytes();
      for (let round = 0; round < 3; round++) {
        await stopWorker();
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, at) => get(url, `bytes=${at * 1000}-${at * 1000 + 99}`)),
        );
        for (const [at, answer] of answers.entries()) {
          expect(answer.status).toBe(206);
          expect(answer.headers.get("ETag")).toBe(`"v1.${SIZE}"`);
          expect(await answer.bytes()).toEqual(content.slice(at * 1000, at * 1000 + 100));
        }
      }
    }));

  test("does not serve what was withdrawn", async () => {
    const offer = await offerDevice(worker, newPath(), device, { version: "v1" });
    await stopWorker();
    await offer.close();
    expect((await fetch(offer.url)).status).toBe(404);
  });
});

describe("a page that goes", () => {
  /** Opens a page in a frame that offers a disk; see `range_page.ts`. */
  async function openPage(path: string) {
    const page = document.createElement("iframe");
    const heard = new Set<string>();
    let wake = () => {};
    const listen = ({ data: word, source }: MessageEvent<string>) => {
      if (source !== page.contentWindow) return;
      heard.add(word);
      wake();
    };
    addEventListener("message", listen);
    const until = async (word: string) => {
      while (!heard.has(word)) await new Promise<void>((resolve) => wake = resolve);
    };
    page.src = `${new URL("./range_page.html", import.meta.url).pathname}#${path}`;
    document.body.append(page);
    await until("offered");
    return { until, url: new URL(path, location.origin).href, close: () => page.remove() };
  }

  test("while the first bytes are read leaves an error status", async () => {
    const page = await openPage(newPath());
    const answer = get(page.url, `bytes=${3000 * 512}-${3001 * 512}`);
    await page.until("stuck");
    page.close();
    expect((await answer).status).toBe(503);
    expect(await (await answer).text()).toMatch(/its page has gone/);
  });

  test("in the middle of a body leaves an error, not a short body", async () => {
    const page = await openPage(newPath());
    const answer = await fetch(page.url);
    expect(answer.status).toBe(200);
    const body = answer.bytes();
    await page.until("stuck");
    page.close();
    await expect(body).rejects.toThrow(TypeError);
    expect((await fetch(page.url)).status).toBe(404);
  });

  test("is stood in for by another that offers the same", async () => {
    const path = newPath();
    const page = await openPage(path);
    const first = patternOf(1, 0, 4000);
    const same = createMemoryDevice({ sectorCount: 4000, content: first, readOnly: true });
    await using _offer = await offerDevice(worker, path, same, { version: "v1" });
    const answer = get(page.url, `bytes=${3000 * 512}-${3001 * 512 - 1}`);
    await page.until("stuck");
    page.close();
    verifySectors(await (await answer).bytes(), patternOf(1, 3000, 1), 3000, "stood in");
  });
});

test("one path has one disk: another version, or one that may be written, is refused", async () => {
  const path = newPath();
  const one = await offerDevice(worker, path, device, { version: "v1" });
  const busy = expect.objectContaining({ code: "EBUSY" });
  await expect(offerDevice(worker, path, device, { version: "v2" })).rejects.toThrow(busy);
  await expect(offerDevice(worker, path, device)).rejects.toThrow(busy);
  await one.close();
  await using other = await offerDevice(worker, path, device, { version: "v2" });
  expect((await fetch(other.url, { method: "HEAD" })).headers.get("ETag")).toBe(`"v2.${SIZE}"`);
  const outside = offerDevice(worker, "elsewhere/disk", device);
  await expect(outside).rejects.toThrow(expect.objectContaining({ code: "EINVAL" }));
});

test("a snapshot is served as it was taken, while its disk is written", async () => {
  await using disk = await Disk.open("served", { origin: 2048, storage: "memory" });
  await disk.device.write(patternOf(1, 0, 2048), 0);
  await disk.snapshot("one");
  const offer = await offerSnapshot(worker, newPath(), disk, "one");
  await disk.device.write(patternOf(2, 0, 2048), 0);
  verifySectors(await (await fetch(offer.url)).bytes(), patternOf(1, 0, 2048), 0, "the snapshot");
  expect((await fetch(offer.url, { method: "PUT", body: "x" })).status).toBe(405);
  await offer.close();
  expect(disk.branches).toEqual(["main"]);
  expect((await fetch(offer.url)).status).toBe(404);
  disk.check();
});

describe("our own HTTP device over the worker", async () => {
  await deviceSuite({
    test,
    async create(sectorCount) {
      const bytes = patternOf(1, 0, sectorCount);
      const served = createMemoryDevice({ sectorCount, content: bytes, readOnly: true });
      const offer: DiskOffer = await offerDevice(worker, newPath(), served, { version: "v1" });
      const open = () => openHttpDevice(offer.url, { stallTimeoutMs: Infinity });
      return { device: await open(), reopen: open, cleanup: () => offer.close() };
    },
  });
});

/** What is used of the buffer in which v86 keeps a disk that is a URL. */
interface EmulatedDisk {
  readonly byteLength: number;
  get(offsetBytes: number, byteCount: number, done: (bytes: Uint8Array) => void): void;
}

interface Internals {
  readonly v86: {
    readonly cpu: {
      readonly devices: {
        readonly ide: { readonly primary: { readonly master: { readonly buffer: EmulatedDisk } } };
      };
    };
  };
}

test("v86 reads the disk by its own ranges, also when the worker was stopped in between", () =>
  withDisk(async (url) => {
    const emulator = new V86({
      wasm_path: "/node_modules/v86/build/v86.wasm",
      hda: { url, async: true, size: SIZE },
      autostart: false,
      disable_speaker: true,
    });
    await new Promise<void>((resolve) =>
      emulator.add_listener("emulator-loaded", resolve as never)
    );
    const { buffer } = (emulator as unknown as Internals).v86.cpu.devices.ide.primary.master;
    expect(buffer.byteLength).toBe(SIZE);
    const read = (sector: number, count: number) =>
      new Promise<Uint8Array>((resolve) => buffer.get(sector * 512, count * 512, resolve));
    const prng = Prng.fromSeed("v86");
    for (let round = 0; round < 30; round++) {
      if (round % 10 === 5) await stopWorker();
      const count = prng.intBetween(1, 256);
      const sector = prng.int(SECTORS - count);
      verifySectors(await read(sector, count), patternOf(1, sector, count), sector, "v86");
    }
    await emulator.destroy();
  }));

// Skipped where the host sends the headers itself: there is nothing to add.
describe.runIf(!inject("isIsolated"))("a page of a host that sends no headers", () => {
  const url = new URL("./isolation/page.html", import.meta.url).href;

  test("becomes isolated by being loaded once more, shares memory, gets ranges of its host, and keeps its own state", async () => {
    const title = "isolated, shares memory, 206 bytes 4-10, the page's own";
    const page = { title, isIsolated: true };
    expect(await commands.visitPage(url, { visitCount: 3, bypassWorker: false })).toEqual([
      { ...page, loadCount: 2 },
      { ...page, loadCount: 1 },
      { ...page, loadCount: 1 },
    ]);
  });

  test("and whose worker is bypassed is loaded once more, and not again", async () => {
    expect(await commands.visitPage(url, { visitCount: 2, bypassWorker: true })).toEqual([
      { title: "impossible", isIsolated: false, loadCount: 2 },
      { title: "impossible", isIsolated: false, loadCount: 2 },
    ]);
  });
});
