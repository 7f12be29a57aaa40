/// <reference lib="dom" />
/** The example page, used as a reader would use it. */
import { expect, test } from "vitest";
import { commands } from "vitest/browser";
import { patternOf, verifySectors } from "../../src/testing/mod.ts";
import { type HomeWord, storageAt } from "./disk_homes.ts";

const SECTORS = 300;

/** The page in its frame. */
class ExamplePage {
  readonly frame: HTMLIFrameElement = document.createElement("iframe");

  /** Begins to load it. */
  constructor(imageUrl: string, storage: string) {
    const { pathname } = new URL("../../demo/examples/disk.html", import.meta.url);
    this.frame.src = `${pathname}?image=${encodeURIComponent(imageUrl)}&storage=${storage}`;
    document.body.append(this.frame);
  }

  /** One of its elements. */
  get<Kind extends HTMLElement>(id: string): Kind {
    return this.frame.contentDocument?.getElementById(id) as Kind;
  }

  /** Waits until it says so. */
  async says(state: string): Promise<void> {
    await expect.poll(() => this.get("state")?.textContent, { timeout: 20_000 }).toBe(state);
  }

  /** Presses a button, and waits for its end. */
  async press(id: string): Promise<void> {
    this.get("state").textContent = "";
    this.get(id).click();
    await this.says(`${id}: done`);
  }

  /** The text that is shown. */
  get text(): HTMLInputElement {
    return this.get<HTMLInputElement>("text");
  }
}

/** A sector that begins with a text. */
function sectorOf(text: string): Uint8Array {
  const sector = new Uint8Array(512);
  new TextEncoder().encodeInto(text, sector);
  return sector;
}

test.each<[string, HomeWord]>([
  ["indexeddb", "idb"],
  ["opfs", "opfs"],
])("the example page writes, takes a snapshot, is reloaded, goes back and exports: %s", async (
  word,
  home,
) => {
  const host = await commands.startImageHost(1, SECTORS);
  const page = new ExamplePage(host.url, word);
  try {
    await page.says("opened");
    page.text.value = "before the accident";
    await page.press("write");
    await page.press("snapshot");
    page.text.value = "after it";
    await page.press("write");

    page.get("state").textContent = "";
    page.frame.contentWindow!.location.reload();
    await page.says("opened");
    expect(page.text.value).toBe("after it");
    expect(page.get("snapshots").textContent).toBe("1");
    await page.press("rollback");
    expect(page.text.value).toBe("before the accident");

    await page.press("export");
    const answer = await fetch(page.get<HTMLAnchorElement>("image").href);
    const want = patternOf(1, 0, SECTORS);
    want.set(sectorOf("before the accident"));
    verifySectors(new Uint8Array(await answer.arrayBuffer()), want, 0, "the exported image");
  } finally {
    page.frame.remove();
    await commands.endImageHost(host.id);
  }
  // The frame's lock is let go of by the browser, a little later.
  const worker = new Worker(new URL("./opfs.worker.ts", import.meta.url), { type: "module" });
  {
    const place = { home, name: encodeURIComponent(host.url) };
    await using storage = storageAt(place, { worker, whenBusy: "wait" });
    await storage.open("manifest", 8);
    await storage.shut("manifest");
    for (const device of await storage.list()) await storage.remove(device);
  }
  worker.terminate();
});
