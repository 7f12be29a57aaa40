/// <reference lib="dom" />
/** How fast the IndexedDB device is, by the size of its records: what its default was chosen by. */
import { expect, test } from "vitest";
import { openIdbDevice, removeIdbDevice } from "../../src/devices/idb.ts";
import { patternOf, Prng } from "../../src/testing/mod.ts";

const MIB_SECTORS = 2048;
const FILLED_SECTORS = 16 * MIB_SECTORS;
const TURNS = 100;

async function timed(times: number, work: (turn: number) => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  for (let turn = 0; turn < times; turn++) await work(turn);
  return (performance.now() - startMs) / times;
}

/** Milliseconds of each kind of work. */
async function measure(recordSectors: number): Promise<Record<string, number>> {
  const name = `marks-${recordSectors}`;
  await removeIdbDevice(name);
  const create = { sectorCount: FILLED_SECTORS, recordSectors };
  const open = () => openIdbDevice(name, { cacheBytes: 64 << 20 });
  await (await openIdbDevice(name, { create })).close();
  const prng = Prng.fromSeed("idb marks");
  const draw = () => 8 * prng.int(FILLED_SECTORS / 8);

  let device = await open();
  const mebibyte = patternOf(1, 0, MIB_SECTORS);
  const block = patternOf(2, 0, 8);
  const fill = await timed(16, async (turn) => {
    await device.write(mebibyte, turn * MIB_SECTORS);
    await device.flush();
  });
  await device.close();
  device = await open();
  const scatter = await timed(TURNS, async () => {
    await device.write(block, draw());
    await device.flush();
  });
  const gather = await timed(10, async () => {
    for (let write = 0; write < 50; write++) await device.write(block, draw());
    await device.flush();
  });
  await device.close();
  device = await open();
  const pick = await timed(TURNS, () => device.read(block, draw()));
  await device.close();
  device = await open();
  const scan = await timed(16, (turn) => device.read(mebibyte, turn * MIB_SECTORS));
  await device.close();
  await removeIdbDevice(name);
  return { fill, scan, scatter, gather, pick };
}

test(
  "records of every size, in milliseconds: 1 MiB written+flushed, 1 MiB read, 4 KiB written+flushed, 50 of them by one flush, 4 KiB read",
  { timeout: 300_000 },
  async () => {
    for (const recordSectors of [8, 16, 32, 64, 128, 256, 512]) {
      const times = await measure(recordSectors);
      const row = Object.entries(times).map(([what, ms]) => `${what} ${ms.toFixed(2)}`).join("  ");
      // deno-lint-ignore no-console
      console.log(`${recordSectors / 2} KiB: ${row}`);
      expect(times.scatter).toBeLessThan(1000);
    }
  },
);
