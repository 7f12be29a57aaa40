/**
 * Visits to the demo: pages of their own, driven as people drive them, by real keys and files.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { BrowserContext, Page } from "playwright";
import { buildIfNeeded, PAGE_FOLDER } from "../../demo/host/page_build.ts";
import { type PageServer, servePage } from "../../demo/host/page_server.ts";
import { imagesIn, VECTOR_FOLDER } from "../golden/vector_folder.ts";

/** What the visitor has and prefers. */
export interface VisitorFacts {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: "light" | "dark";
  readonly hasScripts?: boolean;
  readonly isCalm?: boolean;
  /** The path that the page is served at. Left out: the host's root. */
  readonly under?: string;
  /** The visit that this one is another page of. Left out: of none. */
  readonly beside?: number;
  /** Of the page, a pattern of what its host has not got. */
  readonly lacks?: string;
}

/** Something that axe finds wrong. */
export interface Barrier {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly string[];
}

/** A page and where it comes from: a server of its own, so that nobody else's storage is there. */
interface Visit {
  readonly page: Page;
  readonly server: PageServer;
  /** Whether the server ends with it. */
  readonly isHost: boolean;
  /** By path, what was fetched, as bytes behind gzip. */
  readonly fetched: Map<string, Promise<number>>;
}

const visits = new Map<number, Visit>();
let visitCount = 0;
/** The page as visitors get it. */
let built: Promise<unknown> | undefined;

function visitOf(id: number): Visit {
  const found = visits.get(id);
  if (found === undefined) throw new RangeError(`Cannot use the visit ${id}: it is over`);
  return found;
}

const pageOf = (id: number) => visitOf(id).page;

