import { assertEquals } from "@std/assert";
import { test } from "vitest";
import { dmsetupSync } from "../../../../src/mapper/dmsetup/dmsetup.ts";
import { DMSETUP_COMMANDS } from "../../../../src/mapper/dmsetup/dmsetup_commands.ts";
import { createRig } from "../rig.ts";

function run(mapper: ReturnType<typeof createRig>["mapper"], line: string): string {
  return dmsetupSync(mapper, line.split(" ")).output;
}

test("every command has one name, and its usage begins with it", () => {
  const names = DMSETUP_COMMANDS.flatMap(({ name, alias, form }) =>
    alias ? [name, alias] : [[name, form ?? []].flat().join(" --")]
  );
  assertEquals(new Set(names).size, names.length);
  for (const { name, usage } of DMSETUP_COMMANDS) assertEquals(usage.split(" ")[0], name);
});

test("load is reload", () => {
  const { mapper } = createRig();
  mapper.createSync("t", "0 8 zero");
  for (const verb of ["load", "reload"]) {
    assertEquals(dmsetupSync(mapper, [verb, "t", "--table", "0 16 zero"]).exitStatus, 0);
    assertEquals(run(mapper, "table --inactive t"), "0 16 zero \n");
    run(mapper, "clear t");
  }
});

test("info is dmsetup's long form", () => {
  const { mapper } = createRig();
  mapper.createSync("a", "0 8 linear vda 0");
  mapper.createSync("b", "0 8 linear a 0", { isReadOnly: true });
  mapper.suspendSync("b");
  mapper.loadSync("b", "0 8 zero");
  assertEquals(
    run(mapper, "info"),
    `Name:              a
State:             ACTIVE
Read Ahead:        256
Tables present:    LIVE
Open count:        1
Event number:      0
Major, minor:      253, 0
Number of targets: 1

Name:              b
State:             SUSPENDED (READ-ONLY)
Read Ahead:        256
Tables present:    LIVE & INACTIVE
Open count:        0
Event number:      0
Major, minor:      253, 1
Number of targets: 1

`,
  );
});

test("dependencies are numbers in brackets", () => {
  const { mapper } = createRig();
  mapper.createSync("t", "0 8 linear vda 0; 8 8 linear vdb 0");
  assertEquals(run(mapper, "deps t"), "2 dependencies\t: (254, 16) (254, 0)\n");
  assertEquals(run(mapper, "deps"), "t: 2 dependencies\t: (254, 16) (254, 0)\n");
});

test("lines and devices can be asked for by type", () => {
  const { mapper } = createRig();
  mapper.createSync("t", "0 8 zero; 8 8 error");
  mapper.createSync("u", "0 8 zero");
  assertEquals(run(mapper, "status --target error t"), "8 8 error \n");
  assertEquals(run(mapper, "ls --target error"), "t\t(253:0)\n");
  assertEquals(run(mapper, "ls --target linear"), "No devices found\n");
});

test("targets lists names and versions", () => {
  const { mapper } = createRig();
  const lines = run(mapper, "targets").split("\n");
  assertEquals(lines.includes("snapshot         v1.16.0"), true);
  assertEquals(lines.includes("snapshot-origin  v1.9.0"), true);
  assertEquals(lines.includes("snapshot-merge   v1.5.0"), true);
});

test("rename, remove_all and wait", () => {
  const { mapper } = createRig();
  mapper.createSync("t", "0 8 zero");
  assertEquals(run(mapper, "rename t u"), "");
  assertEquals(mapper.names, ["u"]);
  assertEquals(run(mapper, "wait u 7"), "");
  assertEquals(
    run(mapper, "wait u x"),
    'Cannot use "x" as a sector: want a number\nCommand failed.\n',
  );
  assertEquals(run(mapper, "remove_all"), "");
  assertEquals(mapper.names, []);
});

test("a message's answer is printed", () => {
  const { mapper } = createRig();
  mapper.createSync("t", "0 8 zero");
  const [target] = mapper.device("t").activeTargets ?? [];
  if (target !== undefined) target.message = (words) => words.join(",");
  assertEquals(run(mapper, "message t 0 a b"), "a,b\n");
});

test("a device without a table gets one by load and resume", () => {
  const { mapper } = createRig();
  assertEquals(run(mapper, "create t --notable -m 5"), "");
  assertEquals(run(mapper, "ls"), "t\t(253:5)\n");
  assertEquals(mapper.device("t").activeTargets, null);
  assertEquals(dmsetupSync(mapper, ["load", "t"], "0 8 zero").exitStatus, 0);
  assertEquals(run(mapper, "resume t"), "");
  assertEquals(run(mapper, "table t"), "0 8 zero \n");
  assertEquals(
    run(mapper, "create u --notable -m 5"),
    "device-mapper: create ioctl on u  failed: Device or resource busy\nCommand failed.\n",
  );
  assertEquals(
    run(mapper, "create u --notable -m x"),
    'Cannot use "x" as a minor number\nCommand failed.\n',
  );
});

test("all tables on one line, and made again from it", () => {
  const { mapper } = createRig();
  mapper.createSync("a", "0 8 zero; 8 8 error");
  mapper.createSync("b", "0 8 linear a 0", { isReadOnly: true });
  const line = "a,,0,rw,0 8 zero ,8 8 error ;b,,1,ro,0 8 linear 253:0 0";
  assertEquals(run(mapper, "table --concise"), `${line}\n`);
  assertEquals(run(mapper, "table --concise a"), "a,,0,rw,0 8 zero ,8 8 error \n");
  mapper.removeAllSync();
  assertEquals(run(mapper, "table --concise"), "No devices found\n");
  assertEquals(dmsetupSync(mapper, ["create", "--concise"], line).exitStatus, 0);
  assertEquals(run(mapper, "table --concise"), `${line}\n`);
  const again = dmsetupSync(mapper, ["create", "--concise", "c,,,,0 8 zero;a,,,,0 8 zero"]);
  assertEquals([again.exitStatus, mapper.names], [1, ["a", "b", "c"]]);
});

test("the tree is drawn", () => {
  const { mapper } = createRig();
  assertEquals(run(mapper, "ls --tree"), "No devices found\n");
  mapper.createSync("t", "0 8 linear vda 0");
  assertEquals(run(mapper, "ls --tree"), "t (253:0)\n └─ (254:0)\n");
});
