import { expect, test } from "vitest";
import { commandClauses } from "../command_clauses.ts";
import { cowdisk, DISK_SECTORS, Folder } from "../session.ts";

commandClauses({
  name: "map",
  words: ["disk.img+snap.cow"],
  inputs: ["disk.img", "snap.cow"],
  untouched: ["disk.img", "snap.cow"],
});

/** A disk of zeroes with one sector of data, and a snapshot in which two chunks were written. */
async function mapped(...words: string[]) {
  const folder = new Folder();
  const bytes = new Uint8Array(DISK_SECTORS * 512);
  bytes[70_000] = 1;
  folder.write("disk.img", bytes);
  const [disk, cow] = [folder.path("disk.img"), folder.path("snap.cow")];
  await cowdisk(["snapshot", disk, cow]);
  const view = `${disk}+${cow}`;
  folder.write("piece", new Uint8Array(4096).fill(7));
  expect((await cowdisk(["write", view, "--in", folder.path("piece")])).code).toBe(0);
  return { folder, ...await cowdisk(["map", view, ...words]) };
}

test("a map tells of every byte once, which layer holds it and whether it is zero", async () => {
  const { code, out } = await mapped("--json");
  const size = DISK_SECTORS * 512;
  expect(code).toBe(0);
  const extent = (start: number, end: number, depth: number, zero: boolean) => ({
    ...{ start, length: end - start, depth, zero, present: true, data: !zero },
  });
  expect(JSON.parse(out)).toEqual([
    extent(0, 4096, 0, false),
    extent(4096, 69632, 1, true),
    extent(69632, 73728, 1, false),
    extent(73728, size, 1, true),
  ]);
});

test("without zeroes only the layers are told, in the same keys, and nothing is called zero", async () => {
  const { code, out, folder } = await mapped("--no-zeroes", "--json");
  const size = DISK_SECTORS * 512;
  const known = { zero: false, present: true, data: true };
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual([
    { start: 0, length: 4096, depth: 0, ...known },
    { start: 4096, length: size - 4096, depth: 1, ...known },
  ]);
  const view = `${folder.path("disk.img")}+${folder.path("snap.cow")}`;
  expect((await cowdisk(["map", "--no-zeroes", view])).out.split("\n").slice(0, 2)).toEqual([
    "offset  length      layer",
    `0       4 KiB       ${folder.path("snap.cow")}`,
  ]);
});

test("without zeroes each byte is in the layer that the whole map says", async () => {
  const folder = new Folder();
  folder.write("disk.img", new Uint8Array(DISK_SECTORS * 512));
  const view = `${folder.path("disk.img")}+${folder.path("snap.cow")}`;
  await cowdisk(["snapshot", folder.path("disk.img"), folder.path("snap.cow")]);
  folder.write("piece", new Uint8Array(512).fill(7));
  for (const chunk of [0, 3, 4, 9, 30]) {
    await cowdisk(["write", view, "--offset", `${chunk * 4}K`, "--in", folder.path("piece")]);
  }
  type Extent = { start: number; length: number; depth: number };
  const layersOf = async (...words: string[]) => {
    const extents: Extent[] = JSON.parse((await cowdisk(["map", view, "--json", ...words])).out);
    return extents.flatMap(({ start, length, depth }) =>
      Array.from({ length: length / 512 }, (_, index) => [start / 512 + index, depth])
    );
  };
  expect(await layersOf("--no-zeroes")).toEqual(await layersOf());
});

test("a person reads the layers' names", async () => {
  const { out, folder } = await mapped();
  expect(out.split("\n").slice(0, 3)).toEqual([
    "offset  length     holds  layer",
    `0       4 KiB      data   ${folder.path("snap.cow")}`,
    `4096    64 KiB     zero   ${folder.path("disk.img")}`,
  ]);
});
