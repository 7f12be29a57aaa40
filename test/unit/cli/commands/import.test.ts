import { expect, test } from "vitest";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import {
  cowdisk,
  DISK_SECTORS,
  expectBytes,
  Folder,
  notes,
  TestEnvironment,
  writtenSnapshot,
} from "../session.ts";

commandClauses({
  name: "import",
  words: ["disk.img", "mem:2M"],
  inputs: ["disk.img"],
  untouched: ["disk.img"],
});

async function exported(folder: Folder, word: string): Promise<Uint8Array> {
  await cowdisk(["export", word, folder.path("out.img"), "--force"]);
  return folder.read("out.img");
}

test("the view shows the image, and what did not differ was not written", async () => {
  const folder = new Folder();
  const disk = folder.disk();
  const cow = folder.path("snap.cow");
  await cowdisk(["snapshot", disk, cow]);
  const changed = folder.read("disk.img");
  changed.set(notes(3, 8), 4096 * 7);
  const image = folder.write("changed.img", changed);
  const { code, out } = await cowdisk(["import", image, `${disk}+${cow}`]);
  expect([code, out]).toEqual([0, `${disk}+${cow}: 1.00 MiB imported, 4 KiB of it differed\n`]);
  expectBytes(await exported(folder, `${disk}+${cow}`), changed);
  const status = await cowdisk(["status", disk, cow, "--json"]);
  expect(JSON.parse(status.out).exceptions).toBe(1);
});

test("behind the end of a smaller image there are zeroes", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const word = `${folder.path("disk.img")}+${folder.path("snap.cow")}`;
  await cowdisk(["import", folder.write("small.img", notes(9, 2)), word]);
  const want = new Uint8Array(DISK_SECTORS * 512);
  want.set(notes(9, 2));
  expectBytes(await exported(folder, word), want);
});

test("a larger image is refused, and nothing changes", async () => {
  const folder = new Folder();
  const shown = await writtenSnapshot(folder);
  const word = `${folder.path("disk.img")}+${folder.path("snap.cow")}`;
  const image = folder.write("large.img", new Uint8Array((DISK_SECTORS + 1) * 512));
  expectRefusal(await cowdisk(["import", image, word]), 1, /2052 sectors, the view only 2051/);
  expectBytes(await exported(folder, word), shown);
});

const fed = (...pieces: readonly Uint8Array[]) => new TestEnvironment(false, pieces);

test("what comes from a pipe, in pieces of any size, is imported as a file is", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const word = `${folder.path("disk.img")}+${folder.path("snap.cow")}`;
  const image = notes(1500, 5);
  const pieces = [image.subarray(0, 1), image.subarray(1, 700_001), image.subarray(700_001)];
  const { code, out } = await cowdisk(["import", "-", word, "--json"], fed(...pieces));
  expect([code, JSON.parse(out).sizeBytes]).toEqual([0, 1500 * 512]);
  const want = new Uint8Array(DISK_SECTORS * 512);
  want.set(image);
  expectBytes(await exported(folder, word), want);
});

test("a pipe's last sector ends in zeroes when it is not whole", async () => {
  const folder = new Folder();
  const disk = folder.disk();
  expect(await cowdisk(["import", "-", disk], fed(notes(3, 5).subarray(0, 1100))))
    .toMatchObject({ code: 0, err: "" });
  const want = new Uint8Array(DISK_SECTORS * 512);
  want.set(notes(3, 5).subarray(0, 1100));
  expectBytes(folder.read("disk.img"), want);
});

test("of a pipe that goes on, no more than fits is taken; nobody waits for a person", async () => {
  const disk = new Folder().disk();
  const ending = await cowdisk(["import", "-", disk], fed(notes(DISK_SECTORS + 1, 5)));
  expectRefusal(ending, 1, /more than the view's 2051 sectors: the image goes on/);
  expectRefusal(await cowdisk(["import", "-", disk]), 2, /Nothing to import: want a pipe/);
});
