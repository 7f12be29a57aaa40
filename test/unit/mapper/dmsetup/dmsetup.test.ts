/** dmsetup's output, letter for letter. */
import { assertEquals } from "@std/assert";
import { test } from "vitest";
import { dmsetup, dmsetupSync, planDmsetup } from "../../../../src/mapper/dmsetup/dmsetup.ts";
import { runSync } from "../../../../src/block/plan.ts";
import { createRig } from "../rig.ts";

const SNAPSHOT = "0 4096 snapshot /dev/vda /dev/vdb P 8";

test("a session", () => {
  const { mapper } = createRig();
  const session: [string[], string][] = [
    [["create", "snap", "--table", SNAPSHOT], ""],
    [["create", "origin", "--table", "0 4096 snapshot-origin /dev/vda"], ""],
    [["status", "snap"], "0 4096 snapshot 16/4096 16\n"],
    [["status"], "origin: 0 4096 snapshot-origin \nsnap: 0 4096 snapshot 16/4096 16\n"],
    [["table", "snap"], "0 4096 snapshot 254:0 254:16 P 8\n"],
    [["ls"], "origin\t(253:1)\nsnap\t(253:0)\n"],
    [["suspend", "snap"], ""],
    [["resume", "snap"], ""],
    [["remove", "snap", "origin"], ""],
    [["ls"], "No devices found\n"],
    [["status"], "No devices found\n"],
  ];
  for (const [words, output] of session) {
    const result = dmsetupSync(mapper, words);
    assertEquals([result.exitStatus, result.output], [0, output], words.join(" "));
  }
});

test("a table on standard input", async () => {
  const { mapper } = createRig();
  const { exitStatus } = await dmsetup(mapper, ["create", "t"], "0 8 zero\n8 8 error\n");
  assertEquals([exitStatus, mapper.table("t")], [0, ["0 8 zero ", "8 8 error "]]);
});

test("refusals, as libdevmapper prints them", () => {
  const { mapper } = createRig();
  mapper.createSync("t", SNAPSHOT);
  mapper.createSync("used", "0 8 linear vda 0");
  mapper.createSync("user", "0 8 linear used 0");
  const refused: [string[], string][] = [
    [
      ["create", "x", "--table", "0 8 bogus"],
      "device-mapper: reload ioctl on x (253:3) failed: Invalid argument\n",
    ],
    [
      ["create", "x", "--table", "0 8 linear /dev/nope 0"],
      "device-mapper: reload ioctl on x (253:3) failed: No such device\n",
    ],
    [
      ["create", "x", "--table", SNAPSHOT],
      "device-mapper: resume ioctl on x  failed: Invalid argument\n",
    ],
    [
      ["create", "t", "--table", "0 8 zero"],
      "device-mapper: create ioctl on t  failed: Device or resource busy\n",
    ],
    [
      ["reload", "t", "--table", "0 8 bogus"],
      "device-mapper: reload ioctl on t  failed: Invalid argument\n",
    ],
    [["remove", "used"], "device-mapper: remove ioctl on used  failed: Device or resource busy\n"],
    [
      ["remove", "nope"],
      "device-mapper: remove ioctl on nope  failed: No such device or address\n",
    ],
    [["table", "nope"], "device-mapper: table ioctl on nope  failed: No such device or address\n"],
    [["message", "t", "0", "hi"], "device-mapper: message ioctl on t  failed: Invalid argument\n"],
    [["status", "nope"], ""],
  ];
  for (const [words, line] of refused) {
    const result = dmsetupSync(mapper, words);
    assertEquals([result.exitStatus, result.stdout], [1, ""], words.join(" "));
    assertEquals([result.stderr, result.output], Array(2).fill(`${line}Command failed.\n`));
    assertEquals(result.errors.length, 1);
  }
  const info = dmsetupSync(mapper, ["info", "nope"]);
  assertEquals(info.stdout, "Device does not exist.\n");
  assertEquals(info.stderr, "Command failed.\n");
});

test("a table that cannot be read is answered with our sentence", () => {
  const { mapper } = createRig();
  assertEquals(
    dmsetupSync(mapper, ["create", "t", "--table", "0 8"]).stderr,
    'Cannot read the table line "0 8": want a first sector, a length, a type, and arguments\n' +
      "Command failed.\n",
  );
});

test("one device's refusal does not keep a command from the others", () => {
  const { mapper } = createRig();
  mapper.createSync("a", "0 8 zero");
  mapper.createSync("b", "0 8 zero");
  const result = dmsetupSync(mapper, ["remove", "a", "nope", "b"]);
  assertEquals([result.exitStatus, mapper.names], [1, []]);
});

test("a call that is none is answered with the usage", () => {
  const { mapper } = createRig();
  assertEquals(dmsetupSync(mapper, ["frobnicate"]).stderr, 'Unknown command "frobnicate"\n');
  assertEquals(dmsetupSync(mapper, []).stderr, 'Unknown command ""\n');
  assertEquals(dmsetupSync(mapper, ["rename", "a"]).stderr, "Usage: rename <device> <new name>\n");
  const { stderr, exitStatus } = dmsetupSync(mapper, ["ls", "--sideways"]);
  assertEquals([exitStatus, stderr], [1, "Usage: ls [--target <type>]\n"]);
});

test("a mistake of ours is not made into output", () => {
  const { mapper } = createRig();
  mapper.createSync("t", "0 8 zero");
  const { plansSync } = mapper;
  plansSync.suspend = () => {
    throw new RangeError("a bug");
  };
  let thrown: unknown;
  try {
    runSync(planDmsetup(mapper, ["suspend", "t"], "", plansSync));
  } catch (error) {
    thrown = error;
  }
  assertEquals(thrown instanceof RangeError, true);
});
