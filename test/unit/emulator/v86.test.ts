/** That this compiles is a test of its own: what v86 takes is what we give, without a cast. */
import { expect, test } from "vitest";
import { V86, type V86Image, type V86Options } from "v86";
import {
  restoreMachine,
  rollbackMachine,
  saveMachine,
  v86Disk,
  type V86Machine,
} from "../../../src/emulator/v86.ts";
import { createMemoryDevice, Disk, openOrigin } from "../../../src/mod.ts";

test("v86's types take a disk, and our functions take an emulator", async () => {
  await using disk = await Disk.open("vm", { origin: 64, storage: "memory" });
  const hda = v86Disk(disk);
  const options: V86Options = { hda, hdb: v86Disk(disk.device) };
  const image: V86Image = hda;
  const isMachine = (emulator: V86): V86Machine => emulator;
  const takers: ((emulator: V86) => Promise<unknown>)[] = [
    (emulator) => hda.attach(emulator),
    (emulator) => saveMachine(emulator, hda),
    (emulator) => restoreMachine(emulator, new ArrayBuffer(0), hda),
    (emulator) => rollbackMachine(emulator, hda, null, "destroyed"),
  ];
  expect([image === options.hda, typeof V86, typeof isMachine, takers.length]).toEqual(
    [true, "function", "function", 4],
  );
});

test("any device will do, and a disk stands for its device", async () => {
  await using disk = await Disk.open("vm", { origin: 64, storage: "memory" });
  const memory = createMemoryDevice({ sectorCount: 64 });
  for (const device of [disk, disk.device, memory, openOrigin(memory)]) {
    const hda = v86Disk(device);
    expect(hda.byteLength).toBe(64 * 512);
    expect(hda.get_buffer).toBeTypeOf("function");
  }
});
