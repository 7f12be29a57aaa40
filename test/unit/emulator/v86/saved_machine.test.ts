import "fake-indexeddb/auto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  deleteMachineSnapshots,
  restoreMachine,
  saveMachine,
  type V86Disk,
  v86Disk,
} from "../../../../src/emulator/v86.ts";
import { openIndexedDbStorage } from "../../../../src/disk/storage/indexeddb_storage.ts";
import { type AsyncDisk, createMemoryDevice, Disk, type DiskStorage } from "../../../../src/mod.ts";
import { openRemote } from "../../disk/remote/home.ts";
import { keptPath } from "../../../emulator/guests/assemble.ts";
import { GuestMachine } from "../../../emulator/machine.ts";
import {
  installNotebook,
  listNotes,
  NOTEBOOK_SECTORS,
  openNotebook,
  takeNote,
} from "../../../emulator/notebook.ts";
import { readParts } from "../../../emulator/parts.ts";
import { SlowStorage } from "../../../emulator/slow_device.ts";
import { quiet } from "../../../http/simulated_clock.ts";

const parts = await readParts({ withBios: true });
const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

const openIn = (storage: DiskStorage | "memory") =>
  Disk.open("notes", { origin: NOTEBOOK_SECTORS, storage });
const inMemory = () => openIn("memory");
const inIndexedDb = () => openIn(openIndexedDbStorage(`saved-${crypto.randomUUID()}`));

async function withNotebook(
  use: (machine: GuestMachine, hda: V86Disk, disk: AsyncDisk) => Promise<void>,
  open: () => Promise<AsyncDisk> = inMemory,
) {
  await using disk = await open();
  await installNotebook(disk.device, readFileSync(keptPath("notebook")));
  const hda = v86Disk(disk);
  await using machine = await GuestMachine.start(parts, { hda, boots: "disk" });
  await openNotebook(machine);
  await use(machine, hda, disk);
  if (disk instanceof Disk) disk.check();
}

const PLACES: readonly (readonly [string, () => Promise<AsyncDisk>])[] = [
  ["in memory, whose snapshots are taken within save_state", inMemory],
  ["in IndexedDB, whose snapshots are waited for", inIndexedDb],
  [
    "in another thread, whose snapshots are waited for",
    () => openRemote({ origin: NOTEBOOK_SECTORS }),
  ],
];

describe.each(PLACES)("a machine with a disk %s", (_where, open) => {
  test("goes back with its disk, and runs on", () =>
    withNotebook(async (machine, hda) => {
      await takeNote(machine, "before");
      const state = await saveMachine(machine.emulator, hda);
      expect(state.byteLength).toBeLessThan(8 * 1024 * 1024);
      await takeNote(machine, "after");
      expect(await listNotes(machine)).toEqual(["before", "after"]);

      await restoreMachine(machine.emulator, state, hda);
      expect(machine.emulator.is_running()).toBe(true);
      // The guest has the number of notes in its memory, and the notes on its disk.
      await takeNote(machine, "instead");
      expect(await listNotes(machine)).toEqual(["before", "instead"]);
    }, open));

  test("goes back to any of its states, as long as the snapshot is there", () =>
    withNotebook(async (machine, hda, disk) => {
      const states: ArrayBuffer[] = [];
      for (const note of ["one", "two", "three"]) {
        await takeNote(machine, note);
        states.push(await saveMachine(machine.emulator, hda));
      }
      await restoreMachine(machine.emulator, states[0]!, hda);
      expect(await listNotes(machine)).toEqual(["one"]);
      await restoreMachine(machine.emulator, states[2]!, hda);
      expect(await listNotes(machine)).toEqual(["one", "two", "three"]);

      await deleteMachineSnapshots(hda, { keep: [states[1]!] });
      expect(disk.snapshots.length).toBe(1);
      const before = machine.output;
      const refused = restoreMachine(machine.emulator, states[0]!, hda);
      await expect(refused).rejects.toEqual(refusal("ENOENT"));
      expect(machine.output).toBe(before);
      expect(machine.emulator.is_running()).toBe(true);
      expect(await listNotes(machine)).toEqual(["one", "two", "three"]);
      await restoreMachine(machine.emulator, states[1]!, hda);
      expect(await listNotes(machine)).toEqual(["one", "two"]);
    }, open));
});

test("v86's own save_state and restore_state carry a disk in memory, too", () =>
  withNotebook(async ({ emulator }, hda, disk) => {
    await emulator.stop();
    const state = await emulator.save_state();
    expect(disk.snapshots.map(({ name }) => name)).toEqual(hda.snapshots.names);
    expect(hda.snapshots.names.length).toBe(1);
    await disk.device.write(new Uint8Array(512).fill(1), 9);
    await emulator.restore_state(state);
    const sector = new Uint8Array(512).fill(5);
    await disk.device.read(sector, 9);
    expect(sector).toEqual(new Uint8Array(512));
  }));

