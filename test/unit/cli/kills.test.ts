/**
 * Every command that writes, killed while it does: each sector of the disk is an old one or a new one,
 * snapshots keep their view, nothing half-made has a name, what was only read has not changed, and the
 * same command goes on.
 */
import { Buffer } from "node:buffer";
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import process from "node:process";
import { beforeAll, describe, expect, test } from "vitest";
import { BREATH_MS } from "../../../src/cli/interruption.ts";
import { cowdisk, type Ending, expectBytes, Folder, notes, spawnCowdisk } from "./session.ts";

const DISK_BYTES = 16 * 2 ** 20;
const CHUNK_BYTES = 4096;

/** What the disk holds before, and what it is to hold. Every other 8 KiB is the same. */
const before = notes(DISK_BYTES / 512, 1);
const after = before.slice();
for (let offset = 0; offset < DISK_BYTES; offset += 16384) {
  after.set(before.subarray(offset + 8192, offset + 16384), offset);
}

interface Deed {
  readonly name: string;
  readonly words: readonly string[];
  /** Whether it is under way, and has done so much: a share from 0 to 1. */
  readonly hasDone: (folder: Folder, share: number) => boolean;
  /** The file that it makes, and whether it is whole. */
  readonly makes?: { readonly name: string; readonly isWhole: (folder: Folder) => boolean };
  /** Whether it is too quick for us to be sure of meeting it. */
  readonly isQuick?: true;
}

function bytesAt(path: string, offset: number, length: number): Buffer {
  const file = openSync(path, "r");
  const bytes = Buffer.alloc(length);
  readSync(file, bytes, 0, length, offset);
  closeSync(file);
  return bytes;
}

/** Whether `kept.cow` has a share of 1000 exceptions. They are in its second chunk, 256 of them. */
function hasKept(folder: Folder, share: number): boolean {
  const index = Math.min(255, Math.floor(share * 1000));
  const entry = bytesAt(folder.path("kept.cow"), CHUNK_BYTES + index * 16, 16);
  return entry.some((byte) => byte !== 0);
}

/** Whether a file, or what is going to be it, has a share of so many bytes. */
function isMaking(name: string, sizeBytes: number) {
  return (folder: Folder, share: number) =>
    readdirSync(folder.path("")).filter((each) => each.startsWith(name)).some((each) => {
      const found = statSync(folder.path(each), { throwIfNoEntry: false });
      return found !== undefined && found.blocks * 512 >= share * sizeBytes;
    });
}

const holds = (folder: Folder, name: string, bytes: Uint8Array) =>
  Buffer.compare(folder.read(name), bytes) === 0;

const KEEP = ["--keep", "kept.cow"];
const DEEDS: readonly Deed[] = [
  {
    name: "create",
    words: ["new.img", "1G"],
    hasDone: isMaking("new.img", 0),
    makes: {
      name: "new.img",
      isWhole: (folder) => statSync(folder.path("new.img")).size === 2 ** 30,
    },
    isQuick: true,
  },
  {
    name: "snapshot",
    words: ["disk.img", "new.cow"],
    hasDone: isMaking("new.cow", 0),
    makes: {
      name: "new.cow",
      isWhole: (folder) => bytesAt(folder.path("new.cow"), 0, 4).toString() === "SnAp",
    },
    isQuick: true,
  },
  {
    name: "export",
    words: ["disk.img", "new.img"],
    hasDone: isMaking("new.img", DISK_BYTES),
    makes: { name: "new.img", isWhole: (folder) => holds(folder, "new.img", before) },
  },
  {
    name: "diff",
    words: ["disk.img", "changed.img", "--delta", "new.delta"],
    hasDone: isMaking("new.delta", DISK_BYTES / 2),
    makes: {
      name: "new.delta",
      isWhole: (folder) => holds(folder, "new.delta", originals.get("change.delta")!),
    },
  },
  { name: "import", words: ["changed.img", "disk.img", ...KEEP], hasDone: hasKept },
  { name: "write", words: ["disk.img", "--in", "changed.img", ...KEEP], hasDone: hasKept },
  { name: "apply", words: ["change.delta", "disk.img", ...KEEP], hasDone: hasKept },
  { name: "merge", words: ["disk.img", "snap.cow", ...KEEP], hasDone: hasKept },
];

/** What the deeds are done to: made once, copied for those that name it. */
const originals = new Map<string, Uint8Array>();
beforeAll(async () => {
  const folder = new Folder("memory", () => {});
  try {
    const place = (name: string) => folder.path(name);
    const [disk, changed] = [folder.write("disk.img", before), folder.write("changed.img", after)];
    await cowdisk(["snapshot", disk, place("snap.cow")]);
    await cowdisk(["import", changed, `${disk}+${place("snap.cow")}`]);
    await cowdisk(["diff", disk, changed, "--delta", place("change.delta")]);
    for (const name of readdirSync(place(""))) originals.set(name, folder.read(name));
  } finally {
    folder.remove();
  }
});

