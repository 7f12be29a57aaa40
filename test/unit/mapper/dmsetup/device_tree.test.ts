import { assertEquals } from "@std/assert";
import { test } from "vitest";
import { treeLines } from "../../../../src/mapper/dmsetup/device_tree.ts";
import { createRig } from "../rig.ts";

test("what nobody uses is a root; what lies below is drawn below, to the disks", () => {
  const { mapper } = createRig();
  assertEquals(treeLines(mapper), []);
  mapper.createSync("real", "0 4096 linear vda 0");
  mapper.createSync("snap", "0 4096 snapshot 253:0 vdb P 8");
  mapper.createSync("origin", "0 4096 snapshot-origin 253:0");
  mapper.createSync("zeroes", "0 8 zero");
  assertEquals(treeLines(mapper), [
    "origin (253:2)",
    " └─real (253:0)",
    "    └─ (254:0)",
    "snap (253:1)",
    " ├─ (254:16)",
    " └─real (253:0)",
    "    └─ (254:0)",
    "zeroes (253:3)",
  ]);
  mapper.createSync("top", "0 8 linear snap 0");
  assertEquals(treeLines(mapper).slice(3, 7), [
    "top (253:4)",
    " └─snap (253:1)",
    "    ├─ (254:16)",
    "    └─real (253:0)",
  ]);
});
