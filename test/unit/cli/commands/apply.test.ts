import { expect, test } from "vitest";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import { cowdisk, expectBytes, Folder, writtenSnapshot } from "../session.ts";

commandClauses({
  name: "apply",
  words: ["disk.img", "snap.cow"],
  inputs: ["disk.img", "snap.cow"],
  untouched: [],
});

/** A folder with a delta from the disk to what the snapshot shows, and a copy of the disk. */
async function withDelta(): Promise<{ folder: Folder; delta: string; shown: Uint8Array }> {
  const folder = new Folder();
  const shown = await writtenSnapshot(folder);
  const [disk, cow, delta] = ["disk.img", "snap.cow", "one.delta"].map((name) => folder.path(name));
  await cowdisk(["diff", disk!, `${disk}+${cow}`, "--delta", delta!]);
  folder.write("copy.img", folder.read("disk.img"));
  return { folder, delta: delta!, shown };
}

test("it tells what it changed, and what was so already", async () => {
  const { folder, delta, shown } = await withDelta();
  const copy = folder.path("copy.img");
  expect((await cowdisk(["apply", delta, copy])).out).toBe(`${copy}: 25.5 KiB changed\n`);
  expectBytes(folder.read("copy.img"), shown);
  expect((await cowdisk(["apply", delta, copy])).out).toBe(
    `${copy}: 0 B changed, 25.5 KiB were so already\n`,
  );
});

test("snapshots that are named keep their view", async () => {
  const { folder, delta, shown } = await withDelta();
  const [copy, kept] = [folder.path("copy.img"), folder.path("kept.cow")];
  const before = folder.read("copy.img");
  await cowdisk(["snapshot", copy, kept]);
  expect((await cowdisk(["apply", delta, copy, "--keep", kept])).code).toBe(0);
  await cowdisk(["export", `${copy}+${kept}`, folder.path("out.img")]);
  expectBytes(folder.read("out.img"), before);
  expectBytes(folder.read("copy.img"), shown);
});

test("what is no delta, was cut off, or belongs elsewhere changes nothing", async () => {
  const { folder, delta } = await withDelta();
  const copy = folder.path("copy.img");
  const before = folder.read("copy.img");
  const cut = folder.write("cut.delta", folder.read("one.delta").subarray(0, -1));
  expectRefusal(await cowdisk(["apply", cut, copy]), 1, /it was cut off/);
  const noise = folder.write("noise.delta", folder.read("disk.img"));
  expectRefusal(await cowdisk(["apply", noise, copy]), 1, /Cannot use the delta: it is none/);
  expectBytes(folder.read("copy.img"), before);
  const other = folder.disk("other.img", 77);
  const untouched = folder.read("other.img");
  expectRefusal(await cowdisk(["apply", delta, other]), 1, /it holds something else at sector 96/);
  expectBytes(folder.read("other.img"), untouched);
});
