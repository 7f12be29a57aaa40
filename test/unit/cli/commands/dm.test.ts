import { expect, test } from "vitest";
import { expectRefusal } from "../command_clauses.ts";
import { running } from "../control/rig.ts";
import { cowdisk, DISK_SECTORS, TestEnvironment } from "../session.ts";

test("whom it talks to has to be said, before the first of dmsetup's words", async () => {
  expectRefusal(await cowdisk(["dm", "ls"]), 2, /Found no --control PATH/);
  expectRefusal(await cowdisk(["dm", "ls", "--control", "x"]), 2, /Found no --control PATH/);
});

test("a session of dmsetup's, letter for letter", async () => {
  const { run, end } = await running();
  await run(["live", "take", "monday", "monday.cow"]);
  const table = `0 ${DISK_SECTORS} snapshot 7:0 7:1 P 8`;
  const session: [string[], string][] = [
    [["table"], `monday: ${table}\norigin: 0 ${DISK_SECTORS} snapshot-origin 7:0\n`],
    [["status", "monday"], `0 ${DISK_SECTORS} snapshot 16/2080 16\n`],
    [["create", "part", "--table", "0 8 linear 253:0 8"], ""],
    [
      ["ls", "--tree"],
      "monday (253:1)\n ├─ (7:1)\n └─ (7:0)\npart (253:2)\n └─origin (253:0)\n    └─ (7:0)\n",
    ],
    [["suspend", "part"], ""],
    [["info", "part"], expect.stringMatching(/State: +SUSPENDED\n/)],
    [["load", "part", "--table", "0 16 zero"], ""],
    [["resume", "part"], ""],
    [["table", "--concise", "part"], "part,,2,rw,0 16 zero \n"],
    [["remove", "part"], ""],
    [["ls"], "monday\t(253:1)\norigin\t(253:0)\n"],
  ];
  for (const [words, out] of session) {
    expect(await run(["dm", ...words]), words.join(" ")).toEqual({ code: 0, out, err: "" });
  }
  expect((await end()).code).toBe(0);
});

test("a refusal is dmsetup's, and so is the exit code", async () => {
  const { run } = await running();
  expect(await run(["dm", "remove", "nope"])).toEqual({
    code: 1,
    out: "",
    err:
      "device-mapper: remove ioctl on nope  failed: No such device or address\nCommand failed.\n",
  });
  expect(await run(["dm", "frobnicate"])).toMatchObject({
    code: 1,
    err: 'Unknown command "frobnicate"\n',
  });
});

test("a table comes on standard input, where none is given", async () => {
  const { run } = await running();
  const fed = (text: string) => new TestEnvironment(false, [new TextEncoder().encode(text)]);
  expect((await run(["dm", "create", "a"], fed("0 8 zero\n8 8 error\n"))).code).toBe(0);
  expect((await run(["dm", "load", "a"], fed("0 8 zero\n"))).code).toBe(0);
  expect((await run(["dm", "create", "--concise"], fed("b,,,ro,0 8 zero"))).code).toBe(0);
  expect((await run(["dm", "create", "c", "--notable"], fed("nonsense"))).code).toBe(0);
  expect((await run(["dm", "table", "--concise"])).out)
    .toMatch(/^a,,1,rw,0 8 zero ,8 8 error ;b,,2,ro,0 8 zero ;c,,3,rw,;origin,,0/);
});
