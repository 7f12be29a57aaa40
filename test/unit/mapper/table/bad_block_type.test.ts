/** What is accepted as a bad-block target's table line, and how it lives in a mapper. */
import { describe, expect, test } from "vitest";
import { Mapper } from "../../../../src/mapper/mapper.ts";
import { MapperError } from "../../../../src/mapper/mapper_error.ts";
import { badBlockType } from "../../../../src/mapper/table/bad_block_type.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { SimulatedDisk } from "../../../../src/testing/simulated_disk.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { contentsOf, failureOf } from "../../targets/bad_block/rig.ts";
import { createRig } from "../rig.ts";

const LINE = "0 1000 bbr /dev/vda 16 1100 1108 1 1200 31 4096";

/** What a line is refused with: the message, and the first lines of the log. */
function refusalOf(line: string): string[] {
  const { mapper, log } = createRig();
  try {
    mapper.createSync("t", line);
  } catch (error) {
    expect(error).toBeInstanceOf(MapperError);
    expect(mapper.names).toEqual([]);
    return [(error as Error).message, log[0] ?? ""];
  }
  throw new Error(`"${line}" is accepted`);
}

test("EVMS's line of eight arguments is printed back as it was given", () => {
  const { mapper } = createRig();
  mapper.createSync("t", LINE);
  expect(mapper.table("t")).toEqual(["0 1000 bbr 254:0 16 1100 1108 1 1200 31 4096"]);
  expect(mapper.status("t")).toEqual(["0 1000 bbr 0/31 0 0 AA"]);
  expect(mapper.deps("t")).toEqual(["254:0"]);
  expect([badBlockType.name, mapper.types.includes(badBlockType)]).toEqual(["bbr", true]);
});

describe("refused", () => {
  test("too few arguments, and too many", () => {
    const log = "table: 253:0: bbr: Invalid argument count (-EINVAL)";
    for (
      const [words, count] of [["", 0], [" /dev/vda", 1], [" /dev/vda 16 1100 1108 1 1200 31", 7]]
    ) {
      expect(refusalOf(`0 1000 bbr${words}`)).toEqual([
        `Cannot make a bbr target: have ${count} arguments, want a device, a first sector, the first ` +
        "table's sector, the second table's sector, the table's length in sectors, the first spare's " +
        "sector, a number of spares, a block size in bytes",
        log,
      ]);
    }
    expect(refusalOf(`${LINE} 1`)[1]).toBe(log);
  });

  test("what is no number, and which it should have been", () => {
    const words = LINE.split(" ");
    const names = [
      "a first sector",
      "the first table's sector",
      "the second table's sector",
      "the table's length in sectors",
      "the first spare's sector",
      "a number of spares",
      "a block size in bytes",
    ];
    for (const [index, name] of names.entries()) {
      for (const odd of ["x", "-1", "1.5", "0x10", "99999999999999999999"]) {
        const line = words.with(index + 4, odd).join(" ");
        expect(refusalOf(line)).toEqual([
          `Cannot make a bbr target: "${odd}" is not ${name}`,
          "table: 253:0: bbr: Invalid argument (-EINVAL)",
        ]);
      }
    }
  });

  test("a block size that is no sectors", () => {
    for (const bytes of [0, 511, 513, 1000]) {
      expect(refusalOf(LINE.replace("4096", String(bytes)))).toEqual([
        `Cannot make a bbr target: a block of ${bytes} bytes cannot be used, want a multiple of 512`,
        "table: 253:0: bbr: Invalid block size (-EINVAL)",
      ]);
    }
    expect(refusalOf(LINE.replace("4096", "1536"))[0]).toContain("want a power of two");
  });

  test("a device that is not there, read-only or too small", () => {
    expect(refusalOf(LINE.replace("vda", "vdx"))).toEqual([
      'Cannot find a device "/dev/vdx"',
      "table: 253:0: bbr: Device lookup failed (-ENODEV)",
    ]);
    expect(refusalOf(LINE.replace("vda", "vdr"))[0]).toContain("it is read-only");
    expect(refusalOf(LINE.replace("0 1000", "0 4096"))[0]).toContain("the device ends at sector");
    expect(refusalOf(LINE.replace("1200 31", "4000 31"))).toEqual([
      'Cannot relocate bad blocks: the spares end at sector 4248, but "vda" ends at sector 4096',
      "table: 253:0: bbr: Device too small (-EINVAL)",
    ]);
  });

  test("regions on top of each other, in the log as the target says it", () => {
    expect(refusalOf(LINE.replace("1108", "1100"))[1]).toBe(
      "table: 253:0: bbr: Regions overlap (-EINVAL)",
    );
  });

  test("a table that makes no sense, and nothing is written", () => {
    const { mapper, vda } = createRig();
    vda.writeSync(new Uint8Array(512).fill(9), 1100);
    vda.writeSync(new Uint8Array(512).fill(8), 1108);
    const before = contentsOf(vda as never);
    expect(() => mapper.createSync("t", LINE)).toThrow(
      'Cannot load the bad-block table of "vda": of its sector 0 the first copy begins with ' +
        "0x9090909, want 0x42627254, the second begins with 0x8080808, want 0x42627254",
    );
    verifySectors(contentsOf(vda as never), before, 0, "the disk");
  });
});