test.each(PLACES.slice(1))(
  "v86's own save_state is refused with a disk %s",
  (_where, open) =>
    withNotebook(async ({ emulator }) => {
      await emulator.stop();
      await expect(emulator.save_state()).rejects.toThrow("use saveMachine");
    }, open),
);

test("a machine that cannot be saved runs on, and leaves no snapshot", async () => {
  await using disk = await Disk.open("one", { origin: NOTEBOOK_SECTORS, storage: "memory" });
  const [hda, hdb] = [v86Disk(disk), v86Disk(createMemoryDevice({ sectorCount: 64 }))];
  await using machine = await GuestMachine.start(parts, { hda, boots: "probe" });
  await machine.hears(/> $/);
  await expect(saveMachine(machine.emulator, hda, hdb)).rejects.toEqual(refusal("ENOTSUP"));
  expect(disk.snapshots).toEqual([]);
  expect(await machine.ask("w5 text")).toEqual({ status: 0x50, error: 0 });
});

test("both disks of a machine go back, each to its own snapshot", async () => {
  await using one = await Disk.open("one", { origin: 64, storage: "memory" });
  await using two = await Disk.open("two", { origin: 64, storage: "memory" });
  const [hda, hdb] = [v86Disk(one), v86Disk(two)];
  await using machine = await GuestMachine.start(parts, { hda, hdb, boots: "probe" });
  await hdb.attach(machine.emulator);
  await machine.hears(/> $/);
  const state = await saveMachine(machine.emulator, hda, hdb);
  for (const disk of [one, two]) await disk.device.write(new Uint8Array(512).fill(7), 5);
  const swapped = restoreMachine(machine.emulator, state, hdb, hda);
  await expect(swapped).rejects.toEqual(refusal("ENOENT"));
  await restoreMachine(machine.emulator, state, hda, hdb);
  for (const disk of [one, two]) {
    const sector = new Uint8Array(512).fill(1);
    await disk.device.read(sector, 5);
    expect(sector).toEqual(new Uint8Array(512));
    disk.check();
  }
});

test("a machine is not saved with a disk that it does not have", () =>
  withNotebook(async (machine, hda, disk) => {
    await using other = await Disk.open("other", { origin: 64, storage: "memory" });
    const saved = saveMachine(machine.emulator, hda, v86Disk(other));
    await expect(saved).rejects.toThrow("found 1 disks of ours in its state, want the 2");
    expect([...disk.snapshots, ...other.snapshots]).toEqual([]);
    expect(machine.emulator.is_running()).toBe(true);
  }));

test("a state of another kind is refused before anything changes", () =>
  withNotebook(async (machine, hda) => {
    const state = await saveMachine(machine.emulator, hda);
    const damaged = state.slice(0);
    new Int32Array(damaged)[3] = 2 ** 30;
    const foreign = new ArrayBuffer(64);
    for (const bad of [foreign, damaged, state.slice(0, 8)]) {
      const refused = restoreMachine(machine.emulator, bad, hda);
      await expect(refused).rejects.toEqual(refusal("EINVAL"));
    }
    await expect(restoreMachine(machine.emulator, state)).rejects.toThrow("found 1 disks of ours");
    expect(machine.emulator.is_running()).toBe(true);
    expect(await listNotes(machine)).toEqual([]);
  }));

test("a machine is not saved in the middle of a request", async () => {
  const slow = new SlowStorage(64);
  const hda = v86Disk(slow.device, { state: "nothing" });
  const starting = GuestMachine.start(parts, { hda, boots: "probe" });
  await slow.letOne(); // the first sector
  await using machine = await starting;
  await machine.hears(/> $/);
  const answer = machine.ask("p5 text");
  while (slow.waiting.length === 0) await quiet();
  let isSaved = false;
  const saving = saveMachine(machine.emulator, hda).finally(() => isSaved = true);
  for (let turn = 0; turn < 100; turn++) await quiet();
  expect(isSaved).toBe(false);
  await slow.letOne();
  const state = await saving;
  expect(await answer).toEqual({ status: 0x50, error: 0 });

  // The state is of the moment after the request: the guest hears at once that it has ended.
  const start = machine.output.length;
  await restoreMachine(machine.emulator, state, hda);
  await machine.hears(/st=50 er=00\n> $/, start);
});

test("a disk that states say nothing of stays as it is", async () => {
  const hda = v86Disk(createMemoryDevice({ sectorCount: 64 }), { state: "nothing" });
  await using machine = await GuestMachine.start(parts, { hda, boots: "probe" });
  await machine.hears(/> $/);
  const state = await saveMachine(machine.emulator, hda);
  await machine.ask("w5 kept");
  await restoreMachine(machine.emulator, state, hda);
  expect(await machine.ask("r5")).toMatchObject({ text: "kept" });
});
