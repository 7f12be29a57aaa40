import { assert, assertEquals } from "@std/assert";
import { test } from "vitest";
import { runSync } from "../../../src/block/plan.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { createLinear } from "../../../src/targets/linear.ts";
import { Mapping } from "../../../src/targets/target.ts";

const device = createMemoryDevice({ sectorCount: 64, name: "vda" });

test("every request goes to the device below, moved", () => {
  const target = createLinear({ device, startSector: 16, sectorCount: 32 });
  for (const kind of ["read", "write", "zero", "discard"] as const) {
    const request = Object.assign(new Mapping(), { kind, sector: 5, sectorCount: 7 });
    target.map(request);
    assert(request.device === device);
    const { answer, deviceSector, answeredSectors } = request;
    assertEquals([answer, deviceSector, answeredSectors], ["remapped", 21, 7], kind);
  }
});

test("a flush goes below", () => {
  const { value } = createLinear({ device, startSector: 0, sectorCount: 8 }).planFlush().next();
  assertEquals(value, { kind: "flush", device });
});

test("it can do what the device below can", () => {
  const target = createLinear({ device, startSector: 0, sectorCount: 8 });
  assert(target.supports === device.supports && target.limits === device.limits);
  assertEquals([target.sectorCount, target.devices, target.isBusy()], [8, [device], false]);
  runSync(target.destroy());
  device.readSync(new Uint8Array(512), 0);
});

test("its line names the device and the sector", () => {
  const options = { device, startSector: 16, sectorCount: 32 };
  assertEquals(createLinear(options).table(), "vda 16");
  assertEquals(createLinear({ ...options, deviceWord: () => "254:0" }).table(), "254:0 16");
  assertEquals(createLinear(options).status(), "");
});
