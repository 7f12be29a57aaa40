import { expect, test } from "vitest";
import { checked } from "../../../src/block/checked.ts";
import type { BlockDevice } from "../../../src/block/device.ts";
import { runAsync, runSync } from "../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../src/devices/mod.ts";
import { openHttpDevice } from "../../../src/devices/http.ts";
import { planCompareIdentity, planIdentity } from "../../../src/disk/origin_identity.ts";
import { patternOf } from "../../../src/testing/mod.ts";

function device(sectorCount: number, seed = 1): ReturnType<typeof createMemoryDevice> {
  return createMemoryDevice({ sectorCount, content: patternOf(seed, 0, sectorCount) });
}

function faultBetween(one: BlockDevice, other: BlockDevice, isWhole = false): string | null {
  return runSync(planCompareIdentity(other, runSync(planIdentity(one, isWhole)))).fault;
}

const SIZES = [1, 7, 8, 9, 255, 256, 257, 5000];

test.each(SIZES)("an origin of %i sectors is recognized, and another one is not", (size) => {
  for (const isWhole of [true, false]) {
    expect(faultBetween(device(size), device(size), isWhole)).toBe(null);
    expect(faultBetween(device(size), device(size, 2), isWhole)).toMatch(/^has changed: /);
    expect(faultBetween(device(size), device(size + 1), isWhole)).toBe(
      `has ${size + 1} sectors, want ${size}`,
    );
  }
});

test("all of it tells of every change, samples of one in the first or the last sector", () => {
  for (const [sector, isWhole] of [[0, false], [4999, false], [0, true], [2500, true]] as const) {
    const changed = device(5000);
    changed.writeSync(patternOf(9, sector, 1), sector);
    const fault = faultBetween(device(5000), changed, isWhole);
    expect(fault).toMatch(isWhole ? /its contents hash to/ : /samples of its contents hash to/);
  }
});

test("samples cost as much for a small origin as for a large one", () => {
  let readSectors = 0;
  const large = checked({
    name: "large",
    sectorCount: 2 ** 31,
    supports: { write: false, discard: false, discardZeroes: false, permanence: true },
    readSync: (target) => void (readSectors += target.length / 512),
    writeSync() {},
    flushSync() {},
    closeSync() {},
  });
  runSync(planIdentity(large, false));
  expect(readSectors).toBe(32 * 8);
});

test("a tag tells versions apart, before contents are believed", () => {
  const one = Object.defineProperties(device(100), { tag: { value: "v1" } });
  const other = Object.defineProperties(device(100), { tag: { value: "v2" } });
  expect(faultBetween(one, other)).toBe("has changed: it is version v2, want v1");
  expect(faultBetween(one, one)).toBe(null);
  // A copy that has no tag is recognized by what it holds.
  expect(faultBetween(one, device(100))).toBe(null);
});

/** A web server of one image. */
function served(bytes: Uint8Array<ArrayBuffer>, headers: Record<string, string>) {
  return (_url: string, { headers: asked }: RequestInit) => {
    const [first = 0, last = 0] = new Headers(asked).get("Range")!.slice(6).split("-").map(Number);
    const end = Math.min(last + 1, bytes.length);
    const range = `bytes ${first}-${end - 1}/${bytes.length}`;
    const answer = { status: 206, headers: { "Content-Range": range, ...headers } };
    return Promise.resolve(new Response(bytes.slice(first, end), answer));
  };
}

test("an image on a web server is known by its ETag, or else by its date", async () => {
  const bytes = patternOf(1, 0, 100) as Uint8Array<ArrayBuffer>;
  const date = "Sun, 22 Nov 2026 15:00:00 GMT";
  const url = "https://example.com/disk.img";
  const tags: (string | null)[] = [];
  for (const headers of [{ ETag: '"v1"', "Last-Modified": date }, { "Last-Modified": date }]) {
    await using origin = await openHttpDevice(url, { fetch: served(bytes, headers) });
    const identity = await runAsync(planIdentity(origin, false));
    expect(identity.fingerprint).toBe(runSync(planIdentity(device(100), false)).fingerprint);
    tags.push(identity.tag);
  }
  expect(tags).toEqual(['"v1"', date]);
});
