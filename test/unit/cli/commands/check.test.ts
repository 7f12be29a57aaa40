import { statSync } from "node:fs";
import { expect, test } from "vitest";
import { commandClauses } from "../command_clauses.ts";
import { cowdisk, expectBytes, Folder, notes, writtenSnapshot } from "../session.ts";

commandClauses({
  name: "check",
  words: ["snap.cow"],
  inputs: ["snap.cow"],
  untouched: ["snap.cow"],
});

/** A folder with `disk.img`, and `snap.cow` spoiled by whoever asks. */
async function spoiled(spoil: (bytes: Uint8Array, view: DataView) => void): Promise<Folder> {
  const folder = new Folder();
  await writtenSnapshot(folder);
  const cow = folder.read("snap.cow");
  spoil(cow, new DataView(cow.buffer));
  folder.write("snap.cow", cow);
  return folder;
}

/** Where the entries of area 0 begin, in chunks of 4 KiB. */
const AREA = 4096;

const checkIn = (folder: Folder, ...words: string[]) =>
  cowdisk(["check", folder.path("snap.cow"), ...words]);

test("of an image in which nothing is wrong it tells what is in it", async () => {
  const folder = await spoiled(() => {});
  const { code, out, err } = await checkIn(folder, "--origin", folder.path("disk.img"));
  expect(out).toBe(
    "7 exceptions in 1 area, 7 chunks of 4 KiB in use, 0 leaked\n0 errors, 0 warnings, 0 notes\n",
  );
  expect([code, err]).toEqual([0, ""]);
});

test("every error is told, not only the first, and it fails", async () => {
  const folder = await spoiled((_, view) => {
    view.setUint32(AREA + 1 * 16 + 8, 1, true);
    view.setUint32(AREA + 3 * 16 + 12, 2 ** 24, true);
    view.setUint32(AREA + 6 * 16, 12, true);
  });
  const { code, out, err } = await checkIn(folder);
  expect(out).toMatch(/^error +entry 1 of area 0 has new chunk 1, which holds metadata$/m);
  expect(out).toMatch(/^error +entry 3 of area 0 has .* Linux takes its top byte for the length/m);
  expect(out).toMatch(/^error +entry 6 of area 0 has old chunk 12, which entry 0 of area 0 has/m);
  expect(out).toMatch(/\n3 errors, 0 warnings, 1 note\n$/);
  expect(err).toMatch(/^cowdisk: "[^\n]*snap.cow" has 3 errors\n$/);
  expect(code).toBe(1);
});

test("warnings and notes are told and are no failure", async () => {
  const folder = await spoiled((bytes) => {
    bytes[600] = 1;
    bytes[AREA + 1000] = 1;
  });
  const { code, out, err } = await checkIn(folder);
  expect(out).toMatch(/^note +behind its header, in sectors 1 to 7, .* \(can be repaired\)$/m);
  expect(out).toMatch(/^warning +behind the end of the list, .* \(can be repaired\)$/m);
  expect(out).toMatch(/\n0 errors, 1 warning, 1 note\n$/);
  expect([code, err]).toEqual([0, ""]);
});

test("a program reads the same as JSON", async () => {
  const folder = await spoiled((_, view) => {
    view.setUint32(AREA + 1 * 16 + 8, 1, true);
    view.setUint32(AREA + 2 * 16 + 8, 2, true);
  });
  const { code, out } = await checkIn(folder, "--json");
  expect(code).toBe(1);
  expect(out).toMatch(/^[^\n]*\n$/);
  expect(JSON.parse(out)).toMatchObject({
    kind: "cow",
    findings: [
      { kind: "newChunkOnMetadata", severity: "error", area: 0, entry: 1, chunk: 1 },
      { kind: "newChunkTwice", severity: "error", area: 0, entry: 2, chunk: 2 },
      { kind: "leakedChunks", severity: "note" },
    ],
    errors: 2,
    warnings: 0,
    notes: 1,
    state: "refused",
    chunkSectors: 8,
    areaCount: 1,
    exceptionCount: 7,
    usedChunks: 5,
    leakedChunks: 2,
    repaired: [],
  });
});

