/**
 * A merge that is cut off after every single step: what is left is the snapshot, whole.
 *
 * Two ends of what a loss of power can leave are tried: all that was written, and only what was
 * flushed. What lies between is drawn by seed in `test/crash/`.
 */
import { expect, test } from "vitest";
import { runSeeded } from "../../src/testing/seeded_runner.ts";
import { verifySectors } from "../../src/testing/verify.ts";
import { readCowImage } from "../model/cow_image.ts";
import type { Disk } from "../unit/exception/rig.ts";
import { layers, type SnapshotSetUp, Stack, statusOf } from "../unit/targets/rig.ts";

const SNAPSHOT = layers(200, [2, 8, 24], [3, 120, 40], [4, 60, 9], [5, 0, 6]);
const MERGED: SnapshotSetUp = { chunkSectors: 1 };
const SIBLING: SnapshotSetUp = { chunkSectors: 4 };

/** A snapshot over three areas, ready to be merged, and an older one beside it. */
async function start(mergeStepSectors: number) {
  const stack = new Stack();
  const sibling = await stack.snapshot(SIBLING);
  const cow = await stack.written(
    [[2, 8, 24], [3, 120, 40], [4, 60, 9], [5, 0, 6]],
    { ...MERGED, cowSectors: 300 },
  );
  const merge = await stack.merge(cow, { ...MERGED, mergeStepSectors });
  return { stack, sibling, cow, merge };
}

/** Merges, and cuts the power after a number of steps. */
async function mergeUntil(leafStepsMax: number, mergeStepSectors: number) {
  const parts = await start(mergeStepSectors);
  const { isCut } = runSeeded([parts.merge.background()], { seed: 1, leafStepsMax });
  return { ...parts, isCut };
}

/** The disks after the cut. */
function leftBehind(stack: Stack, cows: readonly Disk[], image: "bytes" | "durable") {
  const content = stack.disk[image].slice();
  const left = new Stack({ sectorCount: 200, content });
  const disks = cows.map((cow, index) => {
    const bytes = cow[image].slice();
    return left.bench.disk(`left${index}`, bytes.length / 512, { content: bytes });
  });
  return { left, disks };
}

async function verifyLeftBehind(
  parts: Awaited<ReturnType<typeof start>>,
  image: "bytes" | "durable",
) {
  const { stack, cow, sibling } = parts;
  const { left, disks: [cowLeft, siblingLeft] } = leftBehind(stack, [cow, sibling.cow], image);
  if (cowLeft === undefined || siblingLeft === undefined) throw new Error("two disks are left");
  const count = readCowImage(cowLeft.bytes).entries.length;
  // As a snapshot, as a merge, and when the merge has gone on to its end.
  const snapshot = await left.snapshot({ ...MERGED, on: cowLeft });
  await left.verify(snapshot.device, SNAPSHOT);
  await snapshot.device.close();
  const kept = await left.snapshot({ ...SIBLING, on: siblingLeft });
  const merge = await left.merge(cowLeft, MERGED);
  await left.verify(merge, SNAPSHOT);
  await left.verify(kept.device, layers(200));
  await left.run(merge.background());
  expect(statusOf(merge)).toBe("2/300 2");
  verifySectors(left.disk.bytes, SNAPSHOT, 0, "the disk");
  await left.verify(kept.device, layers(200));
  for (const device of [merge, kept.device]) await device.close();
  return count;
}

test.each([
  { kind: "run", mergeStepSectors: 1, left: [79, 73, 64, 32, 24, 0] },
  { kind: "area", mergeStepSectors: 10, left: [79, 64, 32, 0] },
  { kind: "two areas", mergeStepSectors: 40, left: [79, 32, 0] },
  { kind: "everything", mergeStepSectors: 4096, left: [79, 0] },
])(
  "whatever the step at which a merge $kind by $kind is cut off, the snapshot is whole and can be merged on",
  async ({
    mergeStepSectors,
    left,
  }) => {
    const counts = new Set<number>();
    for (let cut = 0;; cut++) {
      const parts = await mergeUntil(cut, mergeStepSectors);
      for (const image of ["bytes", "durable"] as const) {
        const count = await verifyLeftBehind(parts, image).catch((cause) => {
          throw new Error(`cut after ${cut} steps, ${image}: ${cause.message}`, { cause });
        });
        counts.add(count);
      }
      if (!parts.isCut) break;
    }
    // Newest first, and never the middle of a step.
    expect([...counts].sort((a, b) => b - a)).toEqual(left);
  },
);
