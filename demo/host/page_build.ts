/**
 * The page, built: what any static host can serve, in `build/demo`.
 *
 *     index.html, assets/     by Vite, from demo/
 *     service_worker.js       one plain script, for browsers without workers of modules
 *     licenses.md             of everything that is in it and not ours
 *     linux/                  if asked for, a Linux that has booted (linux_guest.ts)
 *
 * It is made beside the place where it belongs and then put there, so whoever serves it meanwhile sees
 * the old one or the new one.
 *
 * **Failure**: without a BIOS the page is built all the same, and its machine says why it cannot start;
 * {@linkcode BuiltPage.advice} says it here.
 *
 * @module
 */
import { join } from "node:path";
import { build, type InlineConfig, mergeConfig } from "vite";
import { SERVICE_WORKER } from "../isolation/service_worker_name.ts";
import { LINUX } from "../machine/linux_facts.ts";
import config from "../vite.config.ts";
import { requireBios } from "./bios.ts";
import { ROOT } from "./import_map.ts";

/** Where the page is. */
export const PAGE_FOLDER: string = join(ROOT, "build/demo");

/** What the page is made of; a page that is older than any of it is old. */
const SOURCES = ["demo", "src", "deno.json", "deno.lock"];
const LICENSES = "licenses.md";

/** A page that was built. */
export interface BuiltPage {
  /** What is missing from it, and what to do; sentences. */
  readonly advice: readonly string[];
}

async function* filesUnder(path: string): AsyncIterable<string> {
  if ((await Deno.stat(path)).isFile) return yield path;
  for await (const { name } of Deno.readDir(path)) yield* filesUnder(join(path, name));
}

async function changedMs(path: string): Promise<number> {
  const facts = await Deno.stat(path).catch(() => null);
  return facts?.mtime?.getTime() ?? 0;
}

/**
 * Builds the page, unless it is there and newer than everything that it is made of. One that had a
 * Linux has one again.
 *
 * @param onBuild Told before it is built.
 */
export async function buildIfNeeded(onBuild: () => void = () => {}): Promise<BuiltPage> {
  if (await isPageCurrent()) return { advice: [] };
  onBuild();
  return await buildPage({ linux: await hasLinux() ? "as before" : "none" });
}

/** Whether the page is there, and newer than everything that it is made of. */
async function isPageCurrent(): Promise<boolean> {
  const builtMs = await changedMs(join(PAGE_FOLDER, "index.html"));
  if (builtMs === 0) return false;
  for (const source of SOURCES) {
    for await (const path of filesUnder(join(ROOT, source))) {
      if (await changedMs(path) > builtMs) return false;
    }
  }
  return true;
}

/** Whether the page that is there has a Linux, which the next one is to have, too. */
async function hasLinux(): Promise<boolean> {
  const facts = join(PAGE_FOLDER, LINUX.folder, LINUX.facts);
  return JSON.parse(await Deno.readTextFile(facts).catch(() => "null")) !== null;
}

/** Warnings are left out: v86 mentions modules of Node, and of a missing BIOS we speak ourselves. */
async function bundle(outDir: string, own: InlineConfig): Promise<void> {
  const common: InlineConfig = { configFile: false, logLevel: "error", build: { outDir } };
  // Whoever builds, be it a test: what is built is what visitors get.
  const before = Deno.env.get("NODE_ENV");
  Deno.env.set("NODE_ENV", "production");
  try {
    await build(mergeConfig(mergeConfig(config, common), own));
  } finally {
    if (before === undefined) Deno.env.delete("NODE_ENV");
    else Deno.env.set("NODE_ENV", before);
  }
}

/** The licenses of what Vite has bundled, and of what is beside it. */
async function addLicenses(folder: string, biosFolder: string | null): Promise<void> {
  if (biosFolder === null) return;
  const notice = await Deno.readTextFile(join(biosFolder, "notice.txt"));
  const fenced = `\n## SeaBIOS\n\n\`\`\`\n${notice.trim()}\n\`\`\`\n`;
  await Deno.writeTextFile(join(folder, LICENSES), fenced, { append: true });
}

/** Says that there is none, so that nobody has to look for it in vain. */
async function addNoLinux(folder: string): Promise<void> {
  await Deno.mkdir(join(folder, LINUX.folder));
  await Deno.writeTextFile(join(folder, LINUX.folder, LINUX.facts), "null");
}

/**
 * Builds the page.
 *
 * @param options Whether it has a Linux: made of the newest packages, or of those that were fetched
 * before.
 * @returns What came of it.
 * @throws {Error} When a source is wrong, or the Linux cannot be had.
 */
export async function buildPage(
  { linux }: { readonly linux: "none" | "newest" | "as before" },
): Promise<BuiltPage> {
  const advice: string[] = [];
  let biosFolder: string | null = null;
  try {
    biosFolder = requireBios();
  } catch (error) {
    advice.push(`The page is built without its machine. ${(error as Error).message}.`);
  }
  await Deno.mkdir(join(ROOT, "build"), { recursive: true });
  const folder = await Deno.makeTempDir({ dir: join(ROOT, "build"), prefix: "demo-" });
  try {
    await bundle(folder, { build: { emptyOutDir: true, license: { fileName: LICENSES } } });
    await bundle(folder, {
      build: {
        emptyOutDir: false,
        copyPublicDir: false,
        rolldownOptions: {
          input: join(ROOT, "demo/isolation/service_worker.ts"),
          output: { format: "iife", entryFileNames: SERVICE_WORKER },
        },
      },
    });
    await addLicenses(folder, biosFolder);
    // The tests' emulator is behind it, which the page has no need of otherwise.
    if (linux === "none") await addNoLinux(folder);
    else await (await import("./linux_guest.ts")).addLinux(folder, linux === "newest");
    await Deno.remove(PAGE_FOLDER, { recursive: true }).catch(() => {});
    await Deno.rename(folder, PAGE_FOLDER);
    await Deno.chmod(PAGE_FOLDER, 0o755);
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
  return { advice };
}
