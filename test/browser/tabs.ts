/**
 * Tabs beside the test's own page, in the same browser and profile: real ones, driven by commands.
 *
 * @module
 */
import type { BrowserContext, Page } from "playwright";

const tabs = new Map<number, Page>();
let tabCount = 0;

function tabOf(id: number): Page {
  const found = tabs.get(id);
  if (found === undefined) throw new RangeError(`Cannot use the tab ${id}: it is closed`);
  return found;
}

/** What pages may ask for. The first argument of each is vitest's own. */
export const tabCommands = {
  /** Opens a tab, once its title is `ready`. */
  async openTab({ context }: { readonly context: BrowserContext }, url: string): Promise<number> {
    const page = await context.newPage();
    tabs.set(++tabCount, page);
    await page.goto(url);
    await page.waitForFunction("document.title === 'ready'");
    return tabCount;
  },

  /** Says one of its words to a tab, and waits for the answer. */
  async tellTab(_: unknown, id: number, word: string, args: unknown[]): Promise<string> {
    const said = args.map((each) => JSON.stringify(each)).join();
    // As text: what is run in the page has names that are not there here.
    return await tabOf(id).evaluate<string>(`words.${word}(${said})`);
  },

  /** Ends a tab: it is closed, or its process is killed, without a word to the page in either case. */
  async endTab(
    { context }: { readonly context: BrowserContext },
    id: number,
    how: "close" | "crash",
  ): Promise<void> {
    const page = tabOf(id);
    tabs.delete(id);
    if (how === "crash") {
      const crashed = page.waitForEvent("crash");
      const session = await context.newCDPSession(page);
      session.send("Page.crash").catch(() => {}); // Nobody is there to answer.
      await crashed;
    }
    await page.close();
  },
};

declare module "vitest/browser" {
  interface BrowserCommands {
    openTab(url: string): Promise<number>;
    tellTab(id: number, word: string, args: unknown[]): Promise<string>;
    endTab(id: number, how: "close" | "crash"): Promise<void>;
  }
}
