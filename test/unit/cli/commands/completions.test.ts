import { expect, test } from "vitest";
import { expectRefusal } from "../command_clauses.ts";
import { cowdisk } from "../session.ts";

test.each(["bash", "zsh", "fish"])("the script for %s says how it is loaded", async (shell) => {
  const { code, out, err } = await cowdisk(["completions", shell]);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(new RegExp(`# Completions of cowdisk for ${shell}\\. Once: .*${shell}`));
});

test("a shell that is not known is refused, with those that are", async () => {
  const ending = await cowdisk(["completions", "csh"]);
  expectRefusal(ending, 2, /Allowed choices are bash, zsh, fish/);
});
