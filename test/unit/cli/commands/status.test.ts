import { expect, test } from "vitest";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import { cowdisk, DISK_SECTORS, expectBytes, Folder, notes, writtenSnapshot } from "../session.ts";

commandClauses({
  name: "status",
  words: ["disk.img", "snap.cow"],
  inputs: ["disk.img", "snap.cow"],
  untouched: ["disk.img", "snap.cow"],
});

async function statusOf(folder: Folder, ...more: readonly string[]) {
  return await cowdisk(["status", folder.path("disk.img"), folder.path("snap.cow"), ...more]);
}

test("a snapshot's report is dm's two lines and what they mean", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const [disk, cow] = [folder.path("disk.img"), folder.path("snap.cow")];
  // Chunks 12 to 14 and 64 by the origin; 125, 126 and 256 by the snapshot.
  const { out } = await statusOf(folder);
  expect(out.split("\n")).toEqual([
    `table       0 ${DISK_SECTORS} snapshot ${disk} ${cow} P 8`,
    `status      0 ${DISK_SECTORS} snapshot ${(2 + 7) * 8}/2080 16`,
    "used        3.5 %",
    "chunk       4 KiB",
    "exceptions  7",
    "",
  ]);
});

test("a program reads the same as JSON", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const { out } = await statusOf(folder, "--json");
  const report = JSON.parse(out);
  expect(Object.keys(report)).toEqual([
    ...["table", "status", "state", "chunkSectors", "exceptions", "usedPercent"],
  ]);
  expect(report).toMatchObject({ state: "active", chunkSectors: 8, exceptions: 7 });
  expect(report.usedPercent).toBeCloseTo((100 * 72) / 2080);
});

test("an invalid snapshot is called so", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const cow = folder.read("snap.cow");
  cow[4] = 0;
  folder.write("snap.cow", cow);
  const { code, out } = await statusOf(folder);
  expect(code).toBe(0);
  expect(out).toMatch(/^status +0 \d+ snapshot Invalid$/m);
  expect(out).toMatch(/^used +Invalid$/m);
});

test("a file that is no COW image stays as it is", async () => {
  const folder = new Folder();
  folder.disk();
  folder.write("snap.cow", new Uint8Array(65536));
  expectRefusal(await statusOf(folder), 1, /is no COW image: it does not begin with a snapshot/);
  expectBytes(folder.read("snap.cow"), new Uint8Array(65536));
  folder.write("snap.cow", "");
  expectRefusal(await statusOf(folder), 1, /is no COW image: it is empty/);
  folder.write("snap.cow", "odd");
  expectRefusal(await statusOf(folder), 1, /no whole number of sectors/);
});

test("a COW image of a larger disk is refused", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  folder.write("disk.img", notes(1024, 1));
  expectRefusal(
    await statusOf(folder),
    1,
    /old chunk 125, but .* has only 128 chunks|old chunk 256/,
  );
});
