import { assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { runSync } from "../../../../src/block/plan.ts";
import { MapperError } from "../../../../src/mapper/mapper_error.ts";
import { parseUnsigned, planned } from "../../../../src/mapper/table/target_types.ts";
import { createRig } from "../rig.ts";

test("a number is decimal digits, leading zeroes and all, up to its limit", () => {
  assertEquals(["0", "8", "08", "10"].map((word) => parseUnsigned(word, 10)), [0, 8, 8, 10]);
  for (const word of ["11", "-1", "+1", "1.0", "1e0", "0x1", "", " 1"]) {
    assertEquals(parseUnsigned(word, 10), null, word);
  }
});

test("a plan that is over before it begins has its result", () => {
  assertEquals(runSync(planned(() => 7)), 7);
});

test("words that a target does not take are refused with dm's text", () => {
  const refused: [string, string][] = [
    ["linear", "linear: Invalid argument count (-EINVAL)"],
    ["linear /dev/vda", "linear: Invalid argument count (-EINVAL)"],
    ["linear /dev/vda 0 0", "linear: Invalid argument count (-EINVAL)"],
    ["linear /dev/vda x", "linear: Invalid device sector (-EINVAL)"],
    ["linear /dev/nope 0", "linear: Device lookup failed (-ENODEV)"],
    ["zero 1", "zero: No arguments required (-EINVAL)"],
  ];
  for (const [rest, line] of refused) {
    const { mapper, log } = createRig();
    assertThrows(() => mapper.createSync("t", `0 8 ${rest}`), MapperError);
    assertEquals(log, [`table: 253:0: ${line}`, "ioctl: error adding target to table"]);
  }
});
