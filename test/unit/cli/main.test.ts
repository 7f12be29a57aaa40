/** The real program, as a child process: what only a process can show. */
import { expect, test } from "vitest";
import { expectRefusal } from "./command_clauses.ts";
import { expectBytes, Folder, spawnCowdisk, writtenSnapshot } from "./session.ts";

test("help goes to the output and ends in 0", async () => {
  const { code, out, err } = await spawnCowdisk(["--help"]).ended;
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/^Usage: cowdisk /);
});

test("a usage error goes to the error output and ends in 2", async () => {
  expectRefusal(await spawnCowdisk(["snapshot", "--chunk", "3K"]).ended, 2, /--chunk/);
});

test("a failure is one sentence and ends in 1", async () => {
  expectRefusal(await spawnCowdisk(["dump", "absent.cow"]).ended, 1, /"absent\.cow": there is no/);
});

test("a reader who has seen enough is left in peace", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const { child, ended } = spawnCowdisk(["dump", folder.path("snap.cow")]);
  child.stdout!.destroy();
  const { code, err } = await ended;
  expect([code, err]).toEqual([1, ""]);
});

test("a session: snapshot, status, export, merge", async () => {
  const folder = new Folder();
  const [disk, cow, view] = [folder.disk(), folder.path("a b.cow"), folder.path("view.img")];
  const made = await spawnCowdisk(["snapshot", disk, cow]).ended;
  expect(made).toMatchObject({ code: 0, err: "" });
  expect(made.out).toMatch(/a\\ b\.cow P 8$/m);
  const status = await spawnCowdisk(["status", disk, cow, "--json"]).ended;
  expect(JSON.parse(status.out)).toMatchObject({ state: "active", exceptions: 0 });
  const exported = await spawnCowdisk(["export", `${disk}+${cow}`, view]).ended;
  expect(exported).toMatchObject({ code: 0, err: "" });
  expectBytes(folder.read("view.img"), folder.read("disk.img"));
  expect(await spawnCowdisk(["merge", disk, cow]).ended).toMatchObject({ code: 0, err: "" });
});
