import { assertEquals } from "@std/assert";
import { test } from "vitest";
import { runSync } from "../../../src/block/plan.ts";
import { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { createZero } from "../../../src/targets/zero.ts";

function createDevice(): MappedDevice {
  const device = new MappedDevice("zero");
  runSync(device.load([createZero(2 ** 40)]));
  runSync(device.resume());
  return device;
}

test("it reads zeroes whatever was written, up to the last of very many sectors", () => {
  const device = createDevice();
  for (const sector of [0, 2 ** 40 - 2]) {
    const sectors = new Uint8Array(1024).fill(7);
    device.writeSync(sectors, sector);
    device.readSync(sectors, sector);
    assertEquals(sectors, new Uint8Array(1024));
  }
});

test("writes, zeroes, discards and flushes end at once", () => {
  const device = createDevice();
  device.writeZeroesSync(0, 2 ** 40);
  device.discardSync(0, 2 ** 40);
  device.flushSync();
  assertEquals(device.supports.discardZeroes, true);
});

test("it uses no device and has no words", () => {
  const target = createZero(8);
  assertEquals([target.devices, target.status(), target.table(), target.isBusy()], [
    [],
    "",
    "",
    false,
  ]);
  runSync(target.destroy());
});
