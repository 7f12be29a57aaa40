import { expect, test } from "vitest";
import { IMAGE_FILES, openCowImage } from "../../../../src/cli/control/image_files.ts";
import { Folder, writtenSnapshot } from "../session.ts";

test("an image has no name before it appears, is locked from the start, and can be taken back", async () => {
  const folder = new Folder();
  const path = folder.path("a.img");
  const made = IMAGE_FILES.make({ path, sectorCount: 8, force: false });
  expect(folder.has("a.img")).toBe(false);
  await made.device.write(new Uint8Array(512).fill(7), 3);
  await made.appear();
  expect(folder.read("a.img")[3 * 512]).toBe(7);
  expect(() => IMAGE_FILES.open(path)).toThrow(/open elsewhere/);
  expect(() => IMAGE_FILES.make({ path, sectorCount: 8, force: false })).toThrow(/there already/);
  await made.device.close();
  made.discard();
  expect(folder.has("a.img")).toBe(false);
  folder.write("a.img", new Uint8Array(512).fill(1));
  const other = IMAGE_FILES.make({ path, sectorCount: 8, force: true });
  await other.device.close();
  other.discard();
  expect(folder.read("a.img")[0]).toBe(1);
  IMAGE_FILES.remove(path);
  expect(folder.has("a.img")).toBe(false);
});

test("a COW image is one, or is refused and closed again", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  openCowImage(folder.path("snap.cow"), "read").closeSync();
  for (let turn = 0; turn < 2; turn++) {
    expect(() => openCowImage(folder.path("disk.img"), "write")).toThrow(/is no COW image/);
  }
});
