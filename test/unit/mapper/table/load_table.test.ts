/** Tables are checked whole before they are used, in dm's order and with dm's texts. */
import { assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { runAsync, runSync } from "../../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { MapperError } from "../../../../src/mapper/mapper_error.ts";
import type { TargetType } from "../../../../src/mapper/table/target_types.ts";
import { createZero } from "../../../../src/targets/zero.ts";
import { createRig, filled } from "../rig.ts";

const ADDING = "ioctl: error adding target to table";
const QUEUE = [
  "core: Cannot calculate initial queue limits",
  "ioctl: unable to set up device queue for new table.",
];

test("a table that makes no sense is refused with dm's log and a sentence", () => {
  const refused: [string, string[], string][] = [
    [
      "",
      ["ioctl: populate_table: no targets specified"],
      'Cannot load a table without lines into "t"',
    ],
    [
      "0 0 zero",
      ["table: 253:0: zero-length target", ADDING],
      'Cannot load line 1 of the table of "t": its length is 0',
    ],
    [
      "0 8 bogus",
      ["table: 253:0: bogus: unknown target type", ADDING],
      'Cannot load line 1 of the table of "t": there is no target type "bogus"',
    ],
    [
      "8 8 zero",
      ["table: 253:0: zero: Gap in table (-EINVAL)", ADDING],
      'Cannot load line 1 of the table of "t": it begins at sector 8, want 0',
    ],
    [
      "0 8 zero; 7 8 error",
      ["table: 253:0: error: Gap in table (-EINVAL)", ADDING],
      'Cannot load line 2 of the table of "t": it begins at sector 7, want 8',
    ],
    [
      "0 8 linear vda 4089",
      ["table: 253:0: vda too small for target: start=4089, len=8, dev_size=4096", ...QUEUE],
      'Cannot use 8 sectors at sector 4089 of "vda": the device ends at sector 4096',
    ],
    [
      "0 4097 snapshot-origin vda",
      ["table: 253:0: vda too small for target: start=0, len=4097, dev_size=4096", ...QUEUE],
      'Cannot use 4097 sectors at sector 0 of "vda": the device ends at sector 4096',
    ],
  ];
  for (const [table, lines, sentence] of refused) {
    const { mapper, log } = createRig();
    const error = assertThrows(() => mapper.createSync("t", table), MapperError);
    assertEquals(error.message, sentence);
    assertEquals([error.verb, error.code, error.number], ["reload", "EINVAL", "253:0"]);
    assertEquals([log, error.logLines], [lines, lines]);
  }
});

test("the last sector of a device can be used", () => {
  const { mapper } = createRig();
  mapper.createSync("t", "0 8 linear vda 4088");
  assertEquals(mapper.device("t").sectorCount, 8);
});

test("a stretch must be made of the device's logical blocks", () => {
  const { mapper, log } = createRig();
  const device = { ...createMemoryDevice({ sectorCount: 64 }), name: "vdk", sectorCount: 64 };
  const limits = { logicalSectors: 8, preferredSectors: 8 };
  mapper.addDisk({ name: "vdk", number: "254:48", device: { ...device, limits } });
  assertThrows(() => mapper.createSync("t", "0 8 linear vdk 4"), MapperError, "multiples of 8");
  assertThrows(() => mapper.createSync("t", "0 4 linear vdk 8"), MapperError, "multiples of 8");
  assertEquals(log.filter((line) => line.startsWith("table")), [
    "table: 253:0: start=4 not aligned to h/w logical block size 4096 of vdk",
    "table: 253:0: len=4 not aligned to h/w logical block size 4096 of vdk",
  ]);
  mapper.createSync("t", "0 8 linear vdk 8");
});

test("a refused table leaves no trace on the devices below", () => {
  const { mapper, vdb } = createRig();
  vdb.writeSync(filled(4096, 0), 0);
  assertThrows(() => mapper.createSync("t", "0 4097 snapshot vda vdb P 8"), MapperError);
  const sector = filled(1, 1);
  vdb.readSync(sector, 0);
  assertEquals(sector, filled(1, 0));
});

test("targets that were constructed are destroyed when a later line is refused", () => {
  const destroyed: number[] = [];
  const traced: TargetType = {
    name: "traced",
    version: "1.0.0",
    // deno-lint-ignore require-yield
    *plan(_words, { sectorCount }) {
      const target = createZero(sectorCount);
      return Object.assign(target, {
        *destroy() {
          destroyed.push(sectorCount);
        },
      });
    },
  };
  const { mapper } = createRig([traced]);
  assertThrows(() => mapper.createSync("t", "0 8 traced; 8 16 traced; 24 8 bogus"), MapperError);
  assertEquals(destroyed, [16, 8]);
});

test("a device can lie on others, not on itself", async () => {
  const { mapper } = createRig();
  runSync(mapper.plansSync.create("a", "0 8 linear vda 0"));
  await runAsync(mapper.plans.create("b", "0 8 linear a 0"));
  for (const [word, below] of [["a", "a"], ["a", "b"], ["a", "253:1"]] as const) {
    const refusal = assertThrows(() => mapper.loadSync(word, `0 8 linear ${below} 0`), MapperError);
    assertEquals(refusal.code, "EINVAL");
  }
  mapper.loadSync("b", "0 8 linear a 0");
});
