import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import { cowdisk, Folder, TestEnvironment, writtenSnapshot } from "../session.ts";

const QUICK = ["--seconds", "0", "--block", "4K"];

commandClauses({
  name: "bench",
  words: ["disk.img+snap.cow", ...QUICK],
  inputs: ["disk.img", "snap.cow"],
  untouched: ["disk.img", "snap.cow"],
  isLenient: true,
});

const rowsOf = (out: string) => out.trimEnd().split("\n").map((line) => line.split(/ {2,}/));

test("every job has a line, with what it is beside a bare device", async () => {
  const { code, out, err } = await cowdisk(["bench", "--size", "1M", ...QUICK]);
  expect([code, err]).toEqual([0, ""]);
  const [head, ...rows] = rowsOf(out);
  expect(head).toEqual(["job", "order", "block", "bare", "cowdisk", "ratio"]);
  expect(rows.map(([job]) => job)).toEqual([
    ...["read", "read", "overwrite", "overwrite", "touch", "touch", "merge"],
  ]);
  for (const [, , block, bare, ours, ratio] of rows) {
    expect(block).toBe("4 KiB");
    expect([bare, ours].join()).toMatch(/^[\d.]+ \wiB\/s,[\d.]+ \wiB\/s$/);
    expect(Number(ratio)).toBeGreaterThan(0);
  }
});

test("a view is only read", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const word = `${folder.path("disk.img")}+${folder.path("snap.cow")}`;
  const { out } = await cowdisk(["bench", word, ...QUICK, "--block", "1K"]);
  expect(rowsOf(out).slice(1).map(([job, order, block]) => [job, order, block])).toEqual([
    ["read", "sequential", "4 KiB"],
    ["read", "random", "4 KiB"],
    ["read", "sequential", "1 KiB"],
    ["read", "random", "1 KiB"],
  ]);
});

test("what is for a disk of its own is not for a view", async () => {
  for (const words of [["--size", "1M"], ["--chunk", "4K"], ["--directory", "."]]) {
    expectRefusal(await cowdisk(["bench", "mem:1M", ...words]), 2, /want no VIEW with them/);
  }
});

test("files of its own are gone in the end, even after a Ctrl-C", async () => {
  const folder = new Folder();
  const words = ["bench", "--directory", folder.path(""), "--size", "64K", "--block", "4K"];
  expect(await cowdisk([...words, "--seconds", "0"])).toMatchObject({ code: 0 });
  expect(readdirSync(folder.path(""))).toEqual([]);
  const environment = new TestEnvironment();
  environment.isImpatient = true;
  const { code, err } = await cowdisk([...words, "--seconds", "60"], environment);
  expect([code, err]).toEqual([130, "cowdisk: Interrupted: not all was measured\n"]);
  expect(readdirSync(folder.path(""))).toEqual([]);
});
