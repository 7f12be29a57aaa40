/**
 * `deno task test:browser`: the browser's devices, in a real Chromium.
 *
 *     deno task test:browser                       everything, with and without isolation
 *     deno task test:browser idb                   files whose path contains this
 *     deno task test:browser --project plain       one of the two projects
 *     deno task test:browser --whole               golden vectors and the model without leaving out any
 *     deno task test:browser --marks               how fast it is, on this machine's disk
 *
 * Words that follow are vitest's. Finds Chromium and a BIOS, or fetches them; ends with a sentence and
 * status 1 when there is none.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { requireBios } from "../../demo/host/bios.ts";
import { findChromium } from "./chromium.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs vitest in this very Deno, with the browser that was found. */
async function main(all: readonly string[]): Promise<number> {
  const words = all.filter((word) => word !== "--marks" && word !== "--whole");
  const flag = (word: string) => all.includes(word) ? "1" : "";
  let browser: string;
  try {
    browser = findChromium();
    requireBios();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 1;
  }
  // Profiles of its own: what another run has left is charged to the quota, and one may run now.
  mkdirSync(`${root}build/browser`, { recursive: true });
  const profiles = mkdtempSync(`${root}build/browser/profiles-`);
  const vitest = spawn(
    process.execPath,
    ["run", "-A", "npm:vitest@5.1.1", "run", "--config", "test/browser/vitest.config.ts", ...words],
    {
      cwd: root,
      stdio: "inherit",
      env: {
        ...process.env,
        COWDISK_CHROMIUM: browser,
        COWDISK_BROWSER_MARKS: flag("--marks"),
        COWDISK_BROWSER_WHOLE: flag("--whole"),
        COWDISK_BROWSER_PROFILES: profiles,
      },
    },
  );
  // Whoever ends us means the browser, too.
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => vitest.kill(signal));
  }
  const [status] = await once(vitest, "exit");
  rmSync(profiles, { recursive: true, force: true });
  return status ?? 1;
}

process.exit(await main(process.argv.slice(2)));
