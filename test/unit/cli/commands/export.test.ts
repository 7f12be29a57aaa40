import { Buffer } from "node:buffer";
import { readdirSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import {
  cowdisk,
  expectBytes,
  Folder,
  notes,
  TestEnvironment,
  writtenSnapshot,
} from "../session.ts";

commandClauses({
  name: "export",
  words: ["disk.img+snap.cow", "view.img"],
  inputs: ["disk.img", "snap.cow"],
  untouched: ["disk.img", "snap.cow"],
  makes: "view.img",
});

function wordsIn(folder: Folder): string[] {
  const [disk, cow, view] = ["disk.img", "snap.cow", "view.img"].map((name) => folder.path(name));
  return ["export", `${disk}+${cow}`, view!];
}

test("the image is what the snapshot shows, byte for byte", async () => {
  const folder = new Folder();
  const expected = await writtenSnapshot(folder);
  const { code, out } = await cowdisk(wordsIn(folder));
  expect(code).toBe(0);
  expect(out).toMatch(/view\.img: 1\.00 MiB, 1\.00 MiB of it data\n$/);
  expectBytes(folder.read("view.img"), expected);
});

test("zeroes become holes", async () => {
  const folder = new Folder();
  const sparse = new Uint8Array(4 * 2 ** 20);
  sparse.set(notes(8, 1), 2 ** 20);
  sparse[sparse.length - 1] = 1;
  const disk = folder.write("disk.img", sparse);
  await cowdisk(["snapshot", disk, folder.path("snap.cow")]);
  const { out } = await cowdisk(wordsIn(folder));
  expect(out).toMatch(/4 MiB, 8 KiB of it data\n$/);
  expectBytes(folder.read("view.img"), sparse);
  expect(statSync(folder.path("view.img")).blocks * 512).toBeLessThan(2 ** 20);
});

test("not even by force is an input replaced", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const [disk, cow] = [folder.path("disk.img"), folder.path("snap.cow")];
  const before = folder.read("disk.img");
  expectRefusal(await cowdisk(["export", `${disk}+${cow}`, disk, "--force"]), 1, /same file/);
  expectBytes(folder.read("disk.img"), before);
});

test("an invalid snapshot is not exported", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const cow = folder.read("snap.cow");
  cow[4] = 0;
  folder.write("snap.cow", cow);
  expectRefusal(await cowdisk(wordsIn(folder)), 1, /the snapshot is invalid/);
  expect(folder.has("view.img")).toBe(false);
});

test("an interruption leaves nothing behind", async () => {
  const folder = new Folder();
  folder.write("disk.img", new Uint8Array(64 * 2 ** 20));
  await cowdisk(["snapshot", folder.path("disk.img"), folder.path("snap.cow")]);
  const environment = new TestEnvironment(true);
  environment.isImpatient = true;
  const { code, err } = await cowdisk(wordsIn(folder), environment);
  expect(code).toBe(130);
  expect(err).toMatch(/cowdisk: Interrupted: OUT was not made\n$/);
  expect(readdirSync(folder.path("")).sort()).toEqual(["disk.img", "snap.cow"]);
});

test("a view goes into a pipe whole, with nothing else, and not to a person", async () => {
  const folder = new Folder();
  const expected = await writtenSnapshot(folder);
  const words = [...wordsIn(folder).slice(0, 2), "-"];
  const { code, out, err } = await cowdisk(words);
  expect([code, err]).toEqual([0, ""]);
  expectBytes(Buffer.from(out, "latin1"), expected);
  expectRefusal(await cowdisk(words, new TestEnvironment(true)), 2, /not for a terminal/);
  expectRefusal(await cowdisk([...words, "--json"]), 2, /both want the output/);
  expect(readdirSync(folder.path("")).sort()).toEqual(["disk.img", "snap.cow"]);
});
