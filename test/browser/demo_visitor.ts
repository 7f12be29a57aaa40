/**
 * Visits to the demo: pages of their own, driven as people drive them, by real keys and files.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { BrowserContext, Page } from "playwright";

/** What the visitor has and prefers. */
export interface VisitorFacts {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: "light" | "dark";
  readonly hasScripts?: boolean;
  readonly isCalm?: boolean;
}

/** Something that axe finds wrong. */
export interface Barrier {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly string[];
}

const pages = new Map<number, Page>();
let pageCount = 0;

function pageOf(id: number): Page {
  const found = pages.get(id);
  if (found === undefined) throw new RangeError(`Cannot use the visit ${id}: it is over`);
  return found;
}

/** Layout shifts since the page began, but for those that follow an act of the visitor. */
const WATCH_SHIFTS = `
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      const places = entry.sources.map(({ node }) =>
        (node?.id || node?.className?.toString() || node?.nodeName) ?? "");
      shifts.push(entry.value.toFixed(4) + " " + places.join(", "));
    }
  }).observe({ type: "layout-shift", buffered: true });
`;

const axeSource = () =>
  readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What tests may ask for. The first argument of each is vitest's own. */
export const demoCommands = {
  /** Begins a visit. */
  async visitDemo(
    { context }: { readonly context: BrowserContext },
    url: string,
    { width = 1280, height = 900, colorScheme = "light", hasScripts = true, isCalm = false }:
      VisitorFacts,
  ): Promise<number> {
    const page = await context.newPage();
    pages.set(++pageCount, page);
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, reducedMotion: isCalm ? "reduce" : "no-preference" });
    if (!hasScripts) {
      const session = await context.newCDPSession(page);
      await session.send("Emulation.setScriptExecutionDisabled", { value: true });
    }
    await page.addInitScript(WATCH_SHIFTS);
    await page.goto(url);
    return pageCount;
  },

  /** Evaluates an expression there. As text: what is run in the page has names that are not here. */
  async askDemo(_: unknown, id: number, expression: string): Promise<unknown> {
    return await pageOf(id).evaluate(expression);
  },

  /** Waits until an expression is true there. */
  async awaitDemo(_: unknown, id: number, expression: string): Promise<void> {
    try {
      await pageOf(id).waitForFunction(expression, undefined, { timeout: 15_000 });
    } catch (cause) {
      const seen = await pageOf(id).evaluate("document.getElementById('answers')?.innerText");
      throw new Error(`Waited in vain for ${expression}; the log says: ${seen}`, { cause });
    }
  },

  /** Presses keys, one after the other. */
  async pressInDemo(_: unknown, id: number, keys: readonly string[]): Promise<void> {
    for (const key of keys) await pageOf(id).keyboard.press(key);
  },

  /** Types. */
  async typeInDemo(_: unknown, id: number, text: string): Promise<void> {
    await pageOf(id).keyboard.type(text);
  },

  /** Loads it again, or another state of it. */
  async reloadDemo(_: unknown, id: number, url: string | null): Promise<void> {
    const page = pageOf(id);
    if (url === null) return void await page.reload();
    // Another fragment alone would not load the page.
    await page.goto("about:blank");
    await page.goto(url);
  },

  /** Gives it a file, as the file chooser does. */
  async giveDemoFile(_: unknown, id: number, name: string, base64: string): Promise<void> {
    const buffer = Buffer.from(base64, "base64");
    const file = { name, mimeType: "application/octet-stream", buffer };
    await pageOf(id).locator("input[type=file]").setInputFiles(file);
  },

  /** Evaluates an expression, and returns the file whose download that begins, as base64. */
  async downloadFromDemo(_: unknown, id: number, expression: string): Promise<string> {
    const begun = pageOf(id).waitForEvent("download");
    await pageOf(id).evaluate(expression);
    return readFileSync(await (await begun).path()).toString("base64");
  },

  /** What keeps people out, as far as axe can tell. */
  async examineDemo(_: unknown, id: number): Promise<readonly Barrier[]> {
    await pageOf(id).evaluate(axeSource());
    return await pageOf(id).evaluate<readonly Barrier[]>(`
      axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
        violations.map(({ id, help, nodes }) =>
          ({ id, help, nodes: nodes.map(({ target }) => target.join(" ")) })))`);
  },

  /** Ends a visit. */
  async leaveDemo(_: unknown, id: number): Promise<void> {
    await pageOf(id).close();
    pages.delete(id);
  },
};

declare module "vitest/browser" {
  interface BrowserCommands {
    visitDemo(url: string, facts: VisitorFacts): Promise<number>;
    askDemo(id: number, expression: string): Promise<unknown>;
    awaitDemo(id: number, expression: string): Promise<void>;
    pressInDemo(id: number, keys: readonly string[]): Promise<void>;
    typeInDemo(id: number, text: string): Promise<void>;
    reloadDemo(id: number, url: string | null): Promise<void>;
    giveDemoFile(id: number, name: string, base64: string): Promise<void>;
    downloadFromDemo(id: number, expression: string): Promise<string>;
    examineDemo(id: number): Promise<readonly Barrier[]>;
    leaveDemo(id: number): Promise<void>;
  }
}
