import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type GuestFate, rollbackMachine, v86Disk } from "../../../../src/emulator/v86.ts";
import { createMemoryDevice, Disk } from "../../../../src/mod.ts";
import { keptPath } from "../../../emulator/guests/assemble.ts";
import { GuestMachine } from "../../../emulator/machine.ts";
import {
  installNotebook,
  NOTEBOOK_SECTORS,
  openNotebook,
  takeNote,
} from "../../../emulator/notebook.ts";
import { readParts } from "../../../emulator/parts.ts";

const parts = await readParts({ withBios: true });
const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

async function openDisk(): Promise<Disk> {
  const disk = await Disk.open("notes", { origin: NOTEBOOK_SECTORS, storage: "memory" });
  await installNotebook(disk.device, readFileSync(keptPath("notebook")));
  return disk;
}

test("restarted: the guest boots from the disk as it was", async () => {
  await using disk = await openDisk();
  const hda = v86Disk(disk);
  await using machine = await GuestMachine.start(parts, { hda, boots: "disk" });
  await openNotebook(machine);
  await takeNote(machine, "before");
  await disk.snapshot("one");
  await takeNote(machine, "after");
  const start = machine.output.length;
  await rollbackMachine(machine.emulator, hda, "one", "restarted");
  expect(await openNotebook(machine, start)).toEqual(["before"]);
  disk.check();
});

test("destroyed: a new machine has the disk as it was", async () => {
  await using disk = await openDisk();
  const hda = v86Disk(disk);
  const first = await GuestMachine.start(parts, { hda, boots: "disk" });
  await openNotebook(first);
  await disk.snapshot("empty");
  await takeNote(first, "gone");
  await rollbackMachine(first.emulator, hda, "empty", "destroyed");
  await using second = await GuestMachine.start(parts, { hda, boots: "disk" });
  expect(await openNotebook(second)).toEqual([]);
  disk.check();
});

test("unmounted: a guest that has nothing of it in memory reads what was", async () => {
  await using disk = await openDisk();
  const hda = v86Disk(disk);
  await using machine = await GuestMachine.start(parts, { hda, boots: "probe" });
  await machine.hears(/> $/);
  await disk.snapshot("one");
  await machine.ask("w5 new");
  await rollbackMachine(machine.emulator, hda, "one", "unmounted");
  expect(await machine.ask("r5")).toMatchObject({ status: 0x50, text: "" });
  await rollbackMachine(machine.emulator, hda, null, "unmounted");
  expect(await machine.ask("r0")).toMatchObject({ status: 0x50, sum: 0 });
  disk.check();
});

test("a guest that would go on is left alone: its fate has to be said", async () => {
  await using disk = await openDisk();
  const hda = v86Disk(disk);
  await using machine = await GuestMachine.start(parts, { hda, boots: "probe" });
  await machine.hears(/> $/);
  await disk.snapshot("one");
  await machine.ask("w5 stays");
  const roll = (name: string, fate: string) =>
    rollbackMachine(machine.emulator, hda, name, fate as GuestFate);
  await expect(roll("one", "running")).rejects.toThrow(TypeError);
  await expect(roll("two", "unmounted")).rejects.toEqual(refusal("ENOENT"));
  // The probe was given to the machine; a reset would find nothing to boot.
  await expect(roll("one", "restarted")).rejects.toThrow("v86 does not load again");
  expect(machine.emulator.is_running()).toBe(true);
  expect(await machine.ask("r5")).toMatchObject({ text: "stays" });
});

test("a device without snapshots is refused", async () => {
  const hda = v86Disk(createMemoryDevice({ sectorCount: 64 }));
  await using machine = await GuestMachine.start(parts, { hda, boots: "probe" });
  const refused = rollbackMachine(machine.emulator, hda, null, "destroyed");
  await expect(refused).rejects.toEqual(refusal("ENOTSUP"));
});
