/// <reference lib="dom" />
/** What it costs to have a disk in a worker: bytes through shared memory, beside bytes handed over. */
import { expect, test } from "vitest";
import { openDiskInWorker } from "../../src/disk/remote/remote_disk.ts";
import type { AsyncDisk } from "../../src/mod.ts";
import { patternOf } from "../../src/testing/mod.ts";
import { medians, timed } from "./disk_marks.ts";

const TURNS = 41;
const SECTORS = 32 * 2048;

/** A disk whose bytes are handed over, as on a page that is not isolated. */
async function withoutSharing(open: () => Promise<AsyncDisk>): Promise<AsyncDisk> {
  const { SharedArrayBuffer } = globalThis;
  Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
  try {
    return await open();
  } finally {
    Object.assign(globalThis, { SharedArrayBuffer });
  }
}

test("bytes through shared memory take no longer than those that are handed over", async () => {
  const worker = new Worker(new URL("./disk_home.worker.ts", import.meta.url), { type: "module" });
  const open = (name: string) =>
    openDiskInWorker(worker, name, { origin: SECTORS, storage: "memory" });
  const disks = {
    shared: await open("shared"),
    "handed over": await withoutSharing(() => open("h")),
  };
  const bytes = patternOf(1, 0, SECTORS);
  for (const disk of Object.values(disks)) await disk.device.write(bytes.subarray(0, 2 ** 24), 0);
  const ratios: number[] = [];
  for (const [sectors, count] of [[8, 64], [128, 32], [2048, 8]] as const) {
    for (const verb of ["write", "read"] as const) {
      const works: Record<string, (turn: number) => Promise<number>> = {};
      for (const [how, { device }] of Object.entries(disks)) {
        const one = (at: number) =>
          device[verb](bytes.subarray(at * sectors * 512, (at + 1) * sectors * 512), at * sectors);
        works[`${how}, one by one`] = () =>
          timed(async () => {
            for (let at = 0; at < count; at++) await one(at);
          });
        works[`${how}, side by side`] = () =>
          timed(() => Promise.all(Array.from({ length: count }, (_, at) => one(at))));
      }
      const times = await medians(TURNS, works);
      for (const order of ["one by one", "side by side"]) {
        const shared = times[`shared, ${order}`]!;
        const handed = times[`handed over, ${order}`]!;
        ratios.push(shared / handed);
        const what = `${verb} ${count} x ${sectors * 512} bytes, ${order}`;
        const of = `${shared.toFixed(2)} ms shared, ${handed.toFixed(2)} ms handed over`;
        // deno-lint-ignore no-console
        console.log(`${what}: ${of}, ${(shared / handed).toFixed(2)}`);
      }
    }
  }
  for (const disk of Object.values(disks)) await disk.close();
  worker.terminate();
  expect(ratios.sort((one, other) => one - other)[ratios.length >> 1]).toBeLessThan(1.1);
});
