import { describe, expect, test } from "vitest";
import { v86Disk, type V86DiskFailure, type V86DiskOptions } from "../../../../src/emulator/v86.ts";
import { IdeDrive } from "../../../../src/emulator/v86/ide_drive.ts";
import { memberOf, processorOf } from "../../../../src/emulator/v86/v86_machine.ts";
import { createMemoryDevice } from "../../../../src/mod.ts";
import { GuestMachine, type MachineOptions, sectorOf, sumOf } from "../../../emulator/machine.ts";
import { readParts } from "../../../emulator/parts.ts";
import { SlowStorage } from "../../../emulator/slow_device.ts";
import { quiet } from "../../../http/simulated_clock.ts";

const parts = await readParts();
const SECTORS = 64;
const READY = { status: 0x50, error: 0 };
const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

/** A probe with a slow disk. */
async function slowProbe(
  attach: MachineOptions["attach"] = {},
  options: V86DiskOptions = {},
) {
  const slow = new SlowStorage(SECTORS);
  const failures: V86DiskFailure[] = [];
  const hda = v86Disk(slow.device, { ...options, onError: (failure) => failures.push(failure) });
  const starting = GuestMachine.start(parts, { hda, boots: "probe", attach });
  await slow.letOne(); // the first sector
  const machine = await starting;
  await machine.hears(/> $/);
  slow.log.length = 0;
  return { slow, failures, hda, machine };
}

describe("a request that fails is an error for the guest", () => {
  test.for(
    [
      ["r5", "read", 0x40],
      ["g5", "read", 0x40],
      ["w5 text", "write", 0x10],
      ["p5 text", "write", 0x10],
    ] as const,
  )("%s", async ([command, verb, error]) => {
    const { slow, failures, machine } = await slowProbe();
    await using _machine = machine;
    for (const code of ["EIO", "ENOSPC"] as const) {
      const answer = machine.ask(command);
      await slow.letOne(code);
      expect(await answer).toEqual({ status: 0x41, error });
      const failure = { verb, sector: 5, sectorCount: 1, isToldToGuest: true };
      expect(failures.pop()).toEqual({ ...failure, cause: refusal(code) });
    }
    // The drive works on, and waits for nothing that was refused.
    expect(memberOf(memberOf(driveOf(machine), "in_progress_io_ids"), "size")).toBe(0);
    slow.isHolding = false;
    expect(await machine.ask("w6 after")).toEqual(READY);
    expect(await machine.ask("g6")).toMatchObject({ ...READY, text: "after" });
  });

  test("a flush", async () => {
    const { slow, machine } = await slowProbe({ writeCache: true });
    await using _machine = machine;
    const answer = machine.ask("f");
    await slow.letOne("EIO");
    expect(await answer).toEqual({ status: 0x41, error: 0x04 });
  });

  test("also from a device that answers at once", async () => {
    const device = createMemoryDevice({ sectorCount: SECTORS });
    const hda = v86Disk(device);
    await using machine = await GuestMachine.start(parts, { hda, boots: "probe" });
    await machine.hears(/> $/);
    device.closeSync();
    expect(await machine.ask("r5")).toEqual({ status: 0x41, error: 0x40 });
    expect(await machine.ask("w5 text")).toEqual({ status: 0x41, error: 0x10 });
    expect(await machine.ask("g5")).toEqual({ status: 0x41, error: 0x40 });
    expect(await machine.ask("p5 text")).toEqual({ status: 0x41, error: 0x10 });
  });
});

describe("a guest waits", () => {
  test.for(["w5 text", "p5 text"])("until %s is stored", async (command) => {
    const { slow, machine } = await slowProbe();
    await using _machine = machine;
    const answer = machine.ask(command);
    while (slow.waiting.length === 0) await quiet();
    const said = machine.output;
    for (let turn = 0; turn < 100; turn++) await quiet();
    expect(machine.output).toBe(said);
    await slow.letOne();
    expect(await answer).toEqual(READY);
    expect(slow.log).toEqual(["write 5+1 fua"]);
  });

  test("until its flush has ended, once it was told of a write cache", async () => {
    const { slow, machine } = await slowProbe({ writeCache: true }, { durability: "later" });
    await using _machine = machine;
    const answer = machine.ask("f");
    await slow.letOne();
    expect(await answer).toEqual(READY);
    expect(slow.log).toEqual(["flush"]);
  });
});

