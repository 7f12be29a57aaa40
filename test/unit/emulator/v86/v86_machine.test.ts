import { expect, test } from "vitest";
import { v86Disk } from "../../../../src/emulator/v86.ts";
import { memberOf, processorOf, untilLoaded } from "../../../../src/emulator/v86/v86_machine.ts";
import { createMemoryDevice } from "../../../../src/mod.ts";
import { GuestMachine } from "../../../emulator/machine.ts";
import { readParts } from "../../../emulator/parts.ts";

test("a member of what is no object is nothing", () => {
  expect([undefined, null, 3, "length"].map((value) => memberOf(value, "length"))).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(memberOf([7], "length")).toBe(1);
});

test("an emulator that was loaded long ago is not waited for", async () => {
  const hda = v86Disk(createMemoryDevice({ sectorCount: 8 }));
  const parts = await readParts();
  await using machine = await GuestMachine.start(parts, { hda, boots: "probe", attach: null });
  await untilLoaded(machine.emulator);
  expect(processorOf(machine.emulator)).toBeDefined();
});
