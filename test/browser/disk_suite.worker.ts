/// <reference lib="dom" />
/** A worker in which a disk lives through its day; it answers with what went wrong. */
import { type HomeWord, storageAt } from "./disk_homes.ts";
import { liveThrough, worldOf } from "./disk_scenario.ts";

self.onmessage = async ({ data: home }: MessageEvent<HomeWord>) => {
  const name = crypto.randomUUID();
  try {
    await liveThrough(worldOf((word) => storageAt({ home, name: `${name}/${word}` })));
    self.postMessage({});
  } catch (error) {
    self.postMessage({ failure: String((error as Error).stack) });
  }
};
