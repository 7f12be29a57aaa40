import { expect, test } from "vitest";
import { writeView } from "../../../../src/cli/view/written_view.ts";
import { Folder, notes, writtenSnapshot } from "../session.ts";

test("what is written through a snapshot leaves its origin alone", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const before = folder.read("disk.img");
  const word = `${folder.path("disk.img")}+${folder.path("snap.cow")}`;
  await writeView(word, {}, {}, (device) => device.write(notes(9, 4), 3));
  expect(folder.read("disk.img")).toEqual(before);
});

test("to keep somebody's view while a snapshot is written makes no sense", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const [disk, cow] = [folder.path("disk.img"), folder.path("snap.cow")];
  const flags = { keep: [cow] };
  await expect(writeView(`${disk}+${cow}`, flags, {}, () => Promise.resolve())).rejects.toThrow(
    expect.objectContaining({
      exitCode: 2,
      message: expect.stringMatching(/--keep is for writes/),
    }),
  );
});

test("a file is not two things at once", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const [disk, cow] = [folder.path("disk.img"), folder.path("snap.cow")];
  const nothing = () => Promise.resolve();
  await expect(writeView(disk, { keep: [disk] }, {}, nothing)).rejects.toThrow(/same file/);
  await expect(writeView(disk, {}, { "--in": disk }, nothing)).rejects.toThrow(/same file/);
  await expect(writeView(disk, { keep: [cow, cow] }, {}, nothing)).rejects.toThrow(/same file/);
});
