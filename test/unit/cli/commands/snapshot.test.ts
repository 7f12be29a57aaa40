import { statSync } from "node:fs";
import { expect, test } from "vitest";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import { cowdisk, DISK_SECTORS, Folder, notes } from "../session.ts";
import { reportOf } from "../../../../src/cli/report.ts";
import { openFileDevice } from "../../../../src/devices/file.ts";
import { openSnapshotSync } from "../../../../src/mapper/stack.ts";

commandClauses({
  name: "snapshot",
  words: ["disk.img", "new.cow"],
  inputs: ["disk.img"],
  untouched: ["disk.img"],
  makes: "new.cow",
});

test("a new snapshot is told in dm's words, and in Linux's commands", async () => {
  const folder = new Folder();
  const disk = folder.disk();
  const cow = folder.path("snap.cow");
  const { code, out } = await cowdisk(["snapshot", disk, cow, "--size", "1M", "--store", "PO"]);
  expect(code).toBe(0);
  expect(out.split("\n")).toEqual([
    `table       0 ${DISK_SECTORS} snapshot ${disk} ${cow} PO 8`,
    `status      0 ${DISK_SECTORS} snapshot 16/2048 16`,
    "used        0.0 %",
    "chunk       4 KiB",
    "exceptions  0",
    "",
    `Linux opens it with ${disk} at /dev/loop0 and ${cow} at /dev/loop1:`,
    `  dmsetup create origin --table '0 ${DISK_SECTORS} snapshot-origin /dev/loop0'`,
    `  dmsetup create snapshot --table '0 ${DISK_SECTORS} snapshot /dev/loop0 /dev/loop1 PO 8'`,
    "",
  ]);
});

test("a new image is sparse, and by default large enough for every chunk", async () => {
  const folder = new Folder();
  const { out } = await cowdisk(["snapshot", folder.disk(), folder.path("snap.cow"), "--json"]);
  // 257 chunks of data take a header, an area of 256 entries, and a second area.
  expect(JSON.parse(out).status).toBe(`0 ${DISK_SECTORS} snapshot 16/${(257 + 3) * 8} 16`);
  const { size, blocks } = statSync(folder.path("snap.cow"));
  expect(size).toBe(260 * 4096);
  expect(blocks * 512).toBeLessThanOrEqual(16384);
});

test.for([31, 32, 33, 64])("an image of the default size holds all of %i chunks", async (count) => {
  const folder = new Folder();
  const disk = folder.write("disk.img", notes(count, 1));
  const cow = folder.path("snap.cow");
  // An area of 512 bytes holds 32 exceptions.
  await cowdisk(["snapshot", disk, cow, "--chunk", "512"]);
  const devices = [openFileDevice(disk, { readOnly: true }), openFileDevice(cow)] as const;
  const snapshot = openSnapshotSync({ origin: devices[0], cow: devices[1] });
  snapshot.writeSync(notes(count, 2), 0);
  expect(reportOf(snapshot, 1, count).state).toBe("active");
  for (const device of [snapshot, ...devices]) device.closeSync();
});

test("the size and the chunk size are as given", async () => {
  const folder = new Folder();
  const words = ["snapshot", folder.disk(), folder.path("snap.cow"), "--json"];
  const { out } = await cowdisk([...words, "--chunk", "64K", "--size", "2M"]);
  expect(JSON.parse(out)).toMatchObject({ chunkSectors: 128, state: "active", exceptions: 0 });
  expect(folder.read("snap.cow").length).toBe(2 ** 21);
});

test.for([
  ["--chunk", "3K"],
  ["--chunk", "256"],
  ["--chunk", "big"],
  ["--chunk", "2G"],
  ["--size", "0"],
  ["--size", "1000"],
  ["--store", "N"],
])("%s %s is a usage error", async (option) => {
  const folder = new Folder();
  const ending = await cowdisk(["snapshot", folder.disk(), folder.path("snap.cow"), ...option]);
  expectRefusal(
    ending,
    2,
    new RegExp(`option '${option[0]} <.*argument '${option[1]}' is invalid`),
  );
  expect(folder.has("snap.cow")).toBe(false);
});

test("an image that someone uses is not replaced, even when forced", async () => {
  const folder = new Folder();
  const cow = folder.write("snap.cow", new Uint8Array(8192));
  const user = openFileDevice(cow);
  const ending = await cowdisk(["snapshot", folder.disk(), cow, "--force"]);
  user.closeSync();
  expectRefusal(ending, 1, /open elsewhere/);
});

test("an image that is too small for its header is not made", async () => {
  const folder = new Folder();
  const ending = await cowdisk(["snapshot", folder.disk(), folder.path("a.cow"), "--size", "4K"]);
  expectRefusal(ending, 1, /a\.cow/);
  expect(folder.has("a.cow")).toBe(false);
});