/** A mapper over a disk that wears out. */
function wornRig() {
  const disk = new SimulatedDisk({ name: "vda", sectorCount: 4096 });
  const log: string[] = [];
  const mapper = new Mapper({
    disks: [{ name: "vda", number: "254:0", device: disk }],
    log: (line) => log.push(line),
  });
  const wear = (sector: number) =>
    disk.breakSectors(16 + sector, 1, { reads: false, writes: true });
  return { disk, mapper, log, wear };
}

describe("in a mapper", () => {
  test("a table loaded while the old one is in use sees what that one relocates until the switch", () => {
    const { mapper, wear } = wornRig();
    mapper.createSync("t", LINE);
    mapper.loadSync("t", LINE);
    wear(20);
    mapper.device("t").writeSync(patternOf(2, 16, 8), 16);
    expect([mapper.status("t"), mapper.status("t", "inactive")]).toEqual([
      ["0 1000 bbr 1/31 0 0 AA"],
      ["0 1000 bbr 0/31 0 0 AA"],
    ]);
    mapper.resumeSync("t");
    expect(mapper.status("t")).toEqual(["0 1000 bbr 1/31 0 0 AA"]);
    const bytes = new Uint8Array(8 * 512);
    mapper.device("t").readSync(bytes, 16);
    verifySectors(bytes, patternOf(2, 16, 8), 16, "the block");
  });

  test("messages and events are dmsetup's", () => {
    const { mapper, wear, log } = wornRig();
    mapper.createSync("t", LINE);
    expect(mapper.message("t", 0, ["query", "20"])).toBe("20 in place");
    mapper.message("t", 0, ["mark", "100"]);
    wear(20);
    mapper.device("t").writeSync(patternOf(2, 16, 8), 16);
    expect(mapper.message("t", 0, ["list"])).toBe(
      "16 relocated to sector 1200\n96 in place, marked",
    );
    expect(mapper.info("t").eventNumber).toBe(1);
    expect(() => mapper.message("t", 0, ["query", "1000"])).toThrow(
      expect.objectContaining({ code: "EINVAL" }),
    );
    expect(log).toEqual([]);
  });

  test("behind another target, sectors are counted from its own first one", () => {
    const { mapper, wear } = wornRig();
    mapper.createSync("t", `0 8 zero\n8 1000 bbr /dev/vda 16 1100 1108 1 1200 31 4096`);
    wear(20);
    mapper.device("t").writeSync(patternOf(2, 24, 8), 24);
    expect(mapper.message("t", 8, ["query", "20"])).toBe("20 relocated to sector 1204");
  });

  test("a read-only table is read as it is, and not mended", () => {
    const { mapper, disk } = wornRig();
    mapper.createSync("t", LINE, { isReadOnly: true });
    expect(mapper.status("t")).toEqual(["0 1000 bbr 0/31 0 0 DD"]);
    expect(failureOf(() => mapper.device("t").writeSync(new Uint8Array(512), 0))).toBe("EROFS");
    expect(disk.contents().every((byte) => byte === 0)).toBe(true);
  });

  test("a snapshot lies on it, and its COW device too", () => {
    const { mapper, wear } = wornRig();
    mapper.createSync("t", LINE);
    mapper.createSync("origin", "0 400 linear t 0");
    mapper.createSync("cow", "0 600 linear t 400");
    mapper.createSync("snap", "0 400 snapshot origin cow P 8");
    mapper.createSync("top", "0 400 snapshot-origin origin");
    for (let sector = 0; sector < 1000; sector += 40) wear(sector);
    for (let sector = 0; sector < 400; sector += 8) {
      mapper.device("top").writeSync(patternOf(2, sector, 8), sector);
    }
    expect(contentsOf(mapper.device("snap")).every((byte) => byte === 0)).toBe(true);
    verifySectors(contentsOf(mapper.device("top")), patternOf(2, 0, 400), 0, "the origin");
    expect(mapper.status("t")[0]).toMatch(/^0 1000 bbr 2\d\/31 0 0 AA$/);
  });
});
