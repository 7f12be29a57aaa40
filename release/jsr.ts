/**
 * `deno task publish:check`: the JSR package, staged, and looked over by `deno publish --dry-run`.
 *
 *     deno task publish:check          asks no registry for anything
 *     cd build/jsr && deno publish     publishes what was checked
 *
 * JSR takes sources as they are and wants a scope in the name, which npm does not need: so the package is
 * `@cowdisk/cowdisk` there, in its manifest, in its README and in the examples of its documentation.
 * Everything else is as in the repository. What goes along is what can be reached from a door, and
 * what is to be read; the check fails when Deno would publish anything else, or less.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import process from "node:process";
import { listFiles, readTree, type SourceFile } from "../test/tidy/source_file.ts";
import { reach } from "../test/tidy/tree.ts";
import { type Config, readConfig, ROOT } from "./config.ts";

/** The name on JSR. */
export const JSR_NAME = "@cowdisk/cowdisk";

/** What is to be read. */
const READ = ["README.md", "CHANGELOG.md", "LICENSE"];

/** What emcc is given, which goes along as it is. */
const EMSCRIPTEN = "src/emulator/emscripten";

/** The package's own name where something is imported from it, or said to be. */
const IMPORTED = /(["`])cowdisk(?=["`/])/g;

/**
 * Gives a file the name that the package has on JSR.
 *
 * @param file The file. Of a source only the comments are touched: what is stored by our name, and what
 * pages say to each other by it, is the same in every package.
 * @returns Its text.
 */
export function renamed(file: SourceFile): string {
  const rename = (text: string) => text.replace(IMPORTED, `$1${JSR_NAME}`);
  if (!file.path.endsWith(".ts")) return rename(file.text);
  let text = "";
  let at = 0;
  for (const { start, end } of file.comments) {
    text += file.text.slice(at, start) + rename(file.text.slice(start, end));
    at = end;
  }
  return text + file.text.slice(at);
}

/** The manifest: `deno.json` without what only the repository needs. */
function manifestOf(config: Config, specifiers: Iterable<string>): string {
  const { version, license, exports, compilerOptions } = config;
  const imports = Object.fromEntries(
    [...specifiers].filter((name) => name in config.imports).sort().map((
      name,
    ) => [name, config.imports[name]]),
  );
  const manifest = { name: JSR_NAME, version, license, exports, imports, compilerOptions };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/**
 * Lays out the files of the JSR package.
 *
 * @param folder Where, with a slash. What is there already is removed.
 * @returns The paths of the files, from the folder, in order.
 */
export function stage(folder = `${ROOT}build/jsr/`): string[] {
  const config = readConfig();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = readTree(ROOT, [".ts", ".md", "LICENSE"]);
  const doors = Object.values(config.exports).map((path) => posix.normalize(path));
  const reached = reach(files, doors, () => true);
  const shipped = files.filter(({ path }) => reached.has(path) || READ.includes(path));
  const specifiers = new Set(shipped.flatMap(({ imports }) => imports.map((each) => each.target)));
  for (const file of shipped) {
    mkdirSync(posix.dirname(folder + file.path), { recursive: true });
    writeFileSync(folder + file.path, renamed(file));
  }
  cpSync(ROOT + EMSCRIPTEN, folder + EMSCRIPTEN, { recursive: true });
  writeFileSync(`${folder}deno.json`, manifestOf(config, specifiers));
  return listFiles(folder, [""]);
}

/** What `deno publish` says that it would publish; it ends the program when it refuses to. */
function publishedBy(folder: string): string[] {
  const words = ["publish", "--dry-run", "--allow-dirty", "--no-lock"];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  const said = stdout + stderr;
  if (status !== 0) {
    process.stderr.write(said);
    process.exit(1);
  }
  const [, list = ""] = said.split("Simulating publish");
  return [...list.matchAll(/^ +file:\/\/(\S+) \(/gm)]
    .map((match) => posix.relative(folder, decodeURIComponent(match[1] ?? "")))
    .sort();
}

if (import.meta.main) {
  const folder = `${ROOT}build/jsr/`;
  const staged = new Set(stage(folder));
  const published = new Set(publishedBy(folder));
  const odd = staged.symmetricDifference(published);
  if (odd.size > 0) {
    process.stderr.write(`Not published as staged:\n${[...odd].join("\n")}\n`);
    process.exit(1);
  }
  process.stdout.write(`${JSR_NAME}: ${published.size} files can be published\n`);
}
