/** What the verbs that do I/O promise, whatever runner performs them. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "vitest";
import { type Plan, runAsync, runSync } from "../../../src/block/plan.ts";
import { MapperError } from "../../../src/mapper/mapper_error.ts";
import { createRig, filled } from "./rig.ts";

const SNAPSHOT = "0 4096 snapshot /dev/vda /dev/vdb P 8";
const MERGE = "0 4096 snapshot-merge /dev/vda /dev/vdb P 8";

test("a device whose creation fails is gone again, and its number is free", () => {
  const { mapper } = createRig();
  assertThrows(() => runSync(mapper.plansSync.create("t", "0 8 bogus")), MapperError);
  assertEquals(mapper.names, []);
  runSync(mapper.plansSync.create("u", "0 8 zero"));
  assertEquals(mapper.info("u").number, "253:0");
});

test("a device that cannot be resumed is gone again too", () => {
  const { mapper, log } = createRig();
  mapper.createSync("t", SNAPSHOT);
  const error = assertThrows(() => mapper.createSync("t2", SNAPSHOT), MapperError);
  assertEquals([error.verb, error.code], ["resume", "EINVAL"]);
  assertEquals(mapper.names, ["t"]);
  assertEquals(log.slice(-2), [
    "snapshots: Unable to perform snapshot handover until source is suspended.",
    "table: 253:1: snapshot: preresume failed, error = -22",
  ]);
});

test("a name is refused when it is taken, empty, too long, or a path", () => {
  const { mapper } = createRig();
  mapper.createSync("t", "0 8 zero");
  const codeOf = (name: string) =>
    assertThrows(() => mapper.createSync(name, "0 8 zero"), MapperError).code;
  assertEquals(codeOf("t"), "EBUSY");
  assertEquals([codeOf(""), codeOf("a/b"), codeOf("x".repeat(128))], Array(3).fill("EINVAL"));
  mapper.createSync("x".repeat(127), "0 8 zero");
});

test("a table waits in the inactive slot until it is resumed", () => {
  const { mapper } = createRig();
  mapper.createSync("t", "0 8 zero");
  mapper.loadSync("t", "0 16 error");
  assertEquals([mapper.table("t"), mapper.table("t", "inactive")], [["0 8 zero "], [
    "0 16 error ",
  ]]);
  mapper.clearSync("t");
  assertEquals(mapper.info("t").hasInactiveTable, false);
  mapper.resumeSync("t");
  assertEquals(mapper.table("t"), ["0 8 zero "]);
  mapper.loadSync("t", "0 16 error");
  mapper.resumeSync("t");
  assertEquals([mapper.table("t"), mapper.table("t", "inactive")], [["0 16 error "], []]);
});

test("a device that another table uses cannot be removed, not even an inactive one's", () => {
  const { mapper } = createRig();
  mapper.createSync("below", "0 8 linear vda 0");
  mapper.createSync("above", "0 8 zero");
  mapper.loadSync("above", "0 8 linear below 0");
  const error = assertThrows(() => mapper.removeSync("below"), MapperError);
  assertEquals(error.message, 'Cannot remove "below": the table of "above" uses it');
  assertEquals([error.verb, error.code], ["remove", "EBUSY"]);
  mapper.clearSync("above");
  mapper.removeSync("below");
  assertEquals(mapper.names, ["above"]);
});

test("everything can be removed at once, those on top first", async () => {
  const { mapper } = createRig();
  mapper.createSync("a", "0 8 linear vda 0");
  mapper.createSync("b", "0 8 linear a 0");
  mapper.createSync("c", "0 8 linear b 0");
  await mapper.removeAll();
  assertEquals(mapper.names, []);
});

test("a merge is over when a synchronous resume returns", () => {
  const { mapper, vda } = createRig();
  mapper.createSync("t", SNAPSHOT);
  mapper.device("t").writeSync(filled(8, 7), 16);
  mapper.removeSync("t");
  mapper.createSync("t", MERGE);
  assertEquals(mapper.status("t"), ["0 4096 snapshot-merge 16/4096 16"]);
  const sectors = filled(8, 0);
  vda.readSync(sectors, 16);
  assertEquals(sectors, filled(8, 7));
});

test("a merge goes on beside an asynchronous resume, and its end is an event", async () => {
  const { mapper } = createRig();
  await mapper.create("t", SNAPSHOT);
  await mapper.device("t").write(filled(8, 7), 16);
  await mapper.remove("t");
  await mapper.create("t", MERGE);
  assertEquals(await mapper.wait("t", 0), 1);
  assertEquals(mapper.status("t"), ["0 4096 snapshot-merge 16/4096 16"]);
});

test("waiting for an event that has happened does not wait", async () => {
  const { mapper } = createRig();
  mapper.createSync("t", "0 4096 snapshot /dev/vda /dev/vdb P 1024");
  for (let sector = 0; sector < 4096; sector += 1024) {
    try {
      mapper.device("t").writeSync(filled(1024, 7), sector);
    } catch { /* The COW device is full; that is the event. */ }
  }
  const { eventNumber } = mapper.info("t");
  assertEquals(await runAsync(mapper.plans.wait("t", 0)), eventNumber);
  assertEquals(mapper.status("t"), ["0 4096 snapshot Invalid"]);
});

test("a verb for a device that is not there says so", async () => {
  const { mapper } = createRig();
  const { plans } = mapper;
  const verbs: (() => Plan<unknown>)[] = [
    () => plans.load("nope", "0 8 zero"),
    () => plans.clear("nope"),
    () => plans.suspend("nope"),
    () => plans.resume("nope"),
    () => plans.remove("nope"),
    () => plans.wait("nope", 0),
  ];
  for (const verb of verbs) {
    const error = await assertRejects(() => runAsync(verb()), MapperError);
    assertEquals(error.code, "ENXIO");
  }
});
