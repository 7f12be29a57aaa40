import { assertEquals } from "@std/assert";
import { test } from "vitest";
import { DmsetupCall } from "../../../../src/mapper/dmsetup/dmsetup_call.ts";
import { createRig } from "../rig.ts";

function call(...words: string[]): DmsetupCall {
  const { mapper } = createRig();
  return new DmsetupCall(mapper, mapper.plansSync, words, "");
}

test("options are told from names, wherever they stand", () => {
  const { names, values, flags, unknownOption } = call(
    "-r",
    "t",
    "--table",
    "0 8 zero",
    "--noflush",
  );
  assertEquals(names, ["t"]);
  assertEquals(values, { table: "0 8 zero" });
  assertEquals([...flags], ["readonly", "none"]);
  assertEquals(unknownOption, null);
});

test("a lone dash and a number below zero are names", () => {
  assertEquals(call("-", "-8").names, ["-", "-8"]);
});

test("the first unknown option is remembered, and an option without its word is unknown", () => {
  assertEquals(call("--what", "--else").unknownOption, "--what");
  assertEquals(call("t", "--table").unknownOption, "--table");
});

test("output is kept apart and in order", () => {
  const it = call();
  it.print("a");
  it.error("b");
  it.print("c");
  assertEquals([it.stdout, it.stderr, it.output], ["a\nc\n", "b\n", "a\nb\nc\n"]);
});
