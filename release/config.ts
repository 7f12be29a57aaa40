/**
 * What is shipped, as `deno.json` says it: name, version, doors, the packages that sources name.
 *
 * There is no second list of anything. What a registry wants beside that is below.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the repository, with a slash. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What a registry shows, in a line. */
export const DESCRIPTION =
  "A virtual disk with copy-on-write snapshots, in a browser or in Deno: Linux device-mapper's " +
  "snapshot stack, with COW images in Linux's own format";

/** What is read of `deno.json`. */
export interface Config {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** The doors: a path behind the name, and the source that it opens. */
  readonly exports: Readonly<Record<string, string>>;
  /** The import map: a name, and the package that it stands for, `npm:name@version/path`. */
  readonly imports: Readonly<Record<string, string>>;
  readonly compilerOptions: Readonly<Record<string, unknown>>;
  /** Which files are published, as Deno reads it. */
  readonly publish: { readonly include: readonly string[]; readonly exclude: readonly string[] };
}

/**
 * Reads `deno.json`.
 *
 * @returns What it says.
 */
export function readConfig(): Config {
  return JSON.parse(readFileSync(`${ROOT}deno.json`, "utf8"));
}

/**
 * Finds the packages behind names that sources import.
 *
 * @param config What `deno.json` says.
 * @param specifiers What is imported; relative paths and what the runtime brings are passed over.
 * @returns Names of packages, and their versions, in the order of the names.
 * @throws {Error} When a name is not in the import map.
 */
export function packagesOf(config: Config, specifiers: Iterable<string>): Record<string, string> {
  const packages = new Map<string, string>();
  for (const specifier of specifiers) {
    if (/^(\.|node:)/.test(specifier)) continue;
    const target = config.imports[specifier] ?? "";
    const [, name, version] = /^npm:((?:@[^/]+\/)?[^@/]+)@([^/]+)/.exec(target) ?? [];
    if (name === undefined || version === undefined) {
      throw new Error(`Cannot ship an import of "${specifier}": the import map has no npm: for it`);
    }
    packages.set(name, version);
  }
  return Object.fromEntries([...packages].sort());
}
