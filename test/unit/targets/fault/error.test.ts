import { assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { checked } from "../../../../src/block/checked.ts";
import { BlockDeviceError } from "../../../../src/block/errors.ts";
import { runSync } from "../../../../src/block/plan.ts";
import { createError } from "../../../../src/targets/fault/error.ts";
import { deviceOf } from "./rig.ts";

test("every read, write and discard fails with EIO; a flush has nothing to do", () => {
  const device = deviceOf(createError(8));
  const requests = [
    () => device.readSync(new Uint8Array(512), 3),
    () => device.writeSync(new Uint8Array(512), 3),
    () => device.writeZeroesSync(3, 1),
    () => device.discardSync(3, 1),
  ];
  for (const request of requests) {
    const error = assertThrows(request, BlockDeviceError, "the error target fails");
    assertEquals([error.code, error.sector, error.sectorCount], ["EIO", 3, 1]);
  }
  device.flushSync();
});

test("it uses no device and has no words", () => {
  const target = createError(8);
  assertEquals([target.devices, target.status(), target.table(), target.isBusy()], [
    [],
    "",
    "",
    false,
  ]);
  runSync(target.destroy());
});

test("of a device that it stands for it takes the limits, and does not touch it", () => {
  const untouchable = () => {
    throw new Error("touched");
  };
  const device = checked({
    name: "4K",
    sectorCount: 64,
    limits: { logicalSectors: 8 },
    supports: { write: false, discard: false, discardZeroes: false, permanence: false },
    readSync: untouchable,
    writeSync: untouchable,
    flushSync: untouchable,
    closeSync: untouchable,
  });
  const target = createError(16, device);
  assertEquals([target.devices, target.limits, target.table()], [[device], device.limits, ""]);
  const over = deviceOf(target);
  assertThrows(() => over.writeSync(new Uint8Array(4096), 8), BlockDeviceError, "error target");
  assertThrows(() => over.readSync(new Uint8Array(512), 1), BlockDeviceError, "logical block");
  over.flushSync();
  over.closeSync();
});
