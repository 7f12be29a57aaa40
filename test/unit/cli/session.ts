/**
 * A place to try the command line in: a folder of its own, a world that remembers what was written,
 * and the real program as a child process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { Buffer } from "node:buffer";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { openFileDevice } from "../../../src/devices/file.ts";
import { openOrigin, openSnapshotSync } from "../../../src/mapper/stack.ts";
import type { Environment, Input, Output } from "../../../src/cli/environment.ts";
import { run } from "../../../src/cli/program.ts";

/** How a command ended. */
export interface Ending {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** An output that remembers. */
export class Paper implements Output {
  text = "";
  readonly hasColors = false;
  readonly columns = 80;

  constructor(readonly isTerminal = false) {}

  write(text: string): void {
    this.text += text;
  }

  /** Bytes are kept as characters of one byte each. */
  writeBytes(bytes: Uint8Array): void {
    this.text += Buffer.from(bytes).toString("latin1");
  }
}

/** A world in which time moves only when someone sleeps. */
export class TestEnvironment implements Environment {
  readonly out: Paper;
  readonly err: Paper;
  readonly input: Input;
  nowMs = 0;
  interrupt: () => void = () => {};
  /** Presses Ctrl-C as soon as somebody listens. */
  isImpatient = false;
  readonly clock = {
    nowMs: () => this.nowMs += 1,
    sleep: (timeMs: number) => {
      this.nowMs += timeMs;
      return new Promise<void>((resolve) => setTimeout(resolve, 0));
    },
  };

  /** @param fed What the standard input gives; nothing but a person who types if left out. */
  constructor(isTerminal = false, fed?: readonly Uint8Array[]) {
    this.out = new Paper(isTerminal);
    this.err = new Paper(isTerminal);
    this.input = {
      isTerminal: fed === undefined,
      async *pieces() {
        yield* await Promise.resolve(fed ?? []);
      },
    };
  }

  onInterrupt(listener: () => void): () => void {
    this.interrupt = listener;
    if (this.isImpatient) listener();
    return () => this.interrupt = () => {};
  }
}

/**
 * Runs a command in this process.
 *
 * @param words The arguments.
 * @param environment The world; a fresh one if left out.
 * @returns How it ended.
 */
export async function cowdisk(
  words: readonly string[],
  environment: TestEnvironment = new TestEnvironment(),
): Promise<Ending> {
  const code = await run(words, environment);
  return { code, out: environment.out.text, err: environment.err.text };
}

const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

/** What the task `cowdisk` may do. Not enough for images in /dev/shm, for which Deno wants `-A`. */
export function taskPermissions(): string[] {
  const path = fileURLToPath(new URL("../../../deno.json", import.meta.url));
  const { command }: { command: string } = JSON.parse(readFileSync(path, "utf8")).tasks.cowdisk;
  const flags = / deno run (.*) "\$ROOT/.exec(command)?.[1];
  if (flags === undefined) throw new Error(`Cannot find "deno run … $ROOT" in ${command}`);
  return flags.split(" ");
}

/**
 * How the real program is started.
 *
 * @param words The arguments.
 * @param permissions What it may do.
 * @returns A program and its arguments.
 */
export function programWords(words: readonly string[], permissions = ["-A"]): string[] {
  return [process.execPath, "run", ...permissions, "--no-check", MAIN, ...words];
}

/**
 * Starts the real program.
 *
 * @param words The arguments.
 * @param permissions What it may do.
 * @returns The child process, and a promise of how it ends; a signal counts as -1.
 */
export function spawnCowdisk(
  words: readonly string[],
  permissions?: string[],
): { child: ChildProcess; ended: Promise<Ending> } {
  const [program, ...rest] = programWords(words, permissions);
  const child = spawn(program!, rest);
  let out = "";
  let err = "";
  child.stdout.on("data", (bytes) => out += bytes);
  child.stderr.on("data", (bytes) => err += bytes);
  const ended = new Promise<Ending>((resolve) => {
    child.on("close", (code) => resolve({ code: code ?? -1, out, err }));
  });
  return { child, ended };
}

/** Sectors in the folder's disk: 1 MiB and a bit, so that the last chunk is not whole. */
export const DISK_SECTORS = 2048 + 3;

/** Bytes of which no two sectors are alike. */
export function notes(sectorCount: number, note: number): Uint8Array {
  const bytes = new Uint8Array(sectorCount * 512);
  const words = new Uint32Array(bytes.buffer);
  for (let index = 0; index < words.length; index++) {
    words[index] = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(note + 1, 0x85ebca6b);
  }
  return bytes;
}

/**
 * Compares contents whole, quickly, and says where they part.
 *
 * @param found What there is.
 * @param expected What there ought to be.
 */
export function expectBytes(found: Uint8Array, expected: Uint8Array): void {
  expect(found.length).toBe(expected.length);
  if (Buffer.compare(found, expected) === 0) return;
  const offset = found.findIndex((byte, index) => byte !== expected[index]);
  throw new Error(`The bytes differ from offset ${offset} (sector ${Math.floor(offset / 512)}) on`);
}

/** Where the system has files in memory, on which nothing waits for a disk. */
const MEMORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A folder that is gone after the test, or after all of a file's with vitest's `afterAll`. */
export class Folder {
  readonly isInMemory: boolean;
  readonly #path: string;

