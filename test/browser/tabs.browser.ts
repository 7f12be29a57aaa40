/// <reference lib="dom" />
/** One disk and two real tabs: who writes, who waits, who looks. */
import { afterEach, describe, expect, test } from "vitest";
import { commands } from "vitest/browser";
import { type HomeWord, type Place, storageAt } from "./disk_homes.ts";
import type { TabWords } from "./tab_page.ts";

const HOMES: readonly HomeWord[] = ["idb", "opfs"];
const page = new URL("./tab_page.html", import.meta.url).pathname;

const newPlace = (home: HomeWord): Place => ({ home, name: `tabs-${crypto.randomUUID()}` });

/** A tab, as a test drives it. */
class Tab {
  static readonly all = new Set<Tab>();
  readonly #id: number;

  private constructor(id: number) {
    this.#id = id;
    Tab.all.add(this);
  }

  static async open(): Promise<Tab> {
    return new Tab(await commands.openTab(new URL(page, location.href).href));
  }

  tell<Word extends keyof TabWords>(
    word: Word,
    ...args: Parameters<TabWords[Word]>
  ): Promise<string> {
    return commands.tellTab(this.#id, word, args);
  }

  async end(how: "close" | "crash"): Promise<void> {
    Tab.all.delete(this);
    await commands.endTab(this.#id, how);
  }
}

/** A tab that has opened a disk. */
async function tabOn(place: Place, wish: Parameters<TabWords["begin"]>[1] = {}): Promise<Tab> {
  const tab = await Tab.open();
  await tab.tell("begin", place, wish);
  expect(await tab.tell("opened")).toBe("open");
  return tab;
}

afterEach(async () => {
  for (const tab of Tab.all) await tab.end("close");
});

async function removeAll(place: Place): Promise<void> {
  const worker = new Worker(new URL("./opfs.worker.ts", import.meta.url), { type: "module" });
  await using storage = storageAt(place, { worker });
  for (const device of await storage.list()) await storage.remove(device);
  worker.terminate();
}

/** One tab looks while another works, crashes, and a third works on. */
async function lookOn(place: Place): Promise<void> {
  const writer = await tabOn(place);
  await writer.tell("fill", 1);
  expect(await writer.tell("layersOf", place, 1)).toBe("1");
  const reader = await tabOn(place, { readOnly: true });
  for (let round = 1; round <= 5; round++) {
    // What is read while the other works is of one moment as well.
    const working = writer.tell("work", 10 * round);
    expect(await reader.tell("seedOf", [1])).toBe("1");
    await working;
    expect(await reader.tell("seedOf", [1])).toBe("1");
  }
  expect(await reader.tell("write")).toMatch(/^EROFS: .*it is read-only$/);
  await writer.tell("fill", 7);
  const later = await tabOn(place, { readOnly: true });
  await writer.tell("work", 100);
  expect(await later.tell("seedOf", [7])).toBe("7");

  // A writer that comes beside readers, after one that has crashed.
  await writer.end("crash");
  expect(await reader.tell("seedOf", [1])).toBe("1");
  const second = await tabOn(place, { whenBusy: "wait" });
  await second.tell("work", 200);
  await second.tell("fill", 9);
  expect(await reader.tell("seedOf", [1])).toBe("1");
  expect(await later.tell("seedOf", [7])).toBe("7");
  await reader.tell("close");
  await later.end("crash");
  // Its own end, and what snapshots are left that were not deleted in time.
  const snapshots = Number(await second.tell("snapshotCount"));
  expect(await second.tell("layersOf", place, snapshots + 1)).toBe(String(snapshots + 1));
  expect(await second.tell("seedOf", [9])).toBe("9");
  await second.tell("close");
  await second.end("close");
  await removeAll(place);
}

describe.each(HOMES)("a disk in %s and two tabs", (home) => {
  test("the second to write is EBUSY and told what it can do", async () => {
    const place = newPlace(home);
    const first = await tabOn(place);
    const second = await Tab.open();
    await second.tell("begin", place, {});
    expect(await second.tell("opened")).toBe(
      `EBUSY: Cannot open the disk "${place.name}" for writing: it is open elsewhere; ` +
        'wait for it with whenBusy: "wait", or look at it with readOnly: true',
    );
    await first.end("close");
    await second.end("close");
    await removeAll(place);
  });

  test.each(["closes its disk", "is closed", "crashes"])(
    "who waits gets it when the first %s, with all that was flushed",
    async (how) => {
      const place = newPlace(home);
      const first = await tabOn(place);
      await first.tell("work", 10);
      await first.tell("fill", 2);
      await first.tell("flush");
      const second = await Tab.open();
      await second.tell("begin", place, { whenBusy: "wait" });
      const waiting = second.tell("opened");
      if (how === "closes its disk") await first.tell("close");
      else await first.end(how === "crashes" ? "crash" : "close");
      expect(await waiting).toBe("open");
      expect(await second.tell("seedOf", [1, 2])).toBe("2");
      await second.tell("close");
      for (const tab of Tab.all) await tab.end("close");
      await removeAll(place);
    },
  );

  test("who looks sees one moment while the other writes on, and leaves nothing behind", () =>
    lookOn(newPlace(home)));
});
