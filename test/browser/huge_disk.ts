/**
 * A disk of a tebibyte: written here and there, with snapshots, gone back, closed and opened again.
 *
 * It runs in pages and in workers alike, so it throws where it is not satisfied.
 */
import { assert, assertEquals } from "@std/assert";
import { type BlockDevice, Disk, type DiskStorage } from "../../src/mod.ts";
import { sharedFramePool } from "../../src/devices/frame_pool.ts";
import { patternOf, Prng, verifySectors } from "../../src/testing/mod.ts";

const SECTORS = 2 ** 31;
const CHUNK_SECTORS = 8;
const PLACES = 400;

/** What layers may keep in memory; far less than what is written. */
export const CACHE_BYTES = 256 * 1024;

/** Layers and manifest that are open at one time, each with its own cache. */
const DEVICES_MAX = 4;

/** Chunks all over the disk, its first and its last one among them. */
function drawPlaces(): number[] {
  const prng = Prng.fromSeed("a tebibyte");
  const chunks = new Set([0, SECTORS / CHUNK_SECTORS - 1]);
  while (chunks.size < PLACES) chunks.add(prng.int(SECTORS / CHUNK_SECTORS));
  return [...chunks].map((chunk) => chunk * CHUNK_SECTORS);
}

async function write(device: BlockDevice, places: readonly number[], round: number): Promise<void> {
  for (const [at, sector] of places.entries()) {
    await device.write(patternOf(round, sector, CHUNK_SECTORS), sector);
    if (at % 50 === 49) await device.flush();
  }
  await device.flush();
}

async function expectRound(device: BlockDevice, places: readonly number[], round: number) {
  const found = new Uint8Array(CHUNK_SECTORS * 512);
  for (const sector of places) {
    await device.read(found, sector);
    verifySectors(found, patternOf(round, sector, CHUNK_SECTORS), sector, `round ${round}`);
  }
  // Beside what was written there is nothing.
  await device.read(found.subarray(0, 512), 12_345_678);
  assertEquals(found.subarray(0, 512), new Uint8Array(512));
}

/** Writes on, and tells the most kernel memory that was held meanwhile. */
async function peakBytes(work: (look: () => void) => Promise<void>): Promise<number> {
  const pool = sharedFramePool();
  const before = pool.usedBytes;
  let most = 0;
  await work(() => void (most = Math.max(most, pool.usedBytes - before)));
  assertEquals(pool.usedBytes, before, "all memory is given back");
  return most;
}

/** Lives through it. The storage keeps its devices with {@linkcode CACHE_BYTES} each. */
export async function liveLarge(open: () => Promise<DiskStorage>): Promise<void> {
  const places = drawPlaces();
  const half = places.slice(0, PLACES / 2);
  const most = await peakBytes(async (look) => {
    {
      await using storage = await open();
      await using disk = await Disk.open("huge", { origin: SECTORS, storage });
      for (let from = 0; from < PLACES; from += 50) {
        await write(disk.device, places.slice(from, from + 50), 1);
        look();
      }
      await disk.snapshot("one");
      await write(disk.device, half, 2);
      look();
      await expectRound(disk.device, half, 2);
      look();
    }
    {
      await using storage = await open();
      await using disk = await Disk.open("huge", { origin: SECTORS, storage });
      await expectRound(disk.device, half, 2);
      await disk.rollback("one");
      await expectRound(disk.device, places, 1);
      look();
      disk.check();
    }
    await using storage = await open();
    for (const device of await storage.list()) await storage.remove(device);
  });
  assert(most <= DEVICES_MAX * CACHE_BYTES, `${most} bytes of kernel memory were held`);
}
