import { expect, test } from "vitest";
import { openPair } from "../../../src/cli/pair.ts";
import { openFileDevice } from "../../../src/devices/file.ts";
import { DISK_SECTORS, Folder, writtenSnapshot } from "./session.ts";

test("a pair shows the snapshot, changes nothing, and lets go of its files", async () => {
  const folder = new Folder();
  const expected = await writtenSnapshot(folder);
  const [disk, cow] = [folder.path("disk.img"), folder.path("snap.cow")];
  {
    using pair = openPair(disk, cow);
    const found = new Uint8Array(DISK_SECTORS * 512);
    pair.snapshot.readSync(found, 0);
    expect(found).toEqual(expected);
    expect(pair.header).toMatchObject({ chunkSectors: 8, isValid: true });
    expect(pair.cow.name).toBe(cow);
  }
  for (const path of [disk, cow]) openFileDevice(path).closeSync();
});

test("one file for both, or a COW image that is none, is refused, and nothing stays open", () => {
  const folder = new Folder();
  const [disk, other] = [folder.disk(), folder.disk("other.img", 2)];
  expect(() => openPair(disk, disk)).toThrow(/are the same file/);
  expect(() => openPair(disk, other)).toThrow(/is no COW image/);
  for (const path of [disk, other]) openFileDevice(path).closeSync();
});
