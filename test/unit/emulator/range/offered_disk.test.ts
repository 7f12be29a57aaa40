import { expect, test } from "vitest";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { OfferedDisk } from "../../../../src/emulator/range/offered_disk.ts";
import { patternOf, verifySectors } from "../../../../src/testing/mod.ts";
import { quiet, SimulatedClock } from "../../../http/simulated_clock.ts";

const enodev = (message: RegExp) =>
  expect.objectContaining({ code: "ENODEV", message: expect.stringMatching(message) });

function setUp() {
  const clock = new SimulatedClock(true);
  const pages = new Set(["page"]);
  const behind = createMemoryDevice({ sectorCount: 8, content: patternOf(1, 0, 8) });
  const stuck = { count: 0, isStuck: false };
  const connected = Object.defineProperty(
    behind,
    "read",
    {
      async value(target: Uint8Array, sector: number) {
        if (stuck.isStuck) await new Promise(() => void stuck.count++);
        behind.readSync(target, sector);
      },
    },
  );
  const get = (id: string) => Promise.resolve(pages.has(id) ? { id, postMessage() {} } : undefined);
  const options = { id: "1", version: "v1", connected, clientId: "page", clients: { get }, clock };
  return { clock, pages, stuck, disk: new OfferedDisk(options) };
}

test("it is read, and never written", async () => {
  const { disk } = setUp();
  const found = new Uint8Array(512);
  await disk.device.read(found, 3);
  verifySectors(found, patternOf(1, 3, 1), 3, "offered");
  const erofs = expect.objectContaining({ code: "EROFS" });
  await expect(disk.device.write(found, 0)).rejects.toThrow(erofs);
});

test("when it ends, reads under way and reads to come fail, and no buffer is touched", async () => {
  const { disk, stuck } = setUp();
  stuck.isStuck = true;
  const target = new Uint8Array(512).fill(7);
  const reads = [disk.device.read(target, 0), disk.device.read(target, 1)];
  disk.end("it is offered no longer");
  for (const read of reads) await expect(read).rejects.toThrow(enodev(/offered no longer/));
  await expect(disk.device.read(target, 2)).rejects.toThrow(enodev(/offered no longer/));
  expect(target).toEqual(new Uint8Array(512).fill(7));
  expect(disk.isGone).toBe(true);
});

test("a page that goes without a word is missed within a second or so of a read", async () => {
  const { clock, disk, pages, stuck } = setUp();
  stuck.isStuck = true;
  const read = disk.device.read(new Uint8Array(512), 0);
  read.catch(() => {});
  await clock.advance(60_000);
  expect(disk.isGone, "a page that is there may take its time").toBe(false);
  pages.delete("page");
  await clock.advance(1000);
  await expect(read).rejects.toThrow(enodev(/page has gone/));
});

test("nobody looks for the page while nothing is read", async () => {
  const { clock, disk } = setUp();
  await disk.device.read(new Uint8Array(512), 0);
  await clock.advance(2000);
  await quiet();
  expect(clock.sleeperCount).toBe(0);
});

test("whether its page is there can be asked; if not, it ends", async () => {
  const { disk, pages } = setUp();
  expect(await disk.isPageThere()).toBe(true);
  pages.clear();
  expect(await disk.isPageThere()).toBe(false);
  expect(disk.isGone).toBe(true);
});
