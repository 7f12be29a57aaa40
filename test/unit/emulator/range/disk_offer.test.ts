import { expect, test } from "vitest";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { Disk } from "../../../../src/disk/mod.ts";
import { offerDevice, offerSnapshot } from "../../../../src/emulator/range/disk_offer.ts";
import { patternOf, verifySectors } from "../../../../src/testing/mod.ts";
import { WorkerWorld } from "./worker_world.ts";

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

test("an offer has the URL at which its disk is read, from the scope or from the host's root", async () => {
  const world = new WorkerWorld();
  const { target, messages } = world.openPage();
  const device = createMemoryDevice({ sectorCount: 8 });
  const options = { messages, clock: world.clock };
  for (const path of ["vdisk/one", "/app/vdisk/two"]) {
    const offer = await offerDevice(target, path, device, options);
    expect(offer.url).toBe(new URL(path, "https://example.com/app/").href);
    expect((await world.get(offer.url)).status).toBe(200);
    await offer.close();
  }
  await device.close();
});

test("an offer that is closed is answered no longer, and the device is still the page's", async () => {
  const world = new WorkerWorld();
  const { target, messages } = world.openPage();
  const device = createMemoryDevice({ sectorCount: 8 });
  const offer = await offerDevice(target, "vdisk/one", device, { messages, clock: world.clock });
  await offer.close();
  world.startWorker();
  const answer = await world.during(3000, world.get("vdisk/one"));
  expect(answer.status).toBe(404);
  await device.write(new Uint8Array(512), 0);
});

test("a worker that does not answer, or is none, is ENODEV", async () => {
  const world = new WorkerWorld();
  const { messages } = world.openPage();
  const device = createMemoryDevice({ sectorCount: 8 });
  const scope = "https://example.com/";
  for (const active of [null, { postMessage() {} }]) {
    const offering = offerDevice({ scope, active }, "vdisk/one", device, {
      messages,
      clock: world.clock,
      timeoutMs: 500,
    });
    await expect(world.during(600, offering)).rejects.toThrow(refusal("ENODEV"));
  }
});

test("an offer is over when the worker says so, or says nothing any more", async () => {
  const world = new WorkerWorld();
  const { target, messages } = world.openPage();
  const active = { postMessage: target.active!.postMessage };
  const device = createMemoryDevice({ sectorCount: 8 });
  const options = { messages, clock: world.clock, timeoutMs: 500 };
  const offer = await offerDevice({ ...target, active }, "vdisk/one", device, options);
  const sent: unknown[] = [];
  active.postMessage = (message) => void sent.push(message);
  let isOver = false;
  const closing = offer.close().then(() => isOver = true);
  const question = { cowdisk: "who offers", path: "/app/vdisk/one" };
  const event = new MessageEvent("message", { data: question });
  messages.dispatchEvent(Object.defineProperty(event, "source", { value: active }));
  await world.clock.advance(499);
  expect(isOver).toBe(false);
  expect(sent, "and it is not offered any more").toMatchObject([{ cowdisk: "withdraw" }]);
  await world.during(1, closing);
});

test("a version that an ETag cannot hold is a RangeError, before anything was offered", async () => {
  const world = new WorkerWorld();
  const { target, messages } = world.openPage();
  const device = createMemoryDevice({ sectorCount: 8 });
  for (const version of ["", "a b", '"', "x".repeat(201)]) {
    const offering = offerDevice(target, "vdisk/one", device, { messages, version });
    await expect(offering).rejects.toThrow(RangeError);
  }
});

test("a snapshot is offered from a branch of its own, which goes with the offer", async () => {
  const world = new WorkerWorld();
  const { target, messages } = world.openPage();
  const options = { messages, clock: world.clock };
  await using disk = await Disk.open("served", { origin: 64, storage: "memory" });
  await disk.device.write(patternOf(1, 0, 64), 0);
  await disk.snapshot("one");
  const offer = await offerSnapshot(target, "vdisk/one", disk, "one", options);
  await disk.device.write(patternOf(2, 0, 64), 0);
  const answer = await world.get("vdisk/one");
  verifySectors(await answer.bytes(), patternOf(1, 0, 64), 0, "as it was taken");
  expect(disk.branches.length).toBe(2);
  await Promise.all([offer.close(), offer.close()]);
  expect(disk.branches).toEqual(["main"]);
  disk.check();
});

test("a snapshot's version is one that no other offer has, unless it is told", async () => {
  const world = new WorkerWorld();
  const { target, messages } = world.openPage();
  const options = { messages, clock: world.clock };
  await using disk = await Disk.open("served", { origin: 64, storage: "memory" });
  await disk.snapshot("one");
  const etagOf = async (version: { version?: string }) => {
    const offer = await offerSnapshot(target, "vdisk/one", disk, "one", { ...options, ...version });
    const etag = (await world.get("vdisk/one")).headers.get("ETag");
    await offer.close();
    return etag;
  };
  expect(await etagOf({})).not.toBe(await etagOf({}));
  expect(await etagOf({ version: "v1" })).toBe('"v1.32768"');
});

test("an offer of a snapshot that fails leaves no branch", async () => {
  const world = new WorkerWorld();
  const { target, messages } = world.openPage();
  const options = { messages, clock: world.clock };
  await using disk = await Disk.open("served", { origin: 64, storage: "memory" });
  await disk.snapshot("one");
  const offering = offerSnapshot(target, "elsewhere/one", disk, "one", options);
  await expect(offering).rejects.toThrow(refusal("EINVAL"));
  expect(disk.branches).toEqual(["main"]);
  disk.check();
});
