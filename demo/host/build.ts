/**
 * `deno task demo:build`: the page, for any static host, into `build/demo`.
 *
 *     deno task demo:build            a few seconds
 *     deno task demo:build --linux    with a Linux, made of Debian's newest packages
 *
 * @module
 */
import { parseArgs } from "node:util";
import { print, printProblem } from "./output.ts";
import { buildPage, PAGE_FOLDER } from "./page_build.ts";

async function main(words: string[]): Promise<number> {
  try {
    const { values } = parseArgs({ args: words, options: { linux: { type: "boolean" } } });
    const { advice } = await buildPage({ linux: values.linux === true ? "newest" : "none" });
    for (const sentence of advice) print(sentence);
  } catch (error) {
    return printProblem((error as Error).message);
  }
  print(`The page is in ${PAGE_FOLDER}: any static host can serve it.`);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
