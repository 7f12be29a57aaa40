/**
 * The sources as they leave the house: what a door reaches, under the name that the package has there.
 *
 * | | |
 * |---|---|
 * | goes along | sources that can be reached from a door, what is to be read, what emcc is given |
 * | stays | tests, command line, demo, build, everything else |
 * | is changed | the package's name where comments and README import from it |
 * | is not changed | code: what is stored by our name, and what pages say to each other by it |
 *
 * @module
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import { listFiles, readTree, type SourceFile } from "../test/tidy/source_file.ts";
import { reach } from "../test/tidy/tree.ts";
import { type Config, readConfig, ROOT } from "./config.ts";

/** What is to be read. */
const READ = ["README.md", "CHANGELOG.md", "LICENSE"];

/** What emcc is given, which goes along as it is. */
const EMSCRIPTEN = "src/emulator/emscripten";

/** The package's own name where something is imported from it, or said to be. */
const IMPORTED = /(["`])cowdisk(?=["`/])/g;

/**
 * Makes a file ready to leave.
 *
 * @param file The file.
 * @param name What the package is called where it goes.
 * @returns Its text.
 */
export function ready(file: SourceFile, name: string): string {
  const rename = (text: string) => text.replace(IMPORTED, `$1${name}`);
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
function manifestOf(config: Config, name: string, specifiers: ReadonlySet<string>): string {
  const { version, license, exports, imports: all, compilerOptions } = config;
  const imports = Object.fromEntries(
    Object.entries(all).filter(([specifier]) => specifiers.has(specifier)),
  );
  const manifest = { name, version, license, exports, imports, compilerOptions };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/**
 * Lays out the sources.
 *
 * @param folder Where, with a slash. What is there already is removed.
 * @param name What the package is called there.
 * @returns The paths of the files, from the folder, in order.
 */
export function stage(folder: string, name: string): string[] {
  const config = readConfig();
  rmSync(folder, { recursive: true, force: true });
  const files = readTree(ROOT, [".ts", ".md", "LICENSE"]);
  const doors = Object.values(config.exports).map((path) => posix.normalize(path));
  const reached = reach(files, doors, () => true);
  const shipped = files.filter(({ path }) => reached.has(path) || READ.includes(path));
  const specifiers = new Set(shipped.flatMap(({ imports }) => imports.map((each) => each.target)));
  for (const file of shipped) {
    mkdirSync(posix.dirname(folder + file.path), { recursive: true });
    writeFileSync(folder + file.path, ready(file, name));
  }
  cpSync(ROOT + EMSCRIPTEN, folder + EMSCRIPTEN, { recursive: true });
  writeFileSync(`${folder}deno.json`, manifestOf(config, name, specifiers));
  return listFiles(folder, [""]);
}
