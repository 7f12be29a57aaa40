/// <reference lib="dom" />
/** A worker that tries seeds of the model on disks of the browser, by the asynchronous face. */
import { runAsync } from "../../src/block/plan.ts";
import { planTrial } from "../model/trial.ts";
import { BrowserDisks } from "./browser_disks.ts";
import type { HomeWord } from "./disk_homes.ts";

/** What is to be tried. */
export interface ModelWish {
  readonly home: HomeWord;
  readonly seed: string;
}

/** What became of it. */
export interface ModelFinding {
  readonly failure?: string;
}

async function tryOn({ home, seed }: ModelWish): Promise<void> {
  await using disks = new BrowserDisks(home);
  const { createDisk } = disks;
  await runAsync(planTrial({ seed, createDisk }));
}

self.onmessage = async ({ data: wish }: MessageEvent<ModelWish>) => {
  let finding: ModelFinding = {};
  try {
    await tryOn(wish);
  } catch (error) {
    finding = { failure: String((error as Error).stack) };
  }
  self.postMessage(finding);
};