/** Layout shifts since the page began, but for those that follow an act of the visitor. */
const WATCH_SHIFTS = `
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      const places = entry.sources.map(({ node }) => {
        const element = node?.parentElement && node.nodeType !== 1 ? node.parentElement : node;
        return (element?.id || element?.className || element?.nodeName) ?? "";
      });
      shifts.push({ value: entry.value, places });
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
    hash: string,
    isIsolated: boolean,
    facts: VisitorFacts,
  ): Promise<number> {
    const { width = 1280, height = 900, colorScheme = "light", hasScripts = true } = facts;
    const { isCalm = false, under = "/" } = facts;
    await (built ??= buildIfNeeded());
    const isHost = facts.beside === undefined;
    const server = isHost
      ? servePage({ folder: PAGE_FOLDER, port: 0, isIsolated, under })
      : visitOf(facts.beside).server;
    const page = await context.newPage();
    const fetched = new Map<string, Promise<number>>();
    page.on("response", (response) => {
      const { pathname } = new URL(response.url());
      fetched.set(pathname, response.body().then((bytes) => gzipSync(bytes).length, () => 0));
    });
    visits.set(++visitCount, { page, server, isHost, fetched });
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, reducedMotion: isCalm ? "reduce" : "no-preference" });
    if (!hasScripts) {
      const session = await context.newCDPSession(page);
      await session.send("Emulation.setScriptExecutionDisabled", { value: true });
    }
    await page.addInitScript(WATCH_SHIFTS);
    if (facts.lacks !== undefined) {
      await page.route(facts.lacks, (route) => route.fulfill({ status: 404 }));
    }
    await page.goto(server.url + hash);
    return visitCount;
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

  /** Puts in text where the focus is. */
  async typeInDemo(_: unknown, id: number, text: string): Promise<void> {
    await pageOf(id).keyboard.insertText(text);
  },

  /** Types a line into the command line, and Enter. */
  async enterInDemo(_: unknown, id: number, line: string): Promise<void> {
    const page = pageOf(id);
    await page.evaluate(`document.querySelector("#command input").focus()`);
    await page.keyboard.insertText(line);
    await page.keyboard.press("Enter");
  },

  /** Presses a key until an element that a selector matches has the focus; says whether one did. */
  async walkInDemo(_: unknown, id: number, key: string, selector: string): Promise<boolean> {
    const page = pageOf(id);
    const isThere = `document.activeElement.matches(${JSON.stringify(selector)})`;
    for (let count = 0; count < 60; count++) {
      if (await page.evaluate<boolean>(isThere)) return true;
      await page.keyboard.press(key);
    }
    return false;
  },

  /** Loads it again, or another state of it. */
  async reloadDemo(_: unknown, id: number, hash: string): Promise<void> {
    const { page, server } = visitOf(id);
    // Another fragment alone would not load the page.
    await page.goto("about:blank");
    await page.goto(server.url + hash);
  },

  /** Gives it one of Linux's images, as the file chooser does, under a name. */
  async giveDemoImage(_: unknown, id: number, name: string, image: string): Promise<void> {
    const buffer = Buffer.from(imagesIn(VECTOR_FOLDER)(image));
    const file = { name, mimeType: "application/octet-stream", buffer };
    await pageOf(id).locator("input[type=file]").setInputFiles(file);
  },

  /**
   * Drags one of Linux's images over its window, as a file under a name, and drops it there; says
   * whether the page has shown that it would take it.
   */
  async dropDemoImage(
    { context }: { readonly context: BrowserContext },
    id: number,
    name: string,
    image: string,
  ): Promise<boolean> {
    const page = pageOf(id);
    const folder = mkdtempSync(join(tmpdir(), "cowdisk-drop-"));
    try {
      const path = join(folder, name);
      writeFileSync(path, imagesIn(VECTOR_FOLDER)(image));
      const session = await context.newCDPSession(page);
      const data = { items: [], files: [path], dragOperationsMask: 1 };
      const drag = (type: "dragEnter" | "dragOver" | "drop") =>
        session.send("Input.dispatchDragEvent", { type, x: 200, y: 200, data });
      await drag("dragEnter");
      await drag("dragOver");
      const isShown = await page.evaluate<boolean>("document.body.matches('.dragging')");
      await drag("drop");
      // The page reads it from where it is.
      await page.waitForFunction(
        `document.querySelector(".answer:last-child:not(.running) .answer-line")?.innerText
          === ${JSON.stringify(`give ${name}`)}`,
      );
      return isShown;
    } finally {
      rmSync(folder, { recursive: true });
    }
  },

  /** Evaluates an expression, and returns the file whose download that begins, as base64. */
  async downloadFromDemo(_: unknown, id: number, expression: string): Promise<string> {
    const begun = pageOf(id).waitForEvent("download");
    await pageOf(id).evaluate(expression);
    return readFileSync(await (await begun).path()).toString("base64");
  },

  /** What its browser has fetched so far, by path: bytes, if the host sends them by gzip. */
  async fetchedByDemo(_: unknown, id: number): Promise<Record<string, number>> {
    const sizes: Record<string, number> = {};
    for (const [path, size] of visitOf(id).fetched) sizes[path] = await size;
    return sizes;
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
    const { page, server, isHost } = visitOf(id);
    visits.delete(id);
    await page.close();
    if (isHost) await server[Symbol.asyncDispose]();
  },
};

declare module "vitest/browser" {
  interface BrowserCommands {
    visitDemo(hash: string, isIsolated: boolean, facts: VisitorFacts): Promise<number>;
    askDemo(id: number, expression: string): Promise<unknown>;
    awaitDemo(id: number, expression: string): Promise<void>;
    pressInDemo(id: number, keys: readonly string[]): Promise<void>;
    enterInDemo(id: number, line: string): Promise<void>;
    typeInDemo(id: number, text: string): Promise<void>;
    walkInDemo(id: number, key: string, selector: string): Promise<boolean>;
    reloadDemo(id: number, hash: string): Promise<void>;
    giveDemoImage(id: number, name: string, image: string): Promise<void>;
    dropDemoImage(id: number, name: string, image: string): Promise<boolean>;
    downloadFromDemo(id: number, expression: string): Promise<string>;
    fetchedByDemo(id: number): Promise<Record<string, number>>;
    examineDemo(id: number): Promise<readonly Barrier[]>;
    leaveDemo(id: number): Promise<void>;
  }
}
