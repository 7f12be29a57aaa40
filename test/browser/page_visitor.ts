/**
 * Pages of their own, which a test's page, being in a frame, is not: visited by commands.
 *
 * @module
 */
import type { BrowserContext } from "playwright";

/** What a page was like. */
export interface PageFacts {
  readonly title: string;
  readonly isIsolated: boolean;
  /** How often it was loaded until it had its title. */
  readonly loadCount: number;
}

/** How a page is visited. */
export interface VisitOptions {
  /** It is opened once, and reloaded for each visit more. */
  readonly visitCount: number;
  /** Whether its requests go past service workers. */
  readonly bypassWorker: boolean;
}

/** What pages may ask for. The first argument of each is vitest's own. */
export const pageCommands = {
  /** Visits a page, and tells each time what it was like once its title was not `loading` any more. */
  async visitPage(
    { context }: { readonly context: BrowserContext },
    url: string,
    { visitCount, bypassWorker }: VisitOptions,
  ): Promise<PageFacts[]> {
    const page = await context.newPage();
    const facts: PageFacts[] = [];
    try {
      const session = await context.newCDPSession(page);
      await session.send("Network.enable");
      await session.send("Network.setBypassServiceWorker", { bypass: bypassWorker });
      let loadCount = 0;
      page.on("domcontentloaded", () => void loadCount++);
      for (let visit = 0; visit < visitCount; visit++) {
        loadCount = 0;
        // As text: what is run in the page has names that are not there here.
        await (visit === 0 ? page.goto(url) : page.reload());
        await page.waitForFunction("document.title !== 'loading'");
        const isIsolated = await page.evaluate<boolean>("crossOriginIsolated");
        facts.push({ title: await page.title(), isIsolated, loadCount });
      }
    } finally {
      await page.close();
    }
    return facts;
  },
};

declare module "vitest/browser" {
  interface BrowserCommands {
    visitPage(url: string, options: VisitOptions): Promise<PageFacts[]>;
  }
}
