import { assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { runSync } from "../../../src/block/plan.ts";
import { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { createError } from "../../../src/targets/error.ts";

test("every read, write and discard fails with EIO; a flush has nothing to do", () => {
  const device = new MappedDevice("error");
  runSync(device.load([createError(8)]));
  runSync(device.resume());
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
