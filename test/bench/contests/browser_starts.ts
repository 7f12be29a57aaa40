/**
 * Beginning in a browser: a module is fetched, compiled and run, until a stack has been read. The page
 * takes the time itself; what it takes to tell a browser to open one does not count.
 *
 * Each visit has a context of its own, so no cache knows the module.
 *
 * @module
 */
import { chromium } from "playwright";
import { chromiumFlags } from "../../browser/chromium.ts";
import { isSmoke } from "../harness/contest.ts";
import { bundle } from "./starts.ts";

/** What is imported: the floor, and cowdisk. */
const PROGRAMS = ["nothing.ts", "first_read.ts"] as const;

/** Runs in the page, so it is text; the answer is milliseconds. */
const importText = (path: string) =>
  `(async () => {
  const begunMs = performance.now();
  await import("/${path}");
  return performance.now() - begunMs;
})()`;

/** A page that holds nothing, and the programs, bundled, each under its name. */
async function createAnswer(): Promise<(request: Request) => Response> {
  const codes = new Map<string, string>();
  for (const name of PROGRAMS) codes.set(`/${name}`, await bundle(name));
  return ({ url }) => {
    const code = codes.get(new URL(url).pathname);
    const type = code === undefined ? "text/html" : "text/javascript";
    return new Response(code ?? "<!doctype html><title>cowdisk</title>", {
      headers: { "content-type": type },
    });
  };
}

/**
 * Imports both by turns, and once before the first round that counts.
 *
 * @param executablePath The browser.
 * @param roundCount How many rounds count.
 * @returns Nanoseconds of the floor and of cowdisk, round by round.
 */
export async function importInBrowser(
  executablePath: string,
  roundCount: number,
): Promise<readonly (readonly number[])[]> {
  const costs: number[][] = PROGRAMS.map(() => []);
  const where = { port: 0, hostname: "127.0.0.1", onListen() {} };
  await using server = Deno.serve(where, await createAnswer());
  const browser = await chromium.launch({ executablePath, args: chromiumFlags() });
  try {
    for (let round = isSmoke ? 0 : -1; round < roundCount; round++) {
      for (const [index, name] of PROGRAMS.entries()) {
        const context = await browser.newContext();
        const page = await context.newPage();
        await page.goto(`http://127.0.0.1:${server.addr.port}/`);
        const ms = await page.evaluate<number>(importText(name));
        if (round >= 0) costs[index]?.push(ms * 1e6);
        await context.close();
      }
    }
  } finally {
    await browser.close();
  }
  return costs;
}
