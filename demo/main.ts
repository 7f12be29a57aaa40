/// <reference lib="dom" />
/**
 * The page's program: isolates the page, follows the tabs, and puts the engine and its view together.
 *
 * @module
 */
import { isolateDemo } from "./isolation/isolated.ts";
import { openEngine } from "./view/open_engine.ts";
import { SnapshotPage } from "./view/snapshot_page.ts";
import { followTabs } from "./view/tabs.ts";

const TABS = {
  snapshot: undefined,
  machine: () => import("./machine/mount.ts"),
  bench: () => import("./bench/mount.ts"),
};

async function start(): Promise<void> {
  followTabs(TABS);
  const isLink = location.hash.startsWith("#do=");
  const { engine, words } = await openEngine(isLink ? location.hash : "");
  const page = new SnapshotPage(engine);
  await page.begin(isLink);
  if (words !== "") page.note(words);
  document.body.dataset.state = "begun";
}

if (await isolateDemo() !== "reloading") {
  await start().catch((error: Error) => {
    document.getElementById("strips")!.textContent =
      `The engine cannot be started: ${error.message}`;
  });
}
