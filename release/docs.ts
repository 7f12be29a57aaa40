/**
 * `deno task docs`: the documentation of every door, as pages, in `build/docs/`.
 *
 *     deno task docs           the pages
 *     deno task doc:lint       what `deno doc --lint` says of the doors
 *
 * The pages are Deno's own. Their title has the version. What is changed in them:
 *
 * | Deno writes | here |
 * |---|---|
 * | a symbol's source is where the repository is on this machine | it lies beside the pages |
 * | a symbol is imported from `"."` or `"file"` | from `"cowdisk"`, `"cowdisk/file"` |
 * | a door that is named in a text is a word | it leads to that door's page |
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import process from "node:process";
import { listFiles } from "../test/tidy/source_file.ts";
import { readConfig, ROOT } from "./config.ts";
import { stage } from "./stage.ts";

/** Where the sources are, from the pages' root. */
const SOURCES = "source/";

function denoDoc(folder: string, ...words: string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["doc", ...words], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  if (status !== 0) throw new Error(`Cannot document ${folder}:\n${stdout}${stderr}`);
}

/** Leads from a page to doors and sources; `up` leads from it to the pages' root. */
function linked(page: string, up: string, sources: string, doors: ReadonlySet<string>): string {
  // Deno writes a slash in a link as an entity.
  const written = `file://${sources}`.replaceAll("/", "&#x2F;");
  return page
    .replaceAll(
      new RegExp(`"${written}([^"]*)"`, "g"),
      (_, path: string) => `"${up}${SOURCES}${path.replaceAll("&#x2F;", "/")}.txt"`,
    )
    .replaceAll(/(\bfrom &quot;)(\.|[\w-]+)(?=&quot;;)/g, (all, from: string, door: string) => {
      if (door === ".") return `${from}cowdisk`;
      return doors.has(`./${door}`) ? `${from}cowdisk/${door}` : all;
    })
    .replaceAll(/<code>cowdisk\/([\w-]+)<\/code>/g, (code, door: string) => {
      return doors.has(`./${door}`) ? `<a href="${up}${door}/index.html">${code}</a>` : code;
    });
}

/**
 * Writes the pages.
 *
 * @param folder Where, with a slash. What is there already is removed.
 * @returns The paths of the pages, from the folder, in order.
 * @throws {Error} When something cannot be documented.
 */
export function writeDocs(folder = `${ROOT}build/docs/`): string[] {
  const { name, version, exports } = readConfig();
  const sources = `${folder.slice(0, -1)}-sources/`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const staged = stage(sources, name);
  const title = `--name=${name} ${version}`;
  denoDoc(sources, "--html", title, `--output=${folder}`, ...Object.values(exports));

  const doors = new Set(Object.keys(exports));
  const pages = listFiles(folder, [".html"]);
  for (const path of pages) {
    const up = posix.relative(posix.dirname(path), ".") || ".";
    const page = readFileSync(folder + path, "utf8");
    writeFileSync(folder + path, linked(page, `${up}/`, sources, doors));
  }
  for (const path of staged.filter((each) => each.endsWith(".ts"))) {
    // Servers take .ts for a film.
    mkdirSync(posix.dirname(folder + SOURCES + path), { recursive: true });
    renameSync(sources + path, `${folder}${SOURCES}${path}.txt`);
  }
  rmSync(sources, { recursive: true });
  return pages;
}

if (import.meta.main) {
  if (process.argv.includes("--lint")) {
    const words = ["doc", "--lint", ...Object.values(readConfig().exports)];
    const { status } = spawnSync(process.execPath, words, { cwd: ROOT, stdio: "inherit" });
    process.exit(status ?? 1);
  } else {
    const pages = writeDocs();
    process.stdout.write(`${ROOT}build/docs/index.html: ${pages.length} pages\n`);
  }
}
