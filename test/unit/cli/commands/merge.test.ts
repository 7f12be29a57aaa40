import process from "node:process";
import { expect, test } from "vitest";
import { countExceptions, readCowHeader } from "../../../../src/cli/cow_image.ts";
import { openFileDevice } from "../../../../src/devices/file.ts";
import { openSnapshotSync } from "../../../../src/mapper/stack.ts";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import {
  cowdisk,
  expectBytes,
  Folder,
  notes,
  spawnCowdisk,
  TestEnvironment,
  writtenSnapshot,
} from "../session.ts";

commandClauses({
  name: "merge",
  words: ["disk.img", "snap.cow"],
  inputs: ["disk.img", "snap.cow"],
  untouched: [],
});

function wordsIn(folder: Folder): string[] {
  return ["merge", folder.path("disk.img"), folder.path("snap.cow")];
}

/** How many exceptions are left, looked up past the lock of a merge under way. */
function exceptionsIn(folder: Folder): number {
  const cow = openFileDevice(folder.path("snap.cow"), { readOnly: true, lock: false });
  try {
    return countExceptions(cow, readCowHeader(cow));
  } finally {
    cow.closeSync();
  }
}

/** A snapshot with as many runs as can be, so that its merge takes as many steps. */
async function scatteredSnapshot(folder: Folder, chunkCount: number): Promise<Uint8Array> {
  const disk = folder.write("disk.img", notes(chunkCount * 16, 1));
  await cowdisk(["snapshot", disk, folder.path("snap.cow")]);
  const expected = folder.read("disk.img");
  const origin = openFileDevice(disk, { readOnly: true });
  const cow = openFileDevice(folder.path("snap.cow"));
  const snapshot = openSnapshotSync({ origin, cow, durability: "flush" });
  for (let chunk = 0; chunk < chunkCount; chunk++) {
    const bytes = notes(8, 1000 + chunk);
    snapshot.writeSync(bytes, chunk * 16);
    expected.set(bytes, chunk * 8192);
  }
  for (const device of [snapshot, origin, cow]) device.closeSync();
  return expected;
}

/** What the progress bar last said. */
function chunksMerged({ err }: TestEnvironment): number {
  return Number([...err.text.matchAll(/(\d+) of \d+ chunks/g)].at(-1)?.[1] ?? 0);
}

test("the disk becomes what the snapshot showed, the snapshot empty and of use", async () => {
  const folder = new Folder();
  const expected = await writtenSnapshot(folder);
  const { code, out, err } = await cowdisk(wordsIn(folder));
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/disk\.img: 7 chunks merged from .*snap\.cow, which is empty now\n$/);
  expectBytes(folder.read("disk.img"), expected);
  const status = await cowdisk(["status", ...wordsIn(folder).slice(1), "--json"]);
  expect(JSON.parse(status.out)).toMatchObject({ state: "active", exceptions: 0 });
});

test("to merge an empty snapshot is to do nothing", async () => {
  const folder = new Folder();
  const expected = await writtenSnapshot(folder);
  await cowdisk(wordsIn(folder));
  expect((await cowdisk(wordsIn(folder))).out).toMatch(/: 0 chunks merged/);
  expectBytes(folder.read("disk.img"), expected);
});

test("another snapshot that is named keeps its view", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const before = folder.read("disk.img");
  const kept = folder.path("kept.cow");
  await cowdisk(["snapshot", folder.path("disk.img"), kept, "--chunk", "16K"]);
  expect((await cowdisk([...wordsIn(folder), "--keep", kept])).code).toBe(0);
  await cowdisk(["export", `${folder.path("disk.img")}+${kept}`, folder.path("view.img")]);
  expectBytes(folder.read("view.img"), before);
});

