import { expect, test } from "vitest";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import { cowdisk, Folder, notes, TestEnvironment, writtenSnapshot } from "../session.ts";

commandClauses({
  name: "verify",
  words: ["sums.txt"],
  inputs: ["sums.txt"],
  untouched: [],
});

async function withSums(): Promise<{ folder: Folder; disk: string; view: string; sums: string }> {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const disk = folder.path("disk.img");
  const view = `${disk}+${folder.path("snap.cow")}`;
  const { out } = await cowdisk(["hash", disk, view]);
  return { folder, disk, view, sums: folder.write("sums.txt", out) };
}

test("what has not changed is the same", async () => {
  const { disk, view, sums } = await withSums();
  expect(await cowdisk(["verify", sums])).toEqual({
    code: 0,
    out: `${disk}: same\n${view}: same\n`,
    err: "",
  });
  expect((await cowdisk(["verify", sums, "--quiet"])).out).toBe("");
});

test("what has changed is told, and is a failure", async () => {
  const { disk, view, sums } = await withSums();
  const fed = new TestEnvironment(false, [notes(1, 1)]);
  expect((await cowdisk(["write", view, "--offset", "999"], fed)).code).toBe(0);
  expect(await cowdisk(["verify", sums])).toEqual({
    code: 1,
    out: `${disk}: same\n${view}: CHANGED\n`,
    err: "cowdisk: 1 of 2 have changed\n",
  });
  expect((await cowdisk(["verify", sums, "--quiet"])).out).toBe(`${view}: CHANGED\n`);
});

test("what `hash` has not printed is refused before anything is hashed", async () => {
  const { folder, sums } = await withSums();
  const lines = new TextDecoder().decode(folder.read("sums.txt"));
  const odd = folder.write("odd.txt", `${lines}something else\n`);
  expectRefusal(await cowdisk(["verify", odd]), 1, /line 3 is no line of `cowdisk hash`/);
  expectRefusal(await cowdisk(["verify", folder.write("no.txt", "")]), 1, /there is no line in it/);
  expect(sums).toBe(folder.path("sums.txt"));
});
