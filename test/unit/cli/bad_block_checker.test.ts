/** `cowdisk check --bad-block-table`: a disk image whose table is where its table line says. */
import { describe, expect, test } from "vitest";
import { badBlockChecker } from "../../../src/cli/bad_block_checker.ts";
import { CommandFailure } from "../../../src/cli/failure.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { sectorByHand } from "../exception/relocation/tables.ts";
import { PLACES, SECTORS } from "../exception/check/bad_block_tables.ts";
import { cowdisk, expectBytes, Folder } from "./session.ts";

const LINE = "0 160 bbr /dev/vda 16 200 208 2 400 40 2048";

/** A folder with `disk.img`, whose table is by hand, spoiled by whoever asks. */
function folderWith(spoil: (bytes: Uint8Array) => void = () => {}): Folder {
  const folder = new Folder();
  const bytes = new Uint8Array(1024 * 512);
  for (const start of PLACES.copySectors) {
    SECTORS.forEach((sector, index) => bytes.set(sectorByHand(sector), (start + index) * 512));
  }
  spoil(bytes);
  folder.write("disk.img", bytes);
  return folder;
}

const checkIn = (folder: Folder, ...words: string[]) =>
  cowdisk(["check", folder.path("disk.img"), "--bad-block-table", LINE, ...words]);

const SUMMARY = "3 of 40 spares of 2 KiB in use, 1 retired, 28 left behind\n";

test("of a table in which nothing is wrong it tells what is in it, and changes nothing", async () => {
  const folder = folderWith();
  const before = folder.read("disk.img");
  expect(await checkIn(folder)).toEqual({
    code: 0,
    out: "note     28 spares were left behind, and hold nothing in use\n" + SUMMARY +
      "0 errors, 0 warnings, 1 note\n",
    err: "",
  });
  expectBytes(folder.read("disk.img"), before);
});

test("a damaged copy is a warning, and repaired when it is said", async () => {
  const whole = folderWith().read("disk.img");
  const folder = folderWith((bytes) => bytes.fill(7, 208 * 512, 209 * 512));
  const told = await checkIn(folder);
  expect([told.code, told.err]).toEqual([0, ""]);
  expect(told.out).toMatch(/^warning {2}the second copy of its sector 0 begins .* \(can be rep/);
  const { code, out } = await checkIn(folder, "--repair");
  expect(code).toBe(0);
  expect(out).toMatch(/\nrepaired the second copy of its sector 0 begins with 0x7070707/);
  expect(out).toMatch(/\n0 errors, 0 warnings, 1 note left\n$/);
  expectBytes(folder.read("disk.img"), whole);
});

test("what both copies have lost fails, with and without repair", async () => {
  const folder = folderWith((bytes) => {
    for (const start of PLACES.copySectors) bytes.fill(7, start * 512, (start + 1) * 512);
  });
  const before = folder.read("disk.img");
  for (const words of [[], ["--repair"]]) {
    const { code, out, err } = await checkIn(folder, ...words);
    expect(code).toBe(1);
    expect(out).toMatch(/^error +of its sector 0 the first copy begins .*, the second begins /);
    expect(err).toMatch(/disk.img" has 1 error/);
  }
  expectBytes(folder.read("disk.img"), before);
});

test("a program reads the same as JSON", async () => {
  const folder = folderWith((bytes) => bytes.fill(0, 200 * 512, 201 * 512));
  const { code, out } = await checkIn(folder, "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({
    kind: "bbr",
    findings: [
      expect.objectContaining({ kind: "blankCopy", severity: "warning", area: 0 }),
      expect.objectContaining({ kind: "leakedSpares", severity: "note" }),
    ],
    errors: 0,
    warnings: 1,
    notes: 1,
    state: "usable",
    spareCount: 40,
    relocatedCount: 3,
    retiredCount: 1,
    leakedCount: 28,
    repaired: [],
  });
});

describe("a line that is none", () => {
  const device = createMemoryDevice({ name: "disk.img", sectorCount: 1024 });
  const lines = {
    "": "want one, as",
    "0 160 linear /dev/vda 16": "want one, as",
    "0 160 bbr /dev/vda 16 200 208 2 400 40 2048; 160 8 zero": "want one, as",
    "16 200 208 2 400 40 2048": "want one, as",
    "0 x bbr": '"x" is no number of sectors',
    "0 160 bbr /dev/vda 16 200 208 2 400 40": "have 7 arguments",
    "0 160 bbr /dev/vda 16 200 208 2 400 40 x": '"x" is not a block size in bytes',
  };
  test.each(Object.entries(lines))("%j is a usage error", (line, words) => {
    let failure: unknown;
    try {
      badBlockChecker(line, device);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(CommandFailure);
    expect(failure).toMatchObject({ exitCode: 2, message: expect.stringContaining(words) });
  });

  test("nothing can lie on the image like that: it fails, and says why", async () => {
    const folder = folderWith();
    const line = LINE.replace("400 40", "990 40");
    const { code, out, err } = await cowdisk([
      "check",
      folder.path("disk.img"),
      "--bad-block-table",
      line,
    ]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/the first spare is 990, want a multiple of 4|ends at sector 1024/);
  });

  test("an origin has no part in it", async () => {
    const folder = folderWith();
    const { code, err } = await checkIn(folder, "--origin", folder.path("disk.img"));
    expect([code, err]).toEqual([
      2,
      expect.stringContaining("--origin says nothing about a bad-block table"),
    ]);
  });
});
