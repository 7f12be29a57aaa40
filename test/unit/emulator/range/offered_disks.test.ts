import { beforeEach, expect, test } from "vitest";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { serveDevice } from "../../../../src/devices/port_server.ts";
import type { ToPage } from "../../../../src/emulator/range/offer_protocol.ts";
import { OfferedDisks } from "../../../../src/emulator/range/offered_disks.ts";
import { quiet, SimulatedClock } from "../../../http/simulated_clock.ts";

const PATH = "/vdisk/one";

let clock: SimulatedClock;
let disks: OfferedDisks;
/** What each page was told. */
let told: Map<string, ToPage[]>;

beforeEach(() => {
  clock = new SimulatedClock(true);
  told = new Map();
  const client = (id: string) => ({
    id,
    postMessage: (message: unknown) => void told.get(id)?.push(message as ToPage),
  });
  const clients = {
    get: (id: string) => Promise.resolve(told.has(id) ? client(id) : undefined),
    matchAll: () => Promise.resolve([...told.keys()].map(client)),
    claim: () => Promise.resolve(),
  };
  disks = new OfferedDisks({ clients, prefix: "/vdisk/", clock, offerTimeoutMs: 1000 });
});

/** Offers a disk from a page; tells what the page was answered. */
async function offer(
  page: string,
  { id = page, path = PATH, version = "v1" as string | null, isSilent = false } = {},
): Promise<ToPage | undefined> {
  if (!told.has(page)) told.set(page, []);
  const { port1, port2 } = new MessageChannel();
  if (!isSilent) serveDevice(createMemoryDevice({ sectorCount: 8, readOnly: true }), port1);
  const client = {
    id: page,
    postMessage: (message: unknown) => told.get(page)?.push(message as ToPage),
  };
  const heard = disks.hear({ cowdisk: "offer", id, path, version }, client, port2);
  if (isSilent) await clock.advance(1000);
  await heard;
  port1.close();
  return told.get(page)?.at(-1);
}

const hear = (page: string, message: unknown) =>
  disks.hear(message, { id: page, postMessage() {} }, undefined);

test("a disk that was offered is found, and one that was not is asked for, once for all", async () => {
  expect(await offer("one")).toEqual({ cowdisk: "accepted", id: "one" });
  expect((await disks.find(PATH))?.version).toBe("v1");
  const finding = [disks.find("/vdisk/two"), disks.find("/vdisk/two")];
  await quiet();
  const asked = told.get("one")!.filter(({ cowdisk }) => cowdisk === "who offers");
  expect(asked).toEqual([{ cowdisk: "who offers", path: "/vdisk/two" }]);
  await offer("one", { id: "2", path: "/vdisk/two" });
  const [found, same] = await Promise.all(finding);
  expect(found?.id).toBe("2");
  expect(same).toBe(found);
});

test("a disk that nobody offers in time is none, and is asked for again the next time", async () => {
  await offer("one", { path: "/vdisk/other" });
  for (let round = 1; round <= 2; round++) {
    const finding = disks.find(PATH);
    await clock.advance(1000);
    expect(await finding).toBe(null);
    const asked = told.get("one")!.filter(({ cowdisk }) => cowdisk === "who offers");
    expect(asked.length).toBe(round);
  }
});

test("where there are no pages nobody is waited for", async () => {
  expect(await disks.find(PATH)).toBe(null);
  expect(clock.sleeperCount).toBe(0);
});

const refused = expect.objectContaining({ cowdisk: "refused" });

test("of one path there is one version, and of a disk without one there is one offer", async () => {
  await offer("one");
  expect(await offer("two", { version: "v2" })).toEqual(refused);
  expect(await offer("two", { version: null })).toEqual(refused);
  expect(await offer("two")).toEqual({ cowdisk: "accepted", id: "two" });
  expect(await offer("one", { id: "3", path: "/vdisk/three", version: null })).not.toEqual(refused);
  expect(await offer("two", { id: "4", path: "/vdisk/three", version: null })).toEqual(refused);
});

test("offers that arrive at once are of one version, whichever", async () => {
  await Promise.all([offer("one", { version: "v1" }), offer("two", { version: "v2" })]);
  const answers = ["one", "two"].map((page) => told.get(page)!.at(-1)!.cowdisk);
  expect(answers.sort()).toEqual(["accepted", "refused"]);
});

test("when a page goes, another that offers the same stands in; a third may offer another then", async () => {
  await offer("one");
  await offer("two");
  (await disks.find(PATH))!.end("its page has gone");
  expect((await disks.find(PATH))?.id).toBe("two");
  told.delete("two"); // It goes without a word.
  expect(await offer("three", { version: "v3" })).toEqual({ cowdisk: "accepted", id: "three" });
  expect((await disks.find(PATH))?.version).toBe("v3");
});

test("what is withdrawn is gone, also while it is on its way in", async () => {
  await offer("one");
  const disk = await disks.find(PATH);
  await hear("one", { cowdisk: "withdraw", id: "one", path: PATH });
  expect(disk!.isGone).toBe(true);
  const arriving = offer("one", { id: "2", version: "v2" });
  await hear("one", { cowdisk: "withdraw", id: "2", path: PATH });
  await arriving;
  told.clear();
  expect(await disks.find(PATH)).toBe(null);
});

test("what is offered twice is one disk, and reads of it go on", async () => {
  await offer("one");
  const disk = await disks.find(PATH);
  await offer("one");
  expect(await disks.find(PATH)).toBe(disk);
  expect(disk!.isGone).toBe(false);
});

test("an offer whose page is silent, or whose path is not served, is refused with the reason", async () => {
  const error = (code: string) => expect.objectContaining({ code });
  expect(await offer("one", { isSilent: true })).toMatchObject({ error: error("ENODEV") });
  expect(await offer("one", { path: "/other/one" })).toMatchObject({ error: error("EINVAL") });
  told.clear();
  expect(await disks.find(PATH)).toBe(null);
});

test("what is no offer is not minded", async () => {
  for (const message of [null, "offer", { cowdisk: "offer" }, { cowdisk: "withdraw" }]) {
    await hear("one", message);
  }
  await hear("one", { cowdisk: "offer", id: "1", path: PATH, version: null }); // Without a port.
  expect(await disks.find(PATH)).toBe(null);
});
