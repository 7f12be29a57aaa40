/**
 * The guests on every kind of device: what they write is there, in the order in which they wrote it,
 * whatever the device does meanwhile.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { openFileDevice } from "../../src/devices/file.ts";
import { openDirectoryStorage } from "../../src/disk/storage/directory_storage.ts";
import { v86Disk } from "../../src/emulator/v86.ts";
import {
  type BlockDevice,
  connectDevice,
  createMemoryDevice,
  Disk,
  openOrigin,
  openSnapshotSync,
  serveDevice,
} from "../../src/mod.ts";
import { Prng, verifySectors } from "../../src/testing/mod.ts";
import { keptPath } from "./guests/assemble.ts";
import { GuestMachine, sectorOf, sumOf } from "./machine.ts";
import {
  installNotebook,
  listNotes,
  NOTEBOOK_SECTORS,
  openNotebook,
  takeNote,
} from "./notebook.ts";
import { readParts } from "./parts.ts";

const parts = await readParts({ withBios: true });
const PIECE_SECTORS = 128;
/** Writes that are typed at once, each with a read. */
const BATCH = 25;
const READY = { status: 0x50, error: 0 };

/** Opens a device, and closes it and what it lies on afterwards. */
type Kind = (use: (disk: BlockDevice | Disk) => Promise<void>) => Promise<void>;

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(`${tmpdir()}/cowdisk-v86-`);
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function throughPort(device: BlockDevice): Promise<BlockDevice> {
  const { port1, port2 } = new MessageChannel();
  serveDevice(device, port1);
  return connectDevice(port2);
}

const KINDS: Readonly<Record<string, Kind>> = {
  async "memory"(use) {
    await use(createMemoryDevice({ sectorCount: NOTEBOOK_SECTORS }));
  },
  "a file": (use) =>
    withFolder(async (folder) => {
      await using device = openFileDevice(`${folder}/disk.img`, {
        create: { sectorCount: NOTEBOOK_SECTORS },
      });
      await use(device);
    }),
  async "a snapshot"(use) {
    const origin = openOrigin(createMemoryDevice({ sectorCount: NOTEBOOK_SECTORS }));
    const cow = createMemoryDevice({ sectorCount: 2 * NOTEBOOK_SECTORS });
    await use(openSnapshotSync({ origin, cow, chunkSectors: 8 }));
  },
  async "a disk in memory"(use) {
    await using disk = await Disk.open("vm", { origin: NOTEBOOK_SECTORS, storage: "memory" });
    await use(disk);
    disk.check();
  },
  "a disk in a directory": (use) =>
    withFolder(async (folder) => {
      await using storage = openDirectoryStorage(folder);
      await using disk = await Disk.open("vm", { origin: NOTEBOOK_SECTORS, storage });
      await use(disk);
      disk.check();
    }),
  async "a device behind a port"(use) {
    await using device = await throughPort(createMemoryDevice({ sectorCount: NOTEBOOK_SECTORS }));
    await use(device);
  },
};

describe.each(Object.entries(KINDS))("on %s", (_name, kind) => {
  test("1000 sectors that a guest writes at random are there, for the guest and for us", () =>
    kind(async (disk) => {
      const device = "snapshots" in disk ? disk.device : disk;
      const hda = v86Disk(disk);
      const model = new Uint8Array(NOTEBOOK_SECTORS * 512);
      {
        await using machine = await GuestMachine.start(parts, { hda, boots: "probe" });
        await machine.hears(/> $/);
        const prng = Prng.fromSeed("guest");
        for (let round = 0; round < 1000 / BATCH; round++) {
          const commands: string[] = [];
          const wanted: unknown[] = [];
          for (let count = 0; count < BATCH; count++) {
            const sector = prng.int(NOTEBOOK_SECTORS);
            const text = `${round}/${count} ${prng.int(2 ** 30)}`;
            commands.push(`${prng.int(2) === 0 ? "w" : "p"}${sector.toString(16)} ${text}`);
            model.set(sectorOf(text), sector * 512);
            const read = prng.int(NOTEBOOK_SECTORS);
            const sum = sumOf(model.subarray(read * 512, (read + 1) * 512));
            commands.push(`${prng.int(2) === 0 ? "r" : "g"}${read.toString(16)}`);
            wanted.push(READY, expect.objectContaining({ ...READY, sum }));
          }
          expect(await machine.askAll(commands)).toEqual(wanted);
        }
        await hda.drain();
      }
      const found = new Uint8Array(model.length);
      await device.read(found, 0);
      verifySectors(found, model, 0, "the disk");
    }));

  test("the notebook has its notes after power was off", () =>
    kind(async (disk) => {
      const device = "snapshots" in disk ? disk.device : disk;
      await installNotebook(device, readFileSync(keptPath("notebook")));
      const notes = ["milk", "two eggs", "and a very long line of bread"];
      for (const [at, note] of notes.entries()) {
        await using machine = await GuestMachine.start(parts, {
          hda: v86Disk(disk),
          boots: "disk",
        });
        expect(await openNotebook(machine)).toEqual(notes.slice(0, at));
        await takeNote(machine, note);
        expect(await listNotes(machine)).toEqual(notes.slice(0, at + 1));
      }
    }));
});

test("a guest whose writes nobody holds back reads what it wrote last, and sees it stored", async () => {
  await using slow = await throughPort(createMemoryDevice({ sectorCount: 64 }));
  const hda = v86Disk(slow);
  await using machine = await GuestMachine.start(parts, { hda, boots: "probe", attach: null });
  await machine.hears(/> $/);
  for (let round = 0; round < 50; round++) {
    expect(await machine.ask(`w5 round ${round}`)).toEqual(READY);
    if (round % 5 === 4) {
      expect(await machine.ask("r5")).toMatchObject({ ...READY, text: `round ${round}` });
    }
  }
  await machine.emulator.stop();
  await hda.drain();
  const sector = new Uint8Array(512);
  await slow.read(sector, 5);
  verifySectors(sector, sectorOf("round 49"), 5, "what was stored");
});

/** Bytes of buffers that somebody holds: those that nobody does are collected first. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().external;
}

test("a guest that writes many times what the adapter keeps costs no memory", () =>
  withFolder(async (folder) => {
    const pieces = 640; // of 64 KiB: 40 MiB, twenty times the adapter's largest buffer
    await using device = openFileDevice(`${folder}/disk.img`, {
      create: { sectorCount: pieces * PIECE_SECTORS },
    });
    const hda = v86Disk(device, { durability: "later", page: null });
    await using machine = await GuestMachine.start(parts, { hda, boots: "probe" });
    await machine.hears(/> $/);
    expect(await machine.ask("m10")).toEqual(READY);
    const before = heldBytes();
    expect(await machine.ask(`m${pieces.toString(16)}`)).toEqual(READY);
    const grown = heldBytes() - before;
    expect(hda.waitingBytes).toBe(0);
    expect(grown, `${grown} bytes more`).toBeLessThan(2 * 1024 * 1024);
    const sector = new Uint8Array(512);
    for (let piece = 0; piece < pieces; piece++) {
      device.readSync(sector, piece * PIECE_SECTORS);
      expect(new DataView(sector.buffer).getUint32(0, true)).toBe(piece);
    }
    await hda.close();
  }));
