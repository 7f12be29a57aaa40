import { expect, test } from "vitest";
import { commandClauses, expectRefusal } from "../command_clauses.ts";
import { cowdisk, Folder, writtenSnapshot } from "../session.ts";

commandClauses({
  name: "dump",
  words: ["snap.cow"],
  inputs: ["snap.cow"],
  untouched: ["snap.cow"],
});

test("the header and the exceptions are told, oldest first", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const { out } = await cowdisk(["dump", folder.path("snap.cow")]);
  expect(out).toMatch(/^magic +SnAp\nversion +1\nvalid +yes\nchunk +4 KiB, 8 sectors\n/);
  expect(out).toMatch(/^ +12-14 +2-4 +3\n +64 +5 +1\n +125-126 +6-7 +2\n +256 +8 +1\n/m);
  expect(out).toMatch(/\n7 exceptions in 1 area\n$/);
});

test("a program reads the same as JSON", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const { out } = await cowdisk(["dump", folder.path("snap.cow"), "--json"]);
  expect(JSON.parse(out)).toEqual({
    version: 1,
    isValid: true,
    chunkSectors: 8,
    sectorCount: 2080,
    areas: 1,
    exceptions: 7,
    runs: [
      { oldChunk: 12, newChunk: 2, count: 3 },
      { oldChunk: 64, newChunk: 5, count: 1 },
      { oldChunk: 125, newChunk: 6, count: 2 },
      { oldChunk: 256, newChunk: 8, count: 1 },
    ],
  });
});

test("an invalid snapshot's exceptions are not shown", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const cow = folder.read("snap.cow");
  cow[4] = 0;
  folder.write("snap.cow", cow);
  const { code, out } = await cowdisk(["dump", folder.path("snap.cow")]);
  expect(code).toBe(0);
  expect(out).toMatch(/^valid +no: /m);
  expect(out).not.toMatch(/exceptions in/);
});

test("what does not make sense is said, after what does", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const cow = folder.read("snap.cow");
  new DataView(cow.buffer).setUint32(4096 + 4 * 16 + 8, 1, true);
  folder.write("snap.cow", cow);
  const { code, out, err } = await cowdisk(["dump", folder.path("snap.cow")]);
  expect(code).toBe(1);
  expect(out).toMatch(/^ +12-14 +2-4 +3$/m);
  expect(err).toMatch(/^cowdisk: .*entry 4 of area 0 has new chunk 1, which holds metadata\n$/);
});

test("a version that nobody knows is refused", async () => {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const cow = folder.read("snap.cow");
  cow[8] = 2;
  folder.write("snap.cow", cow);
  expectRefusal(await cowdisk(["dump", folder.path("snap.cow")]), 1, /its version is 2, want 1/);
});
