import { expect, test } from "vitest";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import { cowdisk, DISK_SECTORS, Folder, writtenSnapshot } from "../session.ts";

commandClauses({
  name: "table",
  words: ["disk.img", "snap.cow"],
  inputs: ["disk.img", "snap.cow"],
  untouched: ["disk.img", "snap.cow"],
});

test("it is dm's table line, with the files in it", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const [disk, cow] = [folder.path("disk.img"), folder.path("snap.cow")];
  const { out } = await cowdisk(["table", disk, cow]);
  expect(out).toBe(`0 ${DISK_SECTORS} snapshot ${disk} ${cow} P 8\n`);
  expectRefusal(await cowdisk(["table", cow, disk]), 1, /is no COW image/);
});
