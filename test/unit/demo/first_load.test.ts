/**
 * What a visitor's browser has to fetch before the first strip is drawn: the page, its styles, its
 * code, and the engine's worker. What a tab or a plot fetches later is not counted.
 */
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { build, mergeConfig, type Rolldown } from "vite";
import config from "../../../demo/vite.config.ts";

const BYTES_MAX = 150_000;

type Part = Rolldown.OutputChunk | Rolldown.OutputAsset;

/** The page's parts by file name, built in memory. */
async function buildParts(): Promise<Map<string, Part>> {
  const own = { configFile: false, logLevel: "warn", build: { write: false } };
  const built = await build(mergeConfig(config, own)) as Rolldown.RolldownOutput;
  return new Map(built.output.map((part) => [part.fileName, part]));
}

const bytesOf = (part: Part) => part.type === "chunk" ? part.code : part.source;

/** What a part has fetched at once: static imports, and workers by their file's name in its code. */
function nextOf(part: Part, parts: ReadonlyMap<string, Part>): string[] {
  const code = String(bytesOf(part));
  const isNamed = ({ type, fileName }: Part) =>
    type === "asset" && /\.(js|wasm|css)$/.test(fileName) &&
    (part.fileName.endsWith(".html") ? code.includes(fileName) : isWorker(fileName, code));
  const imports = part.type === "chunk" ? part.imports : [];
  const scripts = part.fileName.endsWith(".html")
    ? [...parts.keys()].filter((name) => code.includes(name))
    : [];
  return [
    ...imports,
    ...scripts,
    ...[...parts.values()].filter(isNamed).map((each) => each.fileName),
  ];
}

function isWorker(fileName: string, code: string): boolean {
  return fileName.endsWith(".js") && code.includes(fileName.replace(/^.*\//, ""));
}

test("the first load is less than 150 kB", async () => {
  const parts = await buildParts();
  const sizes = new Map<string, number>();
  const waiting = ["index.html"];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const part = parts.get(name);
    if (part === undefined || sizes.has(name)) continue;
    sizes.set(name, gzipSync(bytesOf(part)).length);
    waiting.push(...nextOf(part, parts));
  }
  const names = [...sizes.keys()];
  expect(names.some((name) => name.endsWith(".css")), "styles are counted").toBe(true);
  expect(names.some((name) => /worker/.test(name)), "the engine is counted").toBe(true);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const listed = [...sizes].map(([name, size]) => `${name} ${size}`).join("\n");
  expect(total, listed).toBeLessThan(BYTES_MAX);
});
