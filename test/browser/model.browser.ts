/// <reference lib="dom" />
/** The model on disks of the browser, which are closed and found again as its snapshots are. */
import { afterAll, describe, expect, inject, test } from "vitest";
import type { HomeWord } from "./disk_homes.ts";
import type { ModelFinding, ModelWish } from "./model.worker.ts";

const worker = new Worker(new URL("./model.worker.ts", import.meta.url), { type: "module" });

afterAll(() => worker.terminate());

function tried(wish: ModelWish): Promise<ModelFinding> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data: finding }) => resolve(finding);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(wish);
  });
}

const HOMES: readonly HomeWord[] = ["idb", "opfs"];

describe.each(HOMES)("every view reads as it should, on disks in %s:", (home) => {
  test.each(inject("longRings")[home].seeds)("seed %s", async (seed) => {
    expect((await tried({ home, seed })).failure).toBeUndefined();
  });
});
