/**
 * One vitest configuration: where the tests are, and how a name of the import map is found.
 *
 * Vite does not read `deno.json`, so each name in `imports` becomes an alias here. The map stays the
 * only list: to move `@std/assert` to another registry, change its line in `deno.json`.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { name, imports, exports } = JSON.parse(readFileSync(`${root}/deno.json`, "utf8"));

const aliasOf = ([find, target]: [string, string]) => ({
  find: new RegExp(`^${find.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`),
  replacement: target.replace(/^npm:((?:@[^/]+\/)?[^@/]+)@[^/]+/, "$1").replace(
    /^\.\//,
    `${root}/`,
  ),
});

export default {
  root,
  resolve: {
    alias: [
      ...Object.entries(imports as Record<string, string>),
      ...Object.entries(exports as Record<string, string>).map(
        ([path, target]): [string, string] => [name + path.slice(1), target],
      ),
    ].map(aliasOf),
  },
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    // Left out, one processor is kept free, which of two is half of them.
    maxWorkers: availableParallelism(),
    testTimeout: 60_000,
    server: { deps: { inline: ["deno-std"] } },
  },
};