  /** @param where On a disk, flushing takes time enough to be interrupted. */
  constructor(
    where: "memory" | "disk" = "memory",
    atEnd: (clean: () => void) => void = onTestFinished,
  ) {
    this.isInMemory = where === "memory";
    this.#path = mkdtempSync(join(where === "memory" ? MEMORY : tmpdir(), "cowdisk-cli-"));
    atEnd(() => this.remove());
  }

  /** Takes it away, with all that is in it. */
  remove(): void {
    rmSync(this.#path, { recursive: true, force: true });
  }

  /** The path of a file in it. */
  path(name: string): string {
    return join(this.#path, name);
  }

  /** What is in a file. */
  read(name: string): Uint8Array {
    return new Uint8Array(readFileSync(this.path(name)));
  }

  /** Makes a file. */
  write(name: string, bytes: Uint8Array | string): string {
    writeFileSync(this.path(name), bytes);
    return this.path(name);
  }

  /** Makes a disk image full of notes. */
  disk(name = "disk.img", note = 1): string {
    return this.write(name, notes(DISK_SECTORS, note));
  }

  /** Whether a file is there. */
  has(name: string): boolean {
    return statSync(this.path(name), { throwIfNoEntry: false }) !== undefined;
  }
}

/**
 * Makes a disk and a snapshot of it, and writes to both.
 *
 * @param folder Where: `disk.img` and `snap.cow`.
 * @returns What the snapshot shows.
 */
export async function writtenSnapshot(folder: Folder): Promise<Uint8Array> {
  folder.disk();
  await cowdisk(["snapshot", folder.path("disk.img"), folder.path("snap.cow")]);
  const expected = folder.read("disk.img");
  const disk = openFileDevice(folder.path("disk.img"));
  const cow = openFileDevice(folder.path("snap.cow"));
  const origin = openOrigin(disk);
  const snapshot = openSnapshotSync({ origin, cow });
  origin.writeSync(notes(20, 2), 100);
  origin.writeSync(new Uint8Array(8 * 512), 512);
  const own = notes(9, 3);
  snapshot.writeSync(own, 1000);
  expected.set(own, 1000 * 512);
  snapshot.writeSync(own.subarray(0, 512), DISK_SECTORS - 1);
  expected.set(own.subarray(0, 512), (DISK_SECTORS - 1) * 512);
  for (const device of [snapshot, origin, disk, cow]) device.closeSync();
  return expected;
}
