import { expect, test } from "vitest";
import { checked } from "../../../src/block/checked.ts";
import type { BlockDevice } from "../../../src/block/device.ts";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { openHttpDevice } from "../../../src/devices/http.ts";
import { offerDevice } from "../../../src/emulator/range_worker.ts";
import { patternOf, verifySectors } from "../../../src/testing/mod.ts";
import { ORIGIN, type Page, WorkerWorld } from "./range/worker_world.ts";

const SECTORS = 2000;
const content = patternOf(1, 0, SECTORS);
const memory = () => createMemoryDevice({ sectorCount: SECTORS, content, readOnly: true });

const offerFrom = (
  world: WorkerWorld,
  { target, messages }: Page,
  device: BlockDevice = memory(),
) => offerDevice(target, "vdisk/one", device, { messages, clock: world.clock, version: "v1" });

/** A device of one bad kind: past its first 1000 sectors it does what it is told. */
function spoilt(read: () => Promise<void>) {
  const nothing = () => Promise.resolve();
  return checked({
    name: "spoilt",
    sectorCount: SECTORS,
    supports: { write: false, discard: false, discardZeroes: false, permanence: true },
    async read(target, sector) {
      if (sector + target.length / 512 > 1000) await read();
      target.set(content.subarray(sector * 512, sector * 512 + target.length));
    },
    write: nothing,
    flush: nothing,
    close: nothing,
  });
}

const forEver = () => new Promise<void>(() => {});

test("a worker takes over at once, unless it is told not to; and claims pages that ask", async () => {
  const eager = new WorkerWorld();
  await eager.dispatch("install");
  await eager.dispatch("activate");
  expect(eager.claims).toEqual(["skipWaiting", "claim"]);
  const patient = new WorkerWorld({ takesOver: false });
  await patient.dispatch("install");
  await patient.dispatch("activate");
  expect(patient.claims).toEqual([]);
  await patient.dispatch("message", {
    data: { cowdisk: "claim" },
    source: { id: "page", postMessage() {} },
    ports: [],
  });
  expect(patient.claims).toEqual(["claim"]);
});

test("a disk that a page offers is served; our own HTTP device reads it back", async () => {
  const world = new WorkerWorld();
  const { url } = await offerFrom(world, world.openPage());
  const fetch = async (target: string, init: RequestInit) =>
    await world.fetch(new Request(target, init))!;
  await using disk = await openHttpDevice(url, { fetch, stallTimeoutMs: Infinity });
  const found = new Uint8Array(SECTORS * 512);
  await disk.read(found, 0);
  verifySectors(found, content, 0, "served");
  expect(disk.identity.kind).toBe("strong ETag");
});

test("a worker that was stopped asks its pages, and answers as before", async () => {
  const world = new WorkerWorld();
  await offerFrom(world, world.openPage());
  world.openPage(); // One that has no disk.
  for (let round = 0; round < 3; round++) {
    world.startWorker();
    const answers = [world.get("vdisk/one", "bytes=5-9"), world.get("vdisk/one", "bytes=700-799")];
    const [one, other] = await world.during(2000, Promise.all(answers));
    expect(await one!.bytes()).toEqual(content.slice(5, 10));
    expect(await other!.bytes()).toEqual(content.slice(700, 800));
  }
});

test("a disk that nobody offers is 404: at once without pages, in time with them", async () => {
  const world = new WorkerWorld({ offerTimeoutMs: 700 });
  expect((await world.get("vdisk/one")).status).toBe(404);
  world.openPage();
  const answer = await world.during(700, world.get("vdisk/one"));
  expect([answer.status, await answer.text()]).toEqual([
    404,
    "No page offers a disk at /app/vdisk/one.\n",
  ]);
});

test("a page that goes while the first bytes are read leaves 503", async () => {
  const world = new WorkerWorld();
  const page = world.openPage();
  await offerFrom(world, page, spoilt(forEver));
  const answer = world.get("vdisk/one", `bytes=${1000 * 512}-${1001 * 512}`);
  world.closePage(page);
  const { status, headers } = await world.during(2000, answer);
  expect([status, headers.get("Retry-After")]).toEqual([503, "1"]);
});

test("a page that goes in the middle of a body errors it", async () => {
  const world = new WorkerWorld();
  const page = world.openPage();
  await offerFrom(world, page, spoilt(forEver));
  const answer = await world.during(100, world.get("vdisk/one"));
  expect(answer.status).toBe(200);
  const body = answer.bytes();
  world.closePage(page);
  await expect(world.during(2000, body)).rejects.toThrow(/page has gone/);
});

test("another page that offers the same goes on where one has gone", async () => {
  const world = new WorkerWorld();
  const page = world.openPage();
  await offerFrom(world, page, spoilt(forEver));
  await offerFrom(world, world.openPage());
  const answer = world.get("vdisk/one", `bytes=${1000 * 512}-${1001 * 512 - 1}`);
  world.closePage(page);
  const found = await (await world.during(2000, answer)).bytes();
  verifySectors(found, patternOf(1, 1000, 1), 1000, "stood in");
});

test("a device that fails is 500, or an error in the body, and nothing else", async () => {
  const world = new WorkerWorld();
  const failing = () => Promise.reject(new BlockDeviceError("EIO", "a bad sector"));
  await offerFrom(world, world.openPage(), spoilt(failing));
  const answer = await world.get("vdisk/one", `bytes=${1500 * 512}-`);
  expect([answer.status, await answer.text()]).toEqual([500, "a bad sector\n"]);
  const whole = await world.get("vdisk/one");
  await expect(whole.bytes()).rejects.toThrow(/a bad sector/);
  expect((await world.get("vdisk/one", "bytes=0-99")).status).toBe(206);
});

test("the worker is kept while a body is sent, and let go when it ends or is not wanted", async () => {
  const world = new WorkerWorld();
  await offerFrom(world, world.openPage());
  for (const isWanted of [true, false]) {
    let isHeld = true;
    let answer: Promise<Response> | undefined;
    const request = new Request(`${ORIGIN}/app/vdisk/one`);
    const respondWith = (promise: Promise<Response>) => void (answer = promise);
    const held = world.dispatch("fetch", { request, respondWith }).then(() => isHeld = false);
    const { body } = (await answer)!;
    expect(isHeld).toBe(true);
    if (isWanted) await new Response(body).bytes();
    else await body!.cancel();
    await held;
  }
});

test("only what lies under the prefix of our own origin is answered", () => {
  const world = new WorkerWorld({ prefix: "disks/" });
  const isAnswered = (url: string) => world.fetch(new Request(new URL(url, ORIGIN))) !== null;
  expect(isAnswered("/app/disks/one")).toBe(true);
  for (
    const url of ["/app/vdisk/one", "/disks/one", "/app/disk", "https://other.com/app/disks/x"]
  ) {
    expect(isAnswered(url), url).toBe(false);
  }
});

test("pages are isolated when it is asked for, and their requests are left alone when not", async () => {
  const page = () =>
    Object.defineProperty(new Response("page"), "type", { value: "basic" as const });
  const world = new WorkerWorld({
    isolation: "require-corp",
    fetch: () => Promise.resolve(page()),
  });
  const answer = await world.fetch(new Request(`${ORIGIN}/app/`))!;
  expect(answer.headers.get("Cross-Origin-Opener-Policy")).toBe("same-origin");
  expect(answer.headers.get("Cross-Origin-Embedder-Policy")).toBe("require-corp");
  expect(new WorkerWorld().fetch(new Request(`${ORIGIN}/app/`))).toBe(null);
});
