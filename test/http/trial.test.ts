/**
 * The HTTP device over a fixed number of seeds, and over the one in the environment's `SEED` if there
 * is one.
 */
import process from "node:process";
import { expect, test } from "vitest";
import type { HttpDevice } from "../../src/devices/http.ts";
import { type Spoil, type Tally, tryHttp } from "./trial.ts";

const BLOCKS = 2;
const SEEDS_PER_BLOCK = 100;

const sums: Partial<Record<keyof Tally, number>> = {};

for (let block = 0; block < BLOCKS; block++) {
  const first = block * SEEDS_PER_BLOCK;
  const last = first + SEEDS_PER_BLOCK - 1;
  test(`a read has the opened image's bytes or fails, seeds ${first} to ${last}`, async () => {
    for (let seed = first; seed <= last; seed++) {
      const tally = await tryHttp(`${seed}`);
      for (const [name, count] of Object.entries(tally) as [keyof Tally, number][]) {
        sums[name] = (sums[name] ?? 0) + count;
      }
    }
  });
}

test("these seeds have seen reads that succeed, that fail, changes and early ends", () => {
  expect(sums.openedCount).toBeGreaterThan(150);
  expect(sums.readCount! - sums.failedCount!).toBeGreaterThan(4000);
  expect(sums.failedCount).toBeGreaterThan(500);
  expect(sums.changedCount).toBeGreaterThan(100);
  expect(sums.closedCount).toBeGreaterThan(100);
});

const chosen = process.env.SEED;
if (chosen !== undefined && chosen !== "") {
  test(`a read has the opened image's bytes or fails, seed ${chosen}`, async () => {
    await tryHttp(chosen);
  });
}

function reading(read: (device: HttpDevice, target: Uint8Array, sector: number) => Promise<void>) {
  const spoil: Spoil = (device) =>
    new Proxy(device, {
      get(_, name) {
        if (name === "read") {
          return (target: Uint8Array, sector: number) => read(device, target, sector);
        }
        const value: unknown = Reflect.get(device, name);
        return typeof value === "function" ? value.bind(device) : value;
      },
    });
  return spoil;
}

async function failureOf(spoil: Spoil): Promise<string> {
  for (let seed = 0; seed < 20; seed++) {
    try {
      await tryHttp(`${seed}`, spoil);
    } catch (error) {
      return (error as Error).message;
    }
  }
  return "nothing was noticed";
}

test("a device that answers failures with zeroes is caught", async () => {
  const spoil = reading((device, target, sector) =>
    device.read(target, sector).catch(() => void target.fill(0))
  );
  expect(await failureOf(spoil)).toMatch(/ended|zeroes.*replay: SEED=/);
});

test("a device that reads a neighbour is caught", async () => {
  const spoil = reading((device, target, sector) => device.read(target, Math.max(0, sector - 1)));
  expect(await failureOf(spoil)).toMatch(/want sector \d+ of write 1, have sector \d+ of write 1/);
});

test("a device that touches a buffer before it fails is caught", async () => {
  const spoil = reading((device, target, sector) => {
    target[0] = 0;
    return device.read(target, sector);
  });
  expect(await failureOf(spoil)).toContain("has touched its buffer");
});
