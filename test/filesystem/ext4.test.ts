/**
 * A real file system: an ext4 that lives through snapshots, as e2fsck and debugfs see it.
 *
 * Three generations of one file system are moved about by the blocks in which they differ. After
 * each step every view must be one of them byte for byte, must be clean, and must hold its files.
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { writeFileSync } from "node:fs";
import { beforeAll, describe, test } from "vitest";
import { complaints, listImage, requireE2fsprogs, withFolder } from "./e2fsprogs.ts";
import { buildGenerations, type Generation, writesBetween } from "./generations.ts";
import { type Life, SnapshottedDisk, type View } from "./snapshotted_disk.ts";

let first: Generation;
let second: Generation;
let third: Generation;

beforeAll(() => {
  requireE2fsprogs();
  [first, second, third] = buildGenerations();
});

const LIVES: readonly Life[] = [
  { name: "kept open, synchronous", isSync: true, reopens: false },
  { name: "kept open, many requests at once", isSync: false, reopens: false },
  { name: "closed and opened again before every step", isSync: true, reopens: true },
];

async function expectViews(
  disk: SnapshottedDisk,
  expected: readonly (readonly [View, Generation])[],
): Promise<void> {
  for (const [view, generation] of expected) {
    const { path, bytes } = await disk.export(view);
    assert(bytes.equals(generation.bytes), `${view} is not the ${generation.name} file system`);
    assertEquals(complaints(path), "");
    assertEquals(listImage(path), generation.files);
  }
}

describe.each(LIVES)("a disk that is $name", (life) => {
  test("snapshots still are the first file system when the origin has become the second", async () => {
    await using disk = await SnapshottedDisk.create(life, first);
    await disk.rewrite("origin", first, second);
    await expectViews(disk, [["origin", second], [8, first], [64, first]]);
  });

  test("a snapshot that becomes the third leaves its origin and its sibling alone", async () => {
    await using disk = await SnapshottedDisk.create(life, first);
    await disk.rewrite(8, first, third);
    await expectViews(disk, [["origin", first], [8, third], [64, first]]);
    await disk.rewrite("origin", first, second);
    await expectViews(disk, [["origin", second], [8, third], [64, first]]);
  });

  test("a merged snapshot makes the origin what it shows, and its sibling stays what it is", async () => {
    await using disk = await SnapshottedDisk.create(life, first);
    await disk.rewrite("origin", first, second);
    await disk.rewrite(8, first, third);
    await disk.merge(8);
    await expectViews(disk, [["origin", third], [64, first]]);
    await disk.merge(64);
    await expectViews(disk, [["origin", first]]);
  });

  test("a merge copies out to the sibling what it overwrites", async () => {
    await using disk = await SnapshottedDisk.create(life, first);
    await disk.rewrite(64, first, third);
    await disk.merge(64);
    await expectViews(disk, [["origin", third], [8, first]]);
  });
});

// What must be noticed, or the tests above show nothing.

test("the three file systems differ in hundreds of blocks and in their files", () => {
  for (const [a, b] of [[first, second], [second, third], [third, first]] as const) {
    const byteCount = writesBetween(a, b).reduce((sum, { bytes }) => sum + bytes.length, 0);
    assert(byteCount > 500 * 1024, `${a.name} and ${b.name} differ in only ${byteCount} bytes`);
    assertNotEquals(a.files, b.files);
  }
});

test("a write that goes around the origin shows in its snapshots", async () => {
  const [life] = LIVES as [Life];
  await using disk = await SnapshottedDisk.create(life, first);
  await disk.rewriteBelow(first, second);
  await expectViews(disk, [[8, second], [64, second]]);
});

test("e2fsck and debugfs notice one chunk of another generation", () => {
  withFolder((folder) => {
    const path = `${folder}/mixed.img`;
    let noticed = 0;
    const writes = writesBetween(first, second).slice(0, 20);
    for (const { sector, bytes } of writes) {
      const mixed = first.bytes.slice();
      mixed.set(bytes, sector * 512);
      writeFileSync(path, mixed);
      const isClean = complaints(path) === "" && String(listImage(path)) === String(first.files);
      if (!isClean) noticed++;
    }
    // A block that no file uses any more may hold anything.
    assert(noticed > writes.length / 2, `${noticed} of ${writes.length} were noticed`);
  });
});
