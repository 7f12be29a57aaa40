/// <reference lib="dom" />
/** Machines in a page, with their disks in the browser's storage. */
import { afterAll, describe, expect, inject, test } from "vitest";
import { openIdbDevice, removeIdbDevice } from "../../src/devices/idb.ts";
import { openOpfsDeviceIn, removeOpfsDevice } from "../../src/devices/opfs.ts";
import { v86Disk } from "../../src/emulator/v86.ts";
import type { BlockDevice } from "../../src/mod.ts";
import { GuestMachine } from "../emulator/machine.ts";
import { type HomeWord, type Place, storageAt } from "./disk_homes.ts";
import type { PageAnswer, PageOrder } from "./v86_page.ts";
import { fetchParts } from "./v86_parts.ts";

const HOMES: readonly HomeWord[] = ["idb", "opfs"];
const READY = { status: 0x50, error: 0 };
const PIECE_SECTORS = 128;

const parts = await fetchParts();
const server = new Worker(new URL("./opfs.worker.ts", import.meta.url), { type: "module" });
afterAll(() => server.terminate());

/** A page with a notebook, in a frame. */
class NotebookPage {
  readonly #frame = document.createElement("iframe");

  /** Opens it; answers with the notes that the machine finds when it boots. */
  open({ home, name }: Place): Promise<PageAnswer> {
    const { pathname } = new URL("./v86_page.html", import.meta.url);
    const answer = this.#answer();
    this.#frame.src = `${pathname}#${home}:${name}`;
    document.body.append(this.#frame);
    return answer;
  }

  /** Loads it again, at once. */
  reload(): Promise<PageAnswer> {
    const answer = this.#answer();
    this.#frame.contentWindow!.location.reload();
    return answer;
  }

  /** Tells it what to do. */
  tell(order: PageOrder): Promise<PageAnswer> {
    const answer = this.#answer();
    this.#frame.contentWindow!.postMessage(order);
    return answer;
  }

  close(): void {
    this.#frame.remove();
  }

  #answer(): Promise<PageAnswer> {
    return new Promise((resolve) => {
      const listen = ({ data: answer, source }: MessageEvent<PageAnswer>) => {
        if (source !== this.#frame.contentWindow) return;
        removeEventListener("message", listen);
        resolve(answer);
      };
      addEventListener("message", listen);
    });
  }
}

test.each(HOMES)(
  "a machine's notes in %s survive the page, and go back with the machine",
  async (home) => {
    const place = { home, name: `notes-${crypto.randomUUID()}` };
    const page = new NotebookPage();
    expect(await page.open(place)).toEqual({ notes: [] });
    expect(await page.tell({ verb: "take", text: "one" })).toEqual({ notes: ["one"] });
    expect(await page.tell({ verb: "save" })).toEqual({ notes: ["one"] });
    await page.tell({ verb: "take", text: "two" });
    expect(await page.tell({ verb: "take", text: "three" })).toEqual({
      notes: ["one", "two", "three"],
    });
    expect(await page.tell({ verb: "restore" })).toEqual({ notes: ["one"] });
    expect(await page.tell({ verb: "take", text: "instead" })).toEqual({
      notes: ["one", "instead"],
    });
    expect(await page.reload()).toEqual({ notes: ["one", "instead"] });
    page.close();
    await using storage = storageAt(place, { worker: server, whenBusy: "wait" });
    await storage.open("manifest", 8); // The frame's lock is let go of a little later.
    await storage.shut("manifest");
    for (const device of await storage.list()) await storage.remove(device);
  },
);

/** What the page has in memory, where it may know. */
async function pageBytes(): Promise<number | null> {
  if (!inject("isIsolated")) return null;
  const measured = await (performance as unknown as {
    measureUserAgentSpecificMemory(): Promise<{ bytes: number }>;
  }).measureUserAgentSpecificMemory();
  return measured.bytes;
}

const CACHE_BYTES = 1024 * 1024;
const PIECES = 10 * CACHE_BYTES / (PIECE_SECTORS * 512);

/** Makes a device, and tells how it is removed. */
async function makeDevice(home: HomeWord): Promise<[BlockDevice, () => Promise<void>]> {
  const name = `probe-${crypto.randomUUID()}`;
  const create = { sectorCount: PIECES * PIECE_SECTORS };
  if (home === "opfs") {
    return [await openOpfsDeviceIn(server, name, { create }), () => removeOpfsDevice(name)];
  }
  const device = await openIdbDevice(name, { create, cacheBytes: CACHE_BYTES });
  return [device, () => removeIdbDevice(name)];
}

describe.each(HOMES)("a guest that writes ten times the cache to %s", (home) => {
  test("finds it stored, and the page is not larger", async () => {
    const [device, remove] = await makeDevice(home);
    const hda = v86Disk(device, { durability: "later" });
    const machine = await GuestMachine.start(parts, { hda, boots: "probe" });
    await machine.hears(/> $/);
    expect(await machine.ask("m10")).toEqual(READY);
    const before = await pageBytes();
    expect(await machine.ask(`m${PIECES.toString(16)}`)).toEqual(READY);
    expect(hda.waitingBytes).toBe(0);
    const after = await pageBytes();
    if (before !== null && after !== null) {
      expect(after - before, `${before} bytes, then ${after}`).toBeLessThan(3 * CACHE_BYTES);
    }
    await machine.emulator.destroy();
    await hda.close();
    const sector = new Uint8Array(512);
    for (let piece = 0; piece < PIECES; piece++) {
      await device.read(sector, piece * PIECE_SECTORS);
      expect(new DataView(sector.buffer).getUint32(0, true)).toBe(piece);
    }
    await device.close();
    await remove();
  });

  test("flushes when it is told of a write cache", async () => {
    const [device, remove] = await makeDevice(home);
    const hda = v86Disk(device, { durability: "later" });
    const attach = { writeCache: true };
    const machine = await GuestMachine.start(parts, { hda, boots: "probe", attach });
    await machine.hears(/> $/);
    expect(await machine.askAll(["w5 text", "f", "r5"])).toEqual([
      READY,
      READY,
      expect.objectContaining({ ...READY, text: "text" }),
    ]);
    if ("isFlushed" in device) expect(device.isFlushed).toBe(true);
    await machine.emulator.destroy();
    await hda.close();
    await device.close();
    await remove();
  });
});