test("nothing to find is valid JSON too", async () => {
  const { code, out } = await checkIn(await spoiled(() => {}), "--json");
  expect([code, JSON.parse(out).findings]).toEqual([0, []]);
});

test.each([["--quiet"], ["--quiet", "--json"], ["--quiet", "--repair"]])(
  "when asked to be quiet only the exit code tells: %s %s",
  async (...words) => {
    const wrong = await spoiled((bytes) => void (bytes[AREA + 8] = 1));
    expect(await checkIn(wrong, ...words)).toEqual({ code: 1, out: "", err: "" });
    const right = await spoiled(() => {});
    expect(await checkIn(right, ...words)).toEqual({ code: 0, out: "", err: "" });
  },
);

test("with the origin, exceptions outside of it are errors", async () => {
  const folder = await spoiled(() => {});
  folder.write("small.img", notes(256 * 8, 1));
  expect((await checkIn(folder)).code).toBe(0);
  const { code, out } = await checkIn(folder, "--origin", folder.path("small.img"));
  expect(code).toBe(1);
  expect(out).toMatch(/^error .* has old chunk 256, but ".*small.img" has only 256 chunks$/m);
});

test("the origin is not the COW image, and is not made", async () => {
  const folder = await spoiled(() => {});
  const twice = await checkIn(folder, "--origin", folder.path("snap.cow"));
  expect([twice.code, twice.err]).toEqual([1, expect.stringMatching(/are the same file/)]);
  const absent = await checkIn(folder, "--origin", folder.path("absent"));
  expect([absent.code, absent.err]).toEqual([1, expect.stringMatching(/there is no such file/)]);
  expect(folder.has("absent")).toBe(false);
});

test("a repair clears what lies behind the end, says so, and has nothing left to do", async () => {
  const folder = await spoiled(() => {});
  const whole = folder.read("snap.cow");
  const stale = whole.slice();
  stale[5] = 1;
  stale[17] = 9;
  stale.fill(7, AREA + 7 * 16, AREA + 7 * 16 + 8);
  stale.fill(8, AREA + 3000, AREA + 3500);
  folder.write("snap.cow", stale);
  const { code, out, err } = await checkIn(folder, "--repair");
  expect([code, err]).toEqual([0, ""]);
  expect(out.match(/^repaired /gm)?.length).toBe(3);
  expect(out).toMatch(/\n0 errors, 0 warnings, 0 notes left\n$/);
  expectBytes(folder.read("snap.cow"), whole);
  const again = await checkIn(folder, "--repair");
  expect(again.out).not.toMatch(/repaired/);
});

test("what would take a guess is not repaired, and nothing else is either", async () => {
  const folder = await spoiled((bytes, view) => {
    view.setUint32(AREA + 6 * 16, 12, true);
    bytes[AREA + 3000] = 1;
  });
  const before = [folder.read("snap.cow"), statSync(folder.path("snap.cow")).mtimeMs];
  const { code, out, err } = await checkIn(folder, "--repair");
  expect(out).not.toMatch(/repaired \w/);
  expect(err).toMatch(/has 1 error that cannot be repaired without a guess\n$/);
  expect(code).toBe(1);
  expect([folder.read("snap.cow"), statSync(folder.path("snap.cow")).mtimeMs]).toEqual(before);
});

test("what is no COW image is told like any other error", async () => {
  const folder = new Folder();
  for (
    const [bytes, words] of [
      [new Uint8Array(8192), /^error +its magic is zero: it holds no exceptions/],
      [notes(16, 1), /^error +its magic is 0x[0-9a-f]+, want 0x70416e53/],
      [new Uint8Array(0), /^error +it has 0 sectors, too few for a header\n/],
    ] as const
  ) {
    folder.write("snap.cow", bytes);
    const { code, out } = await checkIn(folder);
    expect([code, out]).toEqual([1, expect.stringMatching(words)]);
    expect(out).toMatch(/\nits exceptions cannot be counted\n1 error, 0 warnings, 0 notes\n$/);
  }
});

test("a snapshot that was invalidated fails the check", async () => {
  const { code, out } = await checkIn(await spoiled((bytes) => void (bytes[4] = 0)));
  expect([code, out]).toEqual([1, expect.stringMatching(/^error +it is marked invalid/)]);
});