test("another snapshot that runs full is told of, and the merge goes on", async () => {
  const folder = new Folder();
  const expected = await writtenSnapshot(folder);
  const kept = folder.path("kept.cow");
  await cowdisk(["snapshot", folder.path("disk.img"), kept, "--size", "16K"]);
  const { code, err } = await cowdisk([...wordsIn(folder), "--keep", kept]);
  expect([code, err]).toEqual([1, `cowdisk: Not kept, their images ran full: ${kept}\n`]);
  expectBytes(folder.read("disk.img"), expected);
});

test("an invalid snapshot is not merged", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const before = folder.read("disk.img");
  const cow = folder.read("snap.cow");
  cow[4] = 0;
  folder.write("snap.cow", cow);
  expectRefusal(await cowdisk(wordsIn(folder)), 1, /the snapshot is invalid/);
  expectBytes(folder.read("disk.img"), before);
});

test("an invalid snapshot cannot be kept", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const before = folder.read("disk.img");
  const kept = folder.path("kept.cow");
  await cowdisk(["snapshot", folder.path("disk.img"), kept]);
  const cow = folder.read("kept.cow");
  cow[4] = 0;
  folder.write("kept.cow", cow);
  const ending = await cowdisk([...wordsIn(folder), "--keep", kept]);
  expectRefusal(ending, 1, /Cannot keep .*kept\.cow": the snapshot is invalid/);
  expectBytes(folder.read("disk.img"), before);
});

test("images that someone uses are not merged", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const user = openFileDevice(folder.path("disk.img"), { readOnly: true });
  const ending = await cowdisk(wordsIn(folder));
  user.closeSync();
  expectRefusal(ending, 1, /open elsewhere/);
});

test("an interruption ends the step, and the next merge goes on", async () => {
  const folder = new Folder("disk");
  const expected = await scatteredSnapshot(folder, 4000);
  const environment = new TestEnvironment(true);
  const { sleep } = environment.clock;
  environment.clock.sleep = async (timeMs) => {
    await sleep(timeMs);
    if (chunksMerged(environment) > 10) environment.interrupt();
  };
  const { code, err } = await cowdisk(wordsIn(folder), environment);
  expect(code).toBe(130);
  expect(err).toMatch(/Interrupted with \d+ of 4000 chunks left to merge; both images are whole; /);
  const left = exceptionsIn(folder);
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(4000);
  expect((await cowdisk(wordsIn(folder))).code).toBe(0);
  expectBytes(folder.read("disk.img"), expected);
});

test("a merge that was killed goes on, as often as it takes", async () => {
  const folder = new Folder("disk");
  const expected = await scatteredSnapshot(folder, 4000);
  let kills = 0;
  for (let left = 4000; left > 0 && kills < 3; kills++) {
    const { child, ended } = spawnCowdisk(wordsIn(folder));
    let isRunning = true;
    ended.then(() => isRunning = false);
    const target = left;
    while (isRunning && left > target - 600) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      left = exceptionsIn(folder);
    }
    child.kill("SIGKILL");
    await ended;
    left = exceptionsIn(folder);
  }
  const { code } = await spawnCowdisk(wordsIn(folder)).ended;
  expect(code).toBe(0);
  expect(exceptionsIn(folder)).toBe(0);
  expectBytes(folder.read("disk.img"), expected);
});

test("Ctrl-C in a terminal is a clean stop", async () => {
  const folder = new Folder("disk");
  const expected = await scatteredSnapshot(folder, 4000);
  const { child, ended } = spawnCowdisk(wordsIn(folder));
  while (exceptionsIn(folder) === 4000) await new Promise((next) => setTimeout(next, 5));
  // Not by `child.kill`, behind which the exit code would not be told.
  process.kill(child.pid!, "SIGINT");
  const { code, err } = await ended;
  expect(code).toBe(130);
  expect(err).toMatch(/^cowdisk: Interrupted with \d+ of 4000 chunks left/);
  expect((await cowdisk(wordsIn(folder))).code).toBe(0);
  expectBytes(folder.read("disk.img"), expected);
});
