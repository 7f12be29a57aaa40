import { expect, test } from "vitest";
import { openImage } from "../../../../src/cli/files.ts";
import { openKeptOrigin } from "../../../../src/cli/view/kept_origin.ts";
import { openView } from "../../../../src/cli/view/view.ts";
import { verifySectors } from "../../../../src/testing/mod.ts";
import { cowdisk, Folder, notes } from "../session.ts";

async function shownBy(word: string): Promise<Uint8Array> {
  await using view = await openView(word, "read");
  const found = new Uint8Array(view.device.sectorCount * 512);
  await view.device.read(found, 0);
  return found;
}

test("who is named keeps its view, who is not does not, and nobody costs nothing", async () => {
  const folder = new Folder();
  const disk = folder.disk();
  const before = folder.read("disk.img");
  const [kept, forgotten] = ["kept.cow", "forgotten.cow"].map((name) => folder.path(name));
  for (const cow of [kept!, forgotten!]) await cowdisk(["snapshot", disk, cow]);
  const image = openImage(disk, "write");
  {
    await using guarded = await openKeptOrigin(image, [kept!]);
    await guarded.origin.write(notes(4, 8), 40);
    guarded.requireKept();
  }
  {
    await using plain = await openKeptOrigin(image, []);
    expect(plain.origin).toBe(image);
  }
  image.closeSync();
  const after = before.slice();
  after.set(notes(4, 8), 40 * 512);
  verifySectors(folder.read("disk.img"), after, 0, "the image");
  verifySectors(await shownBy(`${disk}+${kept}`), before, 0, "who was named");
  verifySectors(await shownBy(`${disk}+${forgotten}`), after, 0, "who was not");
});

test("who runs full is told of, by name", async () => {
  const folder = new Folder();
  const disk = folder.disk();
  const small = folder.path("small.cow");
  await cowdisk(["snapshot", disk, small, "--size", "16K"]);
  const image = openImage(disk, "write");
  await using guarded = await openKeptOrigin(image, [small]);
  await guarded.origin.write(notes(100, 8), 0);
  expect(() => guarded.requireKept()).toThrow(`Not kept, their images ran full: ${small}`);
  image.closeSync();
  await expect(openKeptOrigin(image, [small])).rejects.toThrow(/open elsewhere/);
});