describe("IDENTIFY", () => {
  const WRITE_CACHE = 0x00200020;

  test.for([[true, WRITE_CACHE], [false, 0]] as const)(
    "tells of a write cache: %s",
    async ([writeCache, bits]) => {
      const hda = v86Disk(createMemoryDevice({ sectorCount: SECTORS }));
      const attach = { writeCache };
      await using machine = await GuestMachine.start(parts, { hda, boots: "probe", attach });
      await machine.hears(/> $/);
      const { sum, ...registers } = await machine.ask("i");
      expect(registers).toEqual({ ...READY, text: "" });
      expect((sum ?? 0) & WRITE_CACHE).toBe(bits);
    },
  );

  test("without a write cache a flush is v86's affair, and ends at once", async () => {
    const { slow, machine } = await slowProbe();
    await using _machine = machine;
    expect(await machine.ask("f")).toEqual(READY);
    expect(slow.log).toEqual([]);
  });
});

test("an answer that comes after a reset does not end a later command", async () => {
  const { slow, machine } = await slowProbe();
  await using _machine = machine;
  void machine.ask("p5 late");
  while (slow.waiting.length === 0) await quiet();
  const before = machine.output.length;
  // The guest loses its patience: the drive is reset, as it would do over the control port.
  const drive = driveOf(machine);
  (memberOf(drive, "device_reset") as () => void).call(drive);
  await machine.hears(/st=51 [^]*> $/, before);
  const read = machine.ask("g6");
  while (!machine.output.endsWith("g6\n")) await quiet();
  for (let turn = 0; turn < 100; turn++) await quiet(); // The command is in the line.
  const said = machine.output;
  await slow.letOne();
  while (slow.waiting.length === 0) await quiet();
  for (let turn = 0; turn < 100; turn++) await quiet();
  expect(machine.output).toBe(said);
  await slow.letOne();
  expect(await read).toEqual({ ...READY, sum: sumOf(sectorOf("")), text: "" });
});

/** v86's own drive. */
function driveOf({ emulator }: GuestMachine): object {
  const ide = memberOf(memberOf(processorOf(emulator), "devices"), "ide");
  return memberOf(memberOf(ide, "primary"), "master") as object;
}

describe("an emulator that is not as known", () => {
  test.for([
    "ata_command",
    "create_identify_packet",
    "push_irq",
    "status_reg",
    "in_progress_io_ids",
  ])(
    "is refused with the name of what is missing: %s",
    async (member) => {
      const hda = v86Disk(createMemoryDevice({ sectorCount: SECTORS }));
      const machine = await GuestMachine.start(parts, {
        hda,
        boots: "probe",
        attach: null,
        isOff: true,
      });
      await using _machine = machine;
      const changed = new Proxy(driveOf(machine), {
        get: (drive, name) => name === member ? undefined : Reflect.get(drive, name),
      });
      const emulator = { v86: { cpu: { devices: { ide: { primary: { master: changed } } } } } };
      const find = () => IdeDrive.find(emulator as unknown as typeof machine.emulator, hda, null);
      expect(find).toThrow(refusal("ENOTSUP"));
      expect(find).toThrow(member);
    },
  );

  test("is refused when the disk is in none of its drives", async () => {
    const [one, other] = [1, 2].map(() => v86Disk(createMemoryDevice({ sectorCount: SECTORS })));
    await using machine = await GuestMachine.start(parts, {
      hda: one!,
      boots: "probe",
      isOff: true,
    });
    await expect(other!.attach(machine.emulator)).rejects.toEqual(refusal("ENODEV"));
  });
});
