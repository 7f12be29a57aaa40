/// <reference lib="dom" />
/** The golden vectors on disks of the browser: origin and COW lie there, and outlive every boot. */
import { afterAll, describe, expect, inject, test } from "vitest";
import type { HomeWord } from "./disk_homes.ts";
import type { GoldenFinding, GoldenWish } from "./golden.worker.ts";

const worker = new Worker(new URL("./golden.worker.ts", import.meta.url), { type: "module" });

await new Promise((resolve, reject) => {
  worker.onmessage = resolve;
  worker.onerror = ({ message }) => reject(new Error(message));
});

afterAll(() => worker.terminate());

function replayed(wish: GoldenWish): Promise<GoldenFinding> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data: finding }) => resolve(finding);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(wish);
  });
}

const HOMES: readonly HomeWord[] = ["idb", "opfs"];

describe.each(HOMES)("we answer as Linux did, on disks in %s:", (home) => {
  test.each(inject("longRings")[home].vectors)("%s", async (name) => {
    const { compared, wrong } = await replayed({ home, name });
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(0);
  });
});