/** A folder with the files that a deed names. */
async function freshFolder({ words }: Deed): Promise<Folder> {
  const folder = new Folder();
  for (const [name, bytes] of originals) if (words.includes(name)) folder.write(name, bytes);
  if (words.includes("kept.cow")) {
    await cowdisk(["snapshot", folder.path("disk.img"), folder.path("kept.cow")]);
  }
  return folder;
}

function placed(folder: Folder, { name, words }: Deed): string[] {
  return [name, ...words.map((word) => /\./.test(word) ? folder.path(word) : word)];
}

type Signal = "SIGINT" | "SIGKILL";

/** Kills a command once it has done so much. */
async function kill(folder: Folder, deed: Deed, signal: Signal, share: number): Promise<Ending> {
  const { child, ended } = spawnCowdisk(placed(folder, deed));
  let isRunning = true;
  ended.then(() => isRunning = false);
  while (isRunning && !deed.hasDone(folder, share)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (!isRunning) return await ended;
  // Not by `child.kill`, behind which the exit code would not be told.
  const send = (name: Signal | "SIGSTOP" | "SIGCONT") => {
    try {
      process.kill(child.pid!, name);
    } catch (error) {
      if ((error as { code?: string }).code !== "ESRCH") throw error; // It was done just now.
    }
  };
  if (signal === "SIGINT") {
    // Stopped until it is time for it to look for a Ctrl-C, it cannot be done before.
    send("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 2 * BREATH_MS));
  }
  send(signal);
  if (signal === "SIGINT") send("SIGCONT");
  return await ended;
}

async function shown(folder: Folder, ...names: readonly string[]): Promise<Uint8Array> {
  const view = names.map((name) => folder.path(name)).join("+");
  expect(await cowdisk(["export", view, folder.path("shown.img"), "--force"]))
    .toMatchObject({ code: 0, err: "" });
  return folder.read("shown.img");
}

function expectOldOrNew(disk: Buffer): void {
  for (let at = 0; at < DISK_BYTES; at += 512) {
    const isOneOf = [before, after].some((bytes) =>
      disk.compare(bytes, at, at + 512, at, at + 512) === 0
    );
    if (!isOneOf) throw new Error(`Sector ${at / 512} is neither old nor new`);
  }
}

/** What holds at any time, whatever was killed. */
async function expectConsistent(folder: Folder, { makes, words }: Deed): Promise<void> {
  for (const cow of readdirSync(folder.path("")).filter((name) => name.endsWith(".cow"))) {
    expect(await cowdisk(["check", folder.path(cow)])).toMatchObject({ code: 0, err: "" });
  }
  if (makes !== undefined && folder.has(makes.name)) expect(makes.isWhole(folder)).toBe(true);
  const isWritten = words.includes("--keep");
  for (const [name, bytes] of originals) {
    const isTouched = isWritten && ["disk.img", "snap.cow"].includes(name);
    if (!isTouched && folder.has(name)) expectBytes(folder.read(name), bytes);
  }
  if (!isWritten) return;
  expectBytes(await shown(folder, "disk.img", "kept.cow"), before);
  expectOldOrNew(Buffer.from(folder.read("disk.img").buffer));
  if (words.includes("snap.cow")) expectBytes(await shown(folder, "disk.img", "snap.cow"), after);
}

/** Kills it; again when it was done before we could. */
async function killedFolder(deed: Deed, signal: Signal, share: number) {
  for (let tries = 0;; tries++) {
    const folder = await freshFolder(deed);
    const ending = await kill(folder, deed, signal, share);
    if (ending.code !== 0 || deed.isQuick === true || tries > 10) return { folder, ending };
  }
}

describe.each(DEEDS)("$name", (deed) => {
  test.each([["SIGINT", 0.02], ["SIGKILL", 0.2]] as const)(
    "killed by %s",
    async (signal, share) => {
      const { folder, ending } = await killedFolder(deed, signal, share);
      await expectConsistent(folder, deed);
      if (signal === "SIGINT") {
        expect(readdirSync(folder.path("")).filter((name) => name.endsWith(".part"))).toEqual([]);
      }
      if (deed.isQuick !== true) {
        expect(ending.code).toBe(signal === "SIGINT" ? 130 : -1);
        expect(ending.err).toMatch(signal === "SIGINT" ? /^cowdisk: Interrupted[: ].*\n$/ : /^$/);
      }
      const { makes } = deed;
      const force = makes !== undefined && folder.has(makes.name) ? ["--force"] : [];
      expect(await cowdisk([...placed(folder, deed), ...force])).toMatchObject({ code: 0 });
      if (makes === undefined) expectBytes(folder.read("disk.img"), after);
      else expect(makes.isWhole(folder)).toBe(true);
    },
  );
});
