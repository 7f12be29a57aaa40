/**
 * The suite's own test: one broken device for each defect that was met in a real program, or that is
 * near enough to be met. Each must be caught, by the clause that is named beside it.
 */
import { expect, test } from "vitest";
import { deviceClauses, deviceSuite } from "../../src/testing/device_suite.ts";
import { bufferDefects } from "./defects/buffers.ts";
import { contentDefects } from "./defects/contents.ts";
import { durabilityDefects } from "./defects/durability.ts";
import { faceDefects } from "./defects/faces.ts";
import { requestDefects } from "./defects/requests.ts";
import { type Breakage, createRamdisk } from "./ramdisk.ts";

const defects = [
  ...bufferDefects,
  ...requestDefects,
  ...contentDefects,
  ...durabilityDefects,
  ...faceDefects,
];

/** Runs the suite over a disk, and tells which laws were tried, broken and skipped. */
async function runSuite(breaks: Breakage, sectorCounts: readonly number[] = [1, 149]) {
  const clauses: [string, () => void | Promise<void>][] = [];
  const skipped: string[] = [];
  const collect = Object.assign(
    (name: string, body: () => void | Promise<void>) => void clauses.push([name, body]),
    { skip: (name: string) => void skipped.push(name) },
  );
  await deviceSuite({
    test: collect,
    create: (sectorCount) => createRamdisk(sectorCount, breaks),
    sectorCounts,
  });
  const broken: string[] = [];
  for (const [law, body] of clauses) {
    try {
      await body();
    } catch {
      broken.push(law);
    }
  }
  return { tried: clauses.map(([law]) => law), broken, skipped };
}

test("an honest disk with all powers breaks no law, and is spared only what is not for it", async () => {
  const { tried, broken, skipped } = await runSuite({});
  expect(broken).toEqual([]);
  expect(tried.length).toBeGreaterThan(35);
  expect(skipped).toEqual([
    "a request that is not aligned to the logical block is refused with EINVAL " +
    "(skipped: the device's logical block is one sector)",
    "a read-only device refuses to be changed with EROFS, and still reads and flushes " +
    "(skipped: the device can be written)",
    "a device that does not support discard refuses it with ENOTSUP, and changes nothing " +
    "(skipped: the device supports it)",
  ]);
});

const everBroken = new Set<string>();

for (const { defect, caughtBy, sectorCounts, ...breaks } of defects) {
  test(`a device that ${defect} is caught by: ${caughtBy}`, async () => {
    const { broken } = await runSuite(breaks, sectorCounts);
    for (const law of broken) everBroken.add(law);
    expect(broken.some((law) => law.startsWith(caughtBy)), broken.join("\n")).toBe(true);
  });
}

test("there is no law that none of these devices breaks", () => {
  const laws = deviceClauses.map(({ law }) => law);
  expect(laws.filter((law) => !everBroken.has(law))).toEqual([]);
});
