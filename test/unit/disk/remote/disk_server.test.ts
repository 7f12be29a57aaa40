/// <reference lib="dom" />
import "fake-indexeddb/auto";
import { expect, test } from "vitest";
import { Disk } from "../../../../src/disk/disk.ts";
import type { DiskAnswer, OpenWish } from "../../../../src/disk/remote/disk_protocol.ts";
import { serveDisks } from "../../../../src/disk/remote/disk_server.ts";
import { newLockName } from "../../../../src/disk/remote/worker_watch.ts";
import { openHome, waitingFor } from "./home.ts";

const open: OpenWish = {
  verb: "open",
  name: "disk",
  storage: "memory",
  origin: { kind: "zeroes", sectorCount: 64 },
  options: {},
};

/** Speaks to a home as a client of another make might. */
function clientOf(worker: MessagePort, lock: string | null = null) {
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ cowdisk: "disk", port: port2, lock }, [port2]);
  const heard: DiskAnswer[] = [];
  let wake = () => {};
  port1.onmessage = ({ data: said }) => {
    heard.push(said);
    wake();
  };
  const next = async () => {
    while (heard.length === 0) await new Promise<void>((resolve) => wake = resolve);
    return heard.shift()!;
  };
  let id = 0;
  return {
    port: port1,
    next,
    ask(request: object) {
      port1.postMessage({ ...request, id: id++ });
      return next();
    },
  };
}

test("messages of others are left alone", async () => {
  using home = openHome();
  for (const other of [null, 7, "disk", { cowdisk: "opfs" }]) home.worker.postMessage(other);
  const client = clientOf(home.worker);
  expect((await client.ask(open)).opened).toMatchObject({ disk: 0, branch: "main" });
  client.port.postMessage({ told: "bye" });
});

test("numbers that no open branch has are refused, and harm nothing", async () => {
  using home = openHome();
  const client = clientOf(home.worker);
  const closed = { error: { code: "ESHUTDOWN" } };
  expect(await client.ask({ disk: 0, verb: "usage", args: [] })).toMatchObject(closed);
  await client.ask(open);
  expect(await client.ask({ disk: 1, verb: "usage", args: [] })).toMatchObject(closed);
  expect(await client.ask({ device: 1, verb: "flush" })).toMatchObject(closed);
  expect(await client.ask({ disk: 0, verb: "diff", args: [null] })).toMatchObject({ result: [] });
  expect(await client.ask({ disk: 0, verb: "close", args: [] })).toMatchObject({ closed: 0 });
  expect(await client.ask({ device: 0, verb: "flush" })).toMatchObject(closed);
  client.port.postMessage({ told: "bye" });
});

test("the lock is held until the user has said goodbye", async () => {
  using home = openHome();
  const lock = newLockName()!;
  const client = clientOf(home.worker, lock);
  const answers = [await client.ask(open), await client.next()];
  expect(answers.some(({ isHeld }) => isHeld)).toBe(true);
  const isFree = () =>
    navigator.locks.request(lock, { ifAvailable: true }, (held) => held !== null);
  expect(await isFree()).toBe(false);
  await client.ask({ disk: 0, verb: "close", args: [] });
  expect(await isFree()).toBe(false);
  client.port.postMessage({ told: "bye" });
  await navigator.locks.request(lock, () => {});
});

test.each(["open", "being opened"])(
  "when its user is gone without a word a disk that is %s is closed, and another can have it",
  async (state) => {
    const name = `left ${crypto.randomUUID()}`;
    const options = { origin: 64, storage: "indexeddb" } as const;
    // Who has it already keeps the other one waiting.
    const former = state === "open" ? null : await Disk.open(name, options);
    const { port1, port2 } = new MessageChannel();
    const heard = new Promise((resolve) => port1.onmessage = resolve);
    // A browser tells once, and not at all of a port that is closed at this end.
    let toldCount = 0;
    port2.addEventListener("close", (event) => {
      if (toldCount++ > 0) event.stopImmediatePropagation();
    });
    const scope = new EventTarget();
    serveDisks(scope);
    const connect = { cowdisk: "disk", port: port2, lock: null };
    scope.dispatchEvent(new MessageEvent("message", { data: connect }));
    const wish = { ...open, storage: "indexeddb", name, options: { whenBusy: "wait" } };
    port1.postMessage({ ...wish, id: 0 });
    if (former === null) await heard;
    else await waitingFor(name);
    port2.dispatchEvent(new Event("close"));
    const next = Disk.open(name, { ...options, whenBusy: "wait" });
    await former?.close();
    await (await next).close();
    port1.close();
  },
);
