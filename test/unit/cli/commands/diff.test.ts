import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import { cowdisk, expectBytes, Folder, writtenSnapshot } from "../session.ts";

commandClauses({
  name: "diff",
  words: ["disk.img", "disk.img+snap.cow"],
  inputs: ["snap.cow"],
  untouched: ["disk.img", "snap.cow"],
  isLenient: true,
});

function wordsIn(folder: Folder): [string, string] {
  const disk = folder.path("disk.img");
  return [disk, `${disk}+${folder.path("snap.cow")}`];
}

test("places that differ are told in bytes, for people and for programs", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const { code, out } = await cowdisk(["diff", ...wordsIn(folder)]);
  expect(code).toBe(0);
  const rows = [[49152, 12288], [262144, 4096], [512000, 8192], [1048576, 1536]];
  expect(out.trimEnd().split("\n").map((row) => row.trim().split(/ {2,}/))).toEqual([
    ...rows.map((row) => row.map(String)),
    ["25.5 KiB in 4 places"],
  ]);
  const json = await cowdisk(["diff", ...wordsIn(folder), "--json"]);
  expect(JSON.parse(json.out)).toEqual(rows.map(([start, length]) => ({ start, length })));
});

test("what a delta is applied to becomes what the other view shows", async () => {
  const folder = new Folder();
  const shown = await writtenSnapshot(folder);
  const delta = folder.path("one.delta");
  const made = await cowdisk(["diff", ...wordsIn(folder), "--delta", delta]);
  expect(made.out).toMatch(/one\.delta: 25\.5 KiB in 4 places, \d/);
  const copy = folder.write("copy.img", folder.read("disk.img"));
  expect((await cowdisk(["apply", delta, copy])).code).toBe(0);
  expectBytes(folder.read("copy.img"), shown);
});

test("a delta replaces nothing unasked, and no view ever", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const before = folder.read("snap.cow");
  const there = folder.write("one.delta", "precious");
  const words = ["diff", ...wordsIn(folder), "--delta"];
  expectRefusal(await cowdisk([...words, there]), 1, /--force replaces it/);
  expect(folder.read("one.delta").length).toBe(8);
  const cow = folder.path("snap.cow");
  expectRefusal(await cowdisk([...words, cow, "--force"]), 1, /same file/);
  expectBytes(folder.read("snap.cow"), before);
  expect((await cowdisk([...words, there, "--force"])).code).toBe(0);
  expect(readdirSync(folder.path("")).sort()).toEqual(["disk.img", "one.delta", "snap.cow"]);
});

test("a view is the same as itself", async () => {
  const folder = new Folder();
  const { out } = await cowdisk(["diff", folder.disk(), folder.path("disk.img"), "--json"]);
  expect(out).toBe("[]\n");
});
