/**
 * `deno task screenshots`: the demo as it looks, into `demo/pictures/`.
 *
 * Each picture is taken of the page as it is built, after a few commands that are typed into it: wide
 * in both schemes, and on a phone.
 *
 * @module
 */
import process from "node:process";
import { chromium, type Page } from "playwright";
import { buildIfNeeded, PAGE_FOLDER } from "../../demo/host/page_build.ts";
import { servePage } from "../../demo/host/page_server.ts";
import { chromiumFlags, findChromium } from "./chromium.ts";

const FOLDER = new URL("../../demo/pictures/", import.meta.url);

/** A story that shows what there is; it is told by a link. */
const STORY = [
  ...["write origin 0-47", "snapshot monday", "write origin 5", "write origin 20-22"],
  ...["write monday 30", "write origin 40", "write origin 20"],
].map((line) => line.replaceAll(" ", "+")).join("~");

/** What is typed then: a write that waits in the middle. */
const LINES = ["pause", "write origin 12", "step", "step", "step"] as const;

/** Which way the keys go along monday, to a chunk of its own. */
const PATH = ["Home", ...Array(5).fill("ArrowRight")];

/** What a picture in the repository may take. */
const BYTES_MAX = 150_000;

const PICTURES = [
  { name: "light", width: 1100, height: 740, colorScheme: "light" },
  { name: "dark", width: 1100, height: 740, colorScheme: "dark" },
  { name: "phone", width: 360, height: 740, colorScheme: "light" },
] as const;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function type(page: Page, line: string): Promise<void> {
  await page.locator("#command input").fill(line);
  await page.keyboard.press("Enter");
  await page.waitForTimeout(150);
}

async function main(): Promise<void> {
  for (const advice of (await buildIfNeeded()).advice) print(advice);
  await Deno.mkdir(FOLDER, { recursive: true });
  await using server = servePage({ folder: PAGE_FOLDER, port: 0 });
  const options = {
    executablePath: findChromium(),
    args: chromiumFlags(),
  };
  const browser = await chromium.launch(options);
  try {
    for (const { name, width, height, colorScheme } of PICTURES) {
      const viewport = { width, height };
      const page = await browser.newPage({ viewport, colorScheme, reducedMotion: "reduce" });
      await page.goto(`${server.url}#do=${STORY}`);
      await page.locator("body[data-state=begun]").waitFor();
      for (const line of LINES) await type(page, line);
      await page.locator(".cells").nth(1).focus();
      for (const key of PATH) await page.keyboard.press(key);
      await page.evaluate("scrollTo(0, 0)");
      await page.waitForTimeout(300);
      const bytes = await page.screenshot();
      await Deno.writeFile(new URL(`${name}.png`, FOLDER), bytes);
      if (bytes.length > BYTES_MAX) throw new RangeError(`${name}.png is ${bytes.length} bytes`);
      print(`demo/pictures/${name}.png  ${Math.round(bytes.length / 1000)} kB`);
      await page.close();
    }
  } finally {
    await browser.close();
  }
}

await main();
