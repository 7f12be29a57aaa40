import { expect, test } from "vitest";
import { filesOf, openDevice, openView, parseView } from "../../../../src/cli/view/view.ts";
import { patternOf, verifySectors } from "../../../../src/testing/mod.ts";
import { FaultServer } from "../../../http/fault_server.ts";
import { ImageHost } from "../../../http/image_host.ts";
import { cowdisk, DISK_SECTORS, Folder, notes, writtenSnapshot } from "../session.ts";

async function contentOf(word: string): Promise<Uint8Array> {
  await using view = await openView(word, "read");
  const found = new Uint8Array(view.device.sectorCount * 512);
  await view.device.read(found, 0);
  return found;
}

test("a word is an image, and COW images on it", () => {
  expect(parseView("disk.img+a.cow+b.cow")).toEqual({
    word: "disk.img+a.cow+b.cow",
    origin: { kind: "file", path: "disk.img" },
    cows: ["a.cow", "b.cow"],
  });
  expect(filesOf(parseView("disk.img+a.cow"))).toEqual({
    'the image "disk.img"': "disk.img",
    'the COW image "a.cow"': "a.cow",
  });
});

test("a file of the whole name is that file", async () => {
  const folder = new Folder();
  const odd = folder.write("c++.img", notes(8, 5));
  expect(parseView(odd).cows).toEqual([]);
  verifySectors(await contentOf(odd), notes(8, 5), 0, "the odd file");
});

test("a view shows what its snapshot shows, and a snapshot of that what it shows", async () => {
  const folder = new Folder();
  const expected = await writtenSnapshot(folder);
  const [disk, cow, top] = ["disk.img", "snap.cow", "top.cow"].map((name) => folder.path(name));
  verifySectors(await contentOf(`${disk}+${cow}`), expected, 0, "the snapshot");
  const view = folder.path("view.img");
  await cowdisk(["export", `${disk}+${cow}`, view]);
  await cowdisk(["snapshot", view, top!]);
  {
    await using onTop = await openView(`${disk}+${cow}+${top}`, "write");
    await onTop.device.write(notes(1, 9), 7);
  }
  expected.set(notes(1, 9), 7 * 512);
  verifySectors(await contentOf(`${disk}+${cow}+${top}`), expected, 0, "the snapshot of it");
});

test("only the last of a chain is opened for writing", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const [disk, cow] = [folder.path("disk.img"), folder.path("snap.cow")];
  await using writer = await openView(`${disk}+${cow}`, "write");
  expect(writer.device.supports.write).toBe(true);
  await using reader = await openView(disk, "read");
  expect(reader.device.sectorCount).toBe(DISK_SECTORS);
  await expect(openView(`${disk}+${cow}`, "read")).rejects.toThrow(/open for writing elsewhere/);
});

test("what could not be opened as a whole leaves nothing open", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const disk = folder.path("disk.img");
  await expect(openView(`${disk}+${folder.path("absent.cow")}`, "read")).rejects.toThrow(
    /no such file/,
  );
  await expect(openView(`${disk}+${disk}`, "write")).rejects.toThrow(/same file/);
  await expect(openView(`${disk}+mem:1M`, "read")).rejects.toThrow(/as a COW image: want a file/);
  await (await openView(disk, "write"))[Symbol.asyncDispose]();
});

test("an image on a web server is read, and not written", async () => {
  const image = patternOf(3, 0, 40);
  await using server = await FaultServer.start(new ImageHost(image, { etag: '"v3"' }));
  verifySectors(await contentOf(server.url), image, 0, "the remote image");
  await expect(openView(server.url, "write")).rejects.toThrow(/it is on a web server/);
});

test("memory is zeroes", async () => {
  const device = await openDevice({ kind: "memory", sectorCount: 8 }, "write");
  const found = new Uint8Array(4096).fill(1);
  await device.read(found, 0);
  expect(found).toEqual(new Uint8Array(4096));
  await device.close();
});
