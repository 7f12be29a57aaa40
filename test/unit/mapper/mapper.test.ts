import { assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { MapperError } from "../../../src/mapper/mapper_error.ts";
import { createLinear } from "../../../src/targets/linear.ts";
import { createRig, filled } from "./rig.ts";

test("both faces do the same", async () => {
  const sync = createRig().mapper;
  const async = createRig().mapper;
  sync.createSync("a", "0 8 linear vda 0");
  sync.suspendSync("a");
  sync.loadSync("a", "0 16 zero");
  sync.clearSync("a");
  sync.loadSync("a", "0 24 zero");
  sync.resumeSync("a");
  await async.create("a", "0 8 linear vda 0");
  await async.suspend("a");
  await async.load("a", "0 16 zero");
  await async.clear("a");
  await async.load("a", "0 24 zero");
  await async.resume("a");
  assertEquals(sync.info("a"), async.info("a"));
  assertEquals(sync.table("a"), async.table("a"));
  sync.removeAllSync();
  await async.remove("a");
  assertEquals([sync.names, async.names], [[], []]);
});

test("a mapped device is found by every word, and is one object", () => {
  const { mapper } = createRig();
  mapper.createSync("snap", "0 8 zero");
  const device = mapper.device("snap");
  for (const word of ["snap", "/dev/mapper/snap", "253:0", "/dev/dm-0"]) {
    assertEquals(mapper.find(word) === device, true, word);
  }
  assertThrows(() => mapper.device("vda"), MapperError, "there is no such mapped device");
});

test("status and table have one line for each target, with the device's own sectors", () => {
  const { mapper } = createRig();
  mapper.createSync("t", "0 4096 snapshot vda vdb P 8; 4096 8 zero");
  assertEquals(mapper.status("t"), ["0 4096 snapshot 16/4096 16", "4096 8 zero "]);
  assertEquals(mapper.table("t"), ["0 4096 snapshot 254:0 254:16 P 8", "4096 8 zero "]);
});

test("info tells what there is", () => {
  const { mapper } = createRig();
  mapper.createSync("below", "0 8 linear vda 0");
  mapper.createSync("above", "0 8 linear below 0; 8 8 zero");
  mapper.suspendSync("above");
  mapper.loadSync("above", "0 8 zero");
  assertEquals(mapper.info("above"), {
    name: "above",
    number: "253:1",
    isSuspended: true,
    isReadOnly: false,
    targetCount: 2,
    hasInactiveTable: true,
    openCount: 0,
    eventNumber: 0,
  });
  assertEquals(mapper.info("below").openCount, 1);
  assertEquals(mapper.names, ["above", "below"]);
});

test("dependencies are listed once, the last opened first", () => {
  const { mapper } = createRig();
  mapper.createSync("t", "0 8 linear vda 0; 8 8 linear vdb 0; 16 8 linear vda 8");
  assertEquals(mapper.deps("t"), ["254:16", "254:0"]);
});

test("a renamed device goes on under its new name", () => {
  const { mapper } = createRig();
  mapper.createSync("old", "0 8 zero");
  mapper.createSync("other", "0 8 linear old 0");
  const device = mapper.device("old");
  mapper.rename("old", "new");
  assertEquals([mapper.names, device.name], [["new", "other"], "new"]);
  assertEquals(mapper.table("other"), ["0 8 linear 253:0 0"]);
  const error = assertThrows(() => mapper.rename("new", "other"), MapperError);
  assertEquals([error.verb, error.code], ["rename", "EBUSY"]);
});

test("a message goes to the target its sector lies in, if it takes any", () => {
  const { mapper, log, vda } = createRig([{
    name: "echo",
    version: "1.0.0",
    // deno-lint-ignore require-yield
    *plan(_words, { sectorCount }) {
      const target = createLinear({ device: vda, startSector: 0, sectorCount });
      return Object.assign(target, { message: (words: readonly string[]) => words.join("+") });
    },
  }]);
  mapper.createSync("t", "0 8 zero; 8 8 echo");
  assertEquals(mapper.message("t", 8, ["a", "b"]), "a+b");
  assertThrows(() => mapper.message("t", 7, ["a"]), MapperError, "its target takes none");
  assertThrows(() => mapper.message("t", 16, ["a"]), MapperError, "no target is there");
  assertEquals(log, [
    "ioctl: Target type does not support messages",
    "ioctl: Target message sector outside device.",
  ]);
});

test("types of one's own come beside dm's, or in their place", () => {
  const { mapper } = createRig([{
    name: "zero",
    version: "9.9.9",
    // deno-lint-ignore require-yield
    *plan() {
      throw new TypeError("mine");
    },
  }]);
  assertEquals(mapper.types.find(({ name }) => name === "zero")?.version, "9.9.9");
  assertThrows(() => mapper.createSync("t", "0 8 zero"), MapperError, "mine");
});

test("an origin and its snapshot are made of table lines", () => {
  const { mapper } = createRig();
  mapper.createSync("snap", "0 4096 snapshot /dev/vda /dev/vdb P 8");
  mapper.createSync("origin", "0 4096 snapshot-origin /dev/vda");
  mapper.device("origin").writeSync(filled(3, 7), 100);
  const sectors = filled(3, 1);
  mapper.device("snap").readSync(sectors, 100);
  assertEquals(sectors, filled(3, 0));
  assertEquals(mapper.status("snap"), ["0 4096 snapshot 24/4096 16"]);
});

test("a disk is forgotten when no table uses it", () => {
  const { mapper, vdb } = createRig();
  mapper.createSync("t", "0 8 linear vdb 0");
  let code = "";
  const remove = (name: string) => {
    try {
      mapper.removeDisk(name);
    } catch (error) {
      code = (error as { code: string }).code;
    }
  };
  remove("vdb");
  assertEquals([code, mapper.find("vdb") === vdb], ["EBUSY", true]);
  remove("nope");
  assertEquals(code, "ENXIO");
  mapper.removeSync("t");
  remove("vdb");
  assertEquals([mapper.find("vdb"), mapper.find("254:16")], [undefined, undefined]);
  assertEquals(mapper.disks.map(({ name }) => name), ["vda", "vdr"]);
});
