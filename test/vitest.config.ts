/** One vitest configuration: where the tests are, and how a name of the import map is found. */
import { availableParallelism } from "node:os";
import { importAliases, ROOT } from "../demo/host/import_map.ts";

export default {
  root: ROOT,
  resolve: { alias: importAliases() },
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    // Left out, one processor is kept free, which of two is half of them.
    maxWorkers: availableParallelism(),
    testTimeout: 60_000,
    server: { deps: { inline: ["deno-std"] } },
  },
};
