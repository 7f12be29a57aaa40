/**
 * How the page is put together: every URL in it is relative, so any static host can serve it, from any
 * folder. `deno task demo:build` uses it; `host/page_build.ts` has the rest.
 */
import type { UserConfig } from "vite";
import { importAliases, ROOT } from "./host/import_map.ts";
import { ISOLATION_HEADERS } from "./host/isolation_headers.ts";

export default {
  root: `${ROOT}demo`,
  base: "./",
  cacheDir: `${ROOT}build/vite`,
  // As for visitors, also where tests build it, for which Vite would choose what developers want.
  resolve: { alias: importAliases(), conditions: ["module", "browser", "production"] },
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  // Modules as they are: Vite would look for them late, and reload the page then.
  optimizeDeps: { exclude: ["idb-keyval", "v86"] },
  server: { headers: ISOLATION_HEADERS, fs: { allow: [ROOT] } },
  worker: { format: "es" },
  build: { target: "es2023", reportCompressedSize: false },
} satisfies UserConfig;
