/**
 * The browser run: every `*.browser.ts` in Chromium, twice.
 *
 * | project | headers | so |
 * |---|---|---|
 * | `isolated` | COOP and COEP | `crossOriginIsolated`: shared memory can be posted to workers |
 * | `plain` | none | as on most pages: shared memory can be made, and not be posted |
 *
 * Vite serves the sources as they are; what is in the import map is found as in the ordinary
 * configuration. Files run one after the other: there are few cores, and storage has one quota.
 */
import { basename } from "node:path";
import process from "node:process";
import { playwright } from "@vitest/browser-playwright";
import type { ProvidedContext } from "vitest";
import { ISOLATION_HEADERS } from "../../demo/host/isolation_headers.ts";
import ordinary from "../vitest.config.ts";
import { chromiumFlags, findChromium } from "./chromium.ts";
import { listVectors, VECTOR_FOLDER } from "../golden/vector_folder.ts";
import type { HomeWord } from "./disk_homes.ts";
import { imageServerCommands } from "./image_server.ts";
import { demoCommands } from "./demo_visitor.ts";
import { linuxGuestCommands } from "./linux_guest.ts";
import { pageCommands } from "./page_visitor.ts";
import { tabCommands } from "./tabs.ts";

const { root, resolve } = ordinary;

/** Where the browser keeps its profiles. */
const profiles = process.env.COWDISK_BROWSER_PROFILES ?? `${root}build/browser/profiles`;

/** Whether speed is measured instead. */
const isMarks = process.env.COWDISK_BROWSER_MARKS === "1";

/** Memory is measured when it is asked for, not some twenty seconds later. */
const MEASURING = "--enable-blink-features=ForceEagerMeasureMemory";

declare module "vitest" {
  interface ProvidedContext {
    isIsolated: boolean;
    /** Names of golden vectors and seeds of the model, by where the disks are. */
    longRings: Record<HomeWord, { vectors: string[]; seeds: string[] }>;
  }
}

/** What pages have in place of Node's. */
const CRYPTO = `${root}test/browser/node_crypto.ts`;

/** Whether the long rings run whole. */
const isWhole = process.env.COWDISK_BROWSER_WHOLE === "1";

/** Which golden vectors are replayed, from the first one on every so many, and how many seeds. */
const SHARES = {
  isolated: { opfs: { first: 0, every: 1, seeds: 15 }, idb: { first: 3, every: 6, seeds: 15 } },
  plain: { opfs: { first: 5, every: 6, seeds: 10 }, idb: { first: 1, every: 6, seeds: 10 } },
};

/** What a project runs of the rings that would take long. */
function longRings(project: keyof typeof SHARES): ProvidedContext["longRings"] {
  const all = listVectors(VECTOR_FOLDER).map((path) => basename(path, ".json"));
  const shareOf = (home: HomeWord) => {
    const { first, every, seeds } = SHARES[project][home];
    return {
      vectors: isWhole ? all : all.filter((_, at) => at % every === first),
      seeds: Array.from({ length: isWhole ? 100 : seeds }, (_, at) => `${project}-${home}-${at}`),
    };
  };
  return { opfs: shareOf("opfs"), idb: shareOf("idb") };
}

/**
 * The demo. The page is isolated in both projects, by its host or by a service worker, which
 * `demo_host.browser.ts` asks in both; what is in its tabs is the same then.
 */
const TABS = ["access", "bench", "guide", "machine", "story", "strips"].map((name) =>
  `test/browser/demo_${name}.browser.ts`
);

function project(name: keyof typeof SHARES, headers: Record<string, string>) {
  return {
    root,
    resolve: { alias: [...resolve.alias, { find: "node:crypto", replacement: CRYPTO }] },
    cacheDir: `${root}build/browser/${name}`,
    logLevel: "error",
    // A service worker's scope may be wider than the folder that its script is in.
    server: { headers: { ...headers, "Service-Worker-Allowed": "/" } },
    // What is found late is bundled late, and that reloads the page in the middle of a test. Packages
    // that are modules already need no bundle.
    optimizeDeps: {
      exclude: [
        "deno-std",
        "fake-indexeddb",
        "hash-wasm",
        "idb-keyval",
        "lit-html",
        "uplot",
        "v86",
      ],
    },
    test: {
      name,
      include: [`test/browser/**/*.${isMarks ? "marks" : "browser"}.ts`],
      exclude: name === "plain" ? TABS : [],
      testTimeout: 60_000,
      fileParallelism: false,
      provide: { isIsolated: name === "isolated", longRings: longRings(name) },
      browser: {
        enabled: true,
        connectTimeout: 30_000,
        headless: true,
        screenshotFailures: false,
        provider: playwright({
          // A profile on the disk: without one storage lies in memory, and quotas are not minded.
          persistentContext: `${profiles}/${name}`,
          launchOptions: { executablePath: findChromium(), args: [...chromiumFlags(), MEASURING] },
        }),
        // Image hosts are servers, which a page cannot be; nor can it be outside of its frame, or
        // make a guest of packages.
        commands: {
          ...demoCommands,
          ...imageServerCommands,
          ...linuxGuestCommands,
          ...pageCommands,
          ...tabCommands,
        },
        instances: [{ browser: "chromium" }],
      },
    },
  };
}

const isolated = project("isolated", ISOLATION_HEADERS);
const projects = isMarks ? [isolated] : [isolated, project("plain", {})];

export default {
  root,
  test: { projects, passWithNoTests: false, maxWorkers: 1 },
};
