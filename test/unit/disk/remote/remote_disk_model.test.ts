/**
 * Random lives of a disk in another home, beside the model that disks of this thread have.
 */
import "fake-indexeddb/auto";
import process from "node:process";
import { test } from "vitest";
import { createMemoryDevice } from "../../../../src/devices/mod.ts";
import { openDiskInWorker } from "../../../../src/disk/remote/remote_disk.ts";
import { patternOf } from "../../../../src/testing/mod.ts";
import { SECTOR_COUNT, tryDiskThatIs } from "../disk_model.ts";
import { openHome } from "./home.ts";

const THIS_FILE = "test/unit/disk/remote/remote_disk_model.test.ts";
const ORIGIN = new Uint8Array(patternOf(77, 0, SECTOR_COUNT));

async function tryRemote(seed: string, content?: Uint8Array<ArrayBuffer>): Promise<void> {
  using home = openHome();
  const origin = content === undefined
    ? SECTOR_COUNT
    : createMemoryDevice({ sectorCount: SECTOR_COUNT, content, readOnly: true });
  const openDisk = (branch: string) =>
    openDiskInWorker(home.worker, `trial ${seed}`, { origin, storage: "indexeddb", branch });
  await tryDiskThatIs(openDisk, seed, THIS_FILE, content);
}

const chosen = process.env.SEED;
if (chosen !== undefined) test(`the seed ${chosen}`, () => tryRemote(chosen));

test("a disk in another home shows what its model says", async () => {
  for (let seed = 0; seed < 30; seed++) await tryRemote(`remote/${seed}`);
});

test("so does one on an origin that is lent to it", async () => {
  for (let seed = 0; seed < 15; seed++) await tryRemote(`lent/${seed}`, ORIGIN);
});
