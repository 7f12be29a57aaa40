/// <reference lib="dom" />
/** The example page with a machine, used as a reader would use it. */
import { expect, test } from "vitest";
import { openIndexedDbStorage } from "../../src/disk/storage/indexeddb_storage.ts";

/** What the page leaves for its tests: the machine, to be typed at. */
interface ExampleWindow extends Window {
  // deno-lint-ignore camelcase -- v86's own name
  readonly emulator: { keyboard_send_text(text: string): void };
}

/** The page in its frame. */
class MachinePage {
  readonly frame: HTMLIFrameElement = document.createElement("iframe");

  /** Begins to load it. */
  constructor() {
    this.frame.src = new URL("../../demo/examples/v86.html", import.meta.url).pathname;
    document.body.append(this.frame);
  }

  get #text(): string {
    const screen = this.frame.contentDocument?.getElementById("screen")?.textContent ?? "";
    return screen.replaceAll("\u00a0", " ");
  }

  /** Waits until its screen shows something. */
  async shows(text: RegExp): Promise<void> {
    await expect.poll(() => this.#text, { timeout: 20_000 }).toMatch(text);
  }

  /** Types a note. */
  type(text: string): void {
    (this.frame.contentWindow as unknown as ExampleWindow).emulator.keyboard_send_text(text);
  }

  /** Presses a button, and waits for what it says. */
  async press(id: string, said: RegExp): Promise<void> {
    this.frame.contentDocument!.getElementById(id)!.click();
    const state = () => this.frame.contentDocument!.getElementById("state")!.textContent;
    await expect.poll(state, { timeout: 20_000 }).toMatch(said);
  }
}

test("the example page keeps notes, goes back with its machine, and is reloaded", async () => {
  const page = new MachinePage();
  await page.shows(/NOTEBOOK/);
  page.type("milk\n");
  await page.shows(/milk\s*saved/);
  await page.press("save", /^saved: \d+ bytes$/);
  page.type("regret\n");
  await page.shows(/regret\s*saved/);
  await page.press("restore", /^restored$/);
  page.type("eggs\n");
  await page.shows(/eggs\s*saved/);
  page.type("\n");
  await page.shows(/\* milk\s*\* eggs/);

  page.frame.contentWindow!.location.reload();
  await page.shows(/NOTEBOOK\s*\* milk\s*\* eggs\s*>\s*$/);
  page.frame.remove();
  await using storage = openIndexedDbStorage("example v86", { whenBusy: "wait" });
  await storage.open("manifest", 8); // The frame's lock is let go of a little later.
  await storage.shut("manifest");
  for (const device of await storage.list()) await storage.remove(device);
});
