/**
 * `deno task screenshots`: the demo as it looks, into `demo/pictures/`.
 *
 * Each picture is taken of the page as it is built, after a few commands that are typed into it: wide
 * in both schemes, and on a phone.
 *
 * @module
 */
import { chromium, type Page } from "playwright";
import { buildIfNeeded, PAGE_FOLDER } from "../../demo/host/page_build.ts";
import { servePage } from "../../demo/host/page_server.ts";
import { chromiumFlags, findChromium } from "./chromium.ts";

const FOLDER = new URL("../../demo/pictures/", import.meta.url);

/** What is typed before a picture is taken; the last one waits in the middle. */
const LINES: readonly string[] = [];

const PICTURES = [
  { name: "light", width: 1280, height: 900, colorScheme: "light" },
  { name: "dark", width: 1280, height: 900, colorScheme: "dark" },
  { name: "phone", width: 360, height: 740, colorScheme: "light" },
] as const;

async function type(page: Page, line: string): Promise<void> {
  await page.locator("#command input").fill(line);
  await page.keyboard.press("Enter");
  await page.waitForTimeout(150);
}

async function main(): Promise<void> {
  for (const advice of (await buildIfNeeded()).advice) console.error(advice);
  await Deno.mkdir(FOLDER, { recursive: true });
  await using server = servePage({ folder: PAGE_FOLDER, port: 0 });
  const options = { executablePath: findChromium(), args: chromiumFlags() };
  const browser = await chromium.launch(options);
  try {
    for (const { name, width, height, colorScheme } of PICTURES) {
      const viewport = { width, height };
      const page = await browser.newPage({ viewport, colorScheme, reducedMotion: "reduce" });
      await page.goto(server.url);
      await page.locator(".cells").first().waitFor();
      for (const line of LINES) await type(page, line);
      const bytes = await page.screenshot();
      await Deno.writeFile(new URL(`${name}.png`, FOLDER), bytes);
      console.log(`demo/pictures/${name}.png  ${Math.round(bytes.length / 1000)} kB`);
      await page.close();
    }
  } finally {
    await browser.close();
  }
}

await main();
