import { expect, test } from "vitest";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import { cowdisk, Folder, writtenSnapshot } from "../session.ts";

commandClauses({
  name: "hash",
  words: ["disk.img+snap.cow"],
  inputs: ["disk.img", "snap.cow"],
  untouched: ["disk.img", "snap.cow"],
  isLenient: true,
});

test("a line for each view: its hash, and its name", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const disk = folder.path("disk.img");
  const view = `${disk}+${folder.path("snap.cow")}`;
  const { code, out } = await cowdisk(["hash", disk, view, disk]);
  expect(code).toBe(0);
  const [one, two, three] = out.split("\n");
  expect(one).toMatch(new RegExp(`^[0-9a-f]{32} {2}${disk}$`));
  expect(two).not.toBe(one);
  expect(three).toBe(one);
});

test("no worker at all is no number of workers, and no view no view", async () => {
  expectRefusal(await cowdisk(["hash", "x", "--jobs", "0"]), 2, /whole number from 1 to 999/);
  expectRefusal(await cowdisk(["hash"]), 2, /missing required argument 'VIEW'/);
});
