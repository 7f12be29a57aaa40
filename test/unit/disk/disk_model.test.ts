/**
 * Random lives of a disk, each beside a model that holds every state as a whole copy; and the one of
 * the environment's `SEED` if there is one.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { expect, test } from "vitest";
import { openDirectoryStorage } from "../../../src/disk/storage/directory_storage.ts";
import { createMemoryStorage } from "../../../src/disk/storage/memory_storage.ts";
import { patternOf } from "../../../src/testing/mod.ts";
import { SECTOR_COUNT, tryDisk, tryDiskBesideReaders } from "./disk_model.ts";
import { slowOrigin } from "./origins.ts";

const ORIGIN = patternOf(77, 0, SECTOR_COUNT);
const QUICK_DIRECTORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const chosen = process.env.SEED;

async function tryInMemory(seed: string): Promise<void> {
  await using storage = createMemoryStorage();
  await tryDisk(seed, { origin: SECTOR_COUNT, storage });
}

/** A seed tells what is tried: a failure's is one word. */
function tryWhatIsMeant(seed: string): Promise<void> {
  return seed.startsWith("readers/") ? tryDiskBesideReaders(seed) : tryInMemory(seed);
}

if (chosen !== undefined) test(`the seed ${chosen}`, () => tryWhatIsMeant(chosen));

for (let block = 0; block < 4; block++) {
  test(`a disk shows what its model says, block ${block} of seeds`, async () => {
    for (let seed = 0; seed < 60; seed++) await tryInMemory(`${block}/${seed}`);
  }, 60_000);
}

test("so does one on an origin that is waited for", async () => {
  for (let seed = 0; seed < 40; seed++) {
    await using storage = createMemoryStorage();
    await tryDisk(`slow/${seed}`, { origin: slowOrigin(ORIGIN), storage }, ORIGIN);
  }
}, 60_000);

test("so does one beside readers, each of which shows one moment, and after crashes", async () => {
  for (let seed = 0; seed < 100; seed++) await tryDiskBesideReaders(`readers/${seed}`);
}, 60_000);

test("so does one in a directory, with every write durable or every flush", async () => {
  for (let seed = 0; seed < 20; seed++) {
    const directory = mkdtempSync(join(QUICK_DIRECTORY, "cowdisk-"));
    try {
      await using storage = openDirectoryStorage(directory);
      const durability = seed % 2 === 0 ? "each" : "flush";
      await tryDisk(`directory/${seed}`, { origin: SECTOR_COUNT, storage, durability });
    } finally {
      rmSync(directory, { recursive: true });
    }
  }
}, 60_000);

test("a failure tells its seed, what was done, and how to have it again", async () => {
  await using storage = createMemoryStorage();
  // The model is told of another origin than the disk.
  const trial = tryDisk("a seed", { origin: SECTOR_COUNT, storage }, ORIGIN);
  await expect(trial).rejects.toThrow(/SEED="a seed" deno task test:unit[^]*write/);
});
