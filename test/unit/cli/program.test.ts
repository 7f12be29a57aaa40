import { expect, test } from "vitest";
import { expectRefusal } from "./command_clauses.ts";
import { cowdisk } from "./session.ts";

const COMMANDS = [
  ...["tour", "create", "snapshot", "status", "table", "dump", "check", "read", "write"],
  ...["import", "export", "merge", "diff", "apply", "hash", "verify"],
];

test("the help lists every command with a few words", async () => {
  const { code, out, err } = await cowdisk(["--help"]);
  expect([code, err]).toEqual([0, ""]);
  for (const name of COMMANDS) expect(out).toMatch(new RegExp(`^  ${name} .*\\w`, "m"));
});

test("no command at all is a usage error, with the help", async () => {
  const { code, out, err } = await cowdisk([]);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toMatch(/^Usage: cowdisk /);
});

test("a command that does not exist is a usage error, with a guess", async () => {
  expectRefusal(await cowdisk(["frobnicate"]), 2, /unknown command 'frobnicate'/);
  const { code, err } = await cowdisk(["stauts"]);
  expect([code, err]).toEqual([2, expect.stringMatching(/Did you mean status\?/)]);
});

test("the version is a version", async () => {
  expect(await cowdisk(["--version"])).toEqual({ code: 0, out: "0.1.0\n", err: "" });
});
