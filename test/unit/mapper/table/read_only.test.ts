import { assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { runSync } from "../../../../src/block/plan.ts";
import { readOnly } from "../../../../src/mapper/table/read_only.ts";
import { createZero } from "../../../../src/targets/zero.ts";
import { Mapping } from "../../../../src/targets/target.ts";
import { createRig, filled } from "../rig.ts";

test("a read-only device reads, and refuses whatever writes", () => {
  const { mapper, vda } = createRig();
  vda.writeSync(filled(8, 7), 0);
  mapper.createSync("t", "0 8 linear vda 0", { isReadOnly: true });
  const device = mapper.device("t");
  assertEquals([device.supports.write, mapper.info("t").isReadOnly], [false, true]);
  const sectors = filled(8, 0);
  device.readSync(sectors, 0);
  assertEquals(sectors, filled(8, 7));
  const requests = [
    () => device.writeSync(filled(1, 1), 0),
    () => device.writeZeroesSync(0, 1),
    () => device.discardSync(0, 1),
  ];
  for (const request of requests) {
    assertEquals(assertThrows(request, BlockDeviceError).code, "EROFS");
  }
});

test("a read-only snapshot still guards its view", () => {
  const { mapper } = createRig();
  mapper.createSync("snap", "0 4096 snapshot vda vdb P 8", { isReadOnly: true });
  mapper.createSync("origin", "0 4096 snapshot-origin vda");
  mapper.device("origin").writeSync(filled(8, 7), 0);
  const sectors = filled(8, 1);
  mapper.device("snap").readSync(sectors, 0);
  assertEquals(sectors, filled(8, 0));
});

test("a device can become read-only and writable again by its table", () => {
  const { mapper } = createRig();
  mapper.createSync("t", "0 8 linear vda 0");
  for (const isReadOnly of [true, false]) {
    mapper.loadSync("t", "0 8 linear vda 0", { isReadOnly });
    mapper.resumeSync("t");
    assertEquals(mapper.info("t").isReadOnly, isReadOnly);
  }
});

test("a read-only disk can hold the COW of a read-only snapshot only", () => {
  const { mapper } = createRig();
  mapper.createSync("cow", "0 4096 linear vdb 0");
  mapper.createSync("t", "0 4096 snapshot vda cow P 8");
  mapper.removeSync("t");
  mapper.loadSync("cow", "0 4096 linear vdb 0", { isReadOnly: true });
  mapper.resumeSync("cow");
  const table = "0 4096 snapshot vda cow P 8";
  assertThrows(() => mapper.createSync("t", table), BlockDeviceError, "it is read-only");
  mapper.createSync("t", table, { isReadOnly: true });
  assertEquals(mapper.status("t"), ["0 4096 snapshot 16/4096 16"]);
});

test("the target inside is asked for everything but writes", () => {
  const calls: string[] = [];
  const inner = Object.assign(createZero(8), {
    message: () => "answer",
    preresume: () => void calls.push("preresume"),
    postsuspend: () => void calls.push("postsuspend"),
    *resume() {
      calls.push("resume");
    },
    *presuspend() {
      calls.push("presuspend");
    },
    *background() {
      calls.push("background");
    },
  });
  const target = readOnly(inner);
  target.onEvent = () => void calls.push("event");
  inner.onEvent();
  target.preresume?.();
  for (const plan of [target.resume?.(), target.background?.(), target.presuspend?.()]) {
    if (plan !== undefined) runSync(plan);
  }
  target.postsuspend?.();
  runSync(target.planFlush());
  runSync(target.destroy());
  assertEquals(calls, ["event", "preresume", "resume", "background", "presuspend", "postsuspend"]);
  assertEquals([target.type, target.sectorCount, target.status(), target.table()], [
    "zero",
    8,
    "",
    "",
  ]);
  assertEquals([target.devices, target.isBusy(), target.message?.([])], [[], false, "answer"]);
  assertEquals(target.limits, inner.limits);
  const request = Object.assign(new Mapping(), { kind: "write", sectorCount: 1 });
  assertEquals(assertThrows(() => target.map(request), BlockDeviceError).code, "EROFS");
});

test("a read-only snapshot tells of its exceptions, anything else has none", () => {
  const { mapper } = createRig();
  mapper.createSync("s", "0 4096 snapshot vda vdb P 8", { isReadOnly: true });
  mapper.createSync("o", "0 4096 snapshot-origin vda");
  mapper.device("o").writeSync(filled(1, 1), 0);
  assertEquals(mapper.device("s").activeTargets?.[0]?.exceptions?.exceptionCount, 1);
  assertEquals(readOnly(createZero(8)).exceptions, null);
});
