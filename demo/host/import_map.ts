/**
 * The names of `deno.json` for Vite and vitest, which do not read it.
 *
 * Each name in `imports`, and each door in `exports`, becomes an alias. The map stays the only list: to
 * move `@std/assert` to another registry, change its line in `deno.json`.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The repository's root, with a slash at its end. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A name, whole, and what Vite finds in its place. */
export interface Alias {
  readonly find: RegExp;
  readonly replacement: string;
}

const aliasOf = ([name, target]: [string, string]): Alias => ({
  find: new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`),
  replacement: target.replace(/^npm:((?:@[^/]+\/)?[^@/]+)@[^/]+/, "$1").replace(/^\.\//, ROOT),
});

/**
 * Reads the names.
 *
 * @returns One alias for each.
 */
export function importAliases(): Alias[] {
  const { name, imports, exports } = JSON.parse(readFileSync(`${ROOT}deno.json`, "utf8"));
  const doors = Object.entries<string>(exports).map(
    ([path, target]): [string, string] => [name + path.slice(1), target],
  );
  return [...Object.entries<string>(imports), ...doors].map(aliasOf);
}
