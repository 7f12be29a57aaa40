/**
 * Other people's opinion on an ext4 image: `mke2fs` builds it, `e2fsck` judges it, `debugfs` reads
 * the files back.
 *
 * Images are comparable block by block: identity, hash seed and the times that mke2fs itself sets
 * are fixed, so that what differs between two of them is what differs between their files.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { findProgram, packageAdvice } from "../setup.ts";

/** Bytes in a block of the images: a quarter of the smallest chunk that they are tested with. */
export const BLOCK_BYTES = 1024;

const IDENTITY = "c0d15c00-0000-4000-8000-00000000e4f5";

/** Installs what is missing, where that is allowed; otherwise says what to do. */
export function requireE2fsprogs(): void {
  const advice = packageAdvice("e2fsprogs");
  if (advice !== null) throw new Error(advice);
}

function run(program: string, ...words: string[]): { status: number; output: string } {
  const { status, stdout, stderr, error } = spawnSync(findProgram(program) ?? program, words, {
    encoding: "utf8",
    env: { ...process.env, E2FSPROGS_FAKE_TIME: "1000000000", LC_ALL: "C" },
  });
  if (error !== undefined) throw error;
  return { status: status ?? -1, output: stdout + stderr };
}

/** A new folder; in memory where the system offers that, so that nobody waits for a busy disk. */
export function createFolder(): string {
  return mkdtempSync(`${existsSync("/dev/shm") ? "/dev/shm" : tmpdir()}/cowdisk-ext4-`);
}

/** Runs a function with a new folder, which is gone afterwards. */
export function withFolder<Result>(use: (folder: string) => Result): Result {
  const folder = createFolder();
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Builds an ext4 image that holds the files of a folder. */
export function makeImage(path: string, folder: string, sizeBytes: number): void {
  const { status, output } = run(
    ...["mke2fs", "-q", "-F", "-t", "ext4", "-b", String(BLOCK_BYTES), "-U", IDENTITY] as const,
    ...["-E", `hash_seed=${IDENTITY},lazy_itable_init=0,lazy_journal_init=0`],
    ...["-d", folder, path, `${sizeBytes / 1024}k`],
  );
  if (status !== 0) throw new Error(`mke2fs failed: ${output}`);
}

/** What `e2fsck -fn` has to complain of; nothing when the file system is clean. */
export function complaints(path: string): string {
  const { status, output } = run("e2fsck", "-fn", path);
  return status === 0 ? "" : output;
}

/** Brings an image up that was in use when the power went: replays its journal, and nothing worse. */
export function replayJournal(path: string): void {
  const { status, output } = run("e2fsck", "-p", path);
  if (status > 1) throw new Error(`e2fsck cannot bring the image up: ${output}`);
}

/** Makes whole whatever can be, as after a loss of power under a writer without a journal. */
export function repairFileSystem(path: string): void {
  const { status, output } = run("e2fsck", "-fy", path);
  if (status > 1) throw new Error(`e2fsck cannot make the image whole: ${output}`);
}

/** What is in the image, as {@linkcode listFolder} tells it of the folder it was built from. */
export function listImage(path: string): string[] {
  return withFolder((folder) => {
    mkdirSync(`${folder}/files`);
    const { status, output } = run("debugfs", "-R", `rdump / ${folder}/files`, path);
    if (status !== 0) throw new Error(`debugfs failed: ${output}`);
    return listFolder(`${folder}/files`);
  });
}

/** Every file of a folder in one line: path, mode, and a digest of all it holds. */
export function listFolder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path !== "lost+found")
    .sort()
    .map((path) => describe(folder, path));
}

function describe(folder: string, path: string): string {
  const whole = `${folder}/${path}`;
  const status = lstatSync(whole);
  const mode = (status.mode & 0o777).toString(8);
  if (status.isSymbolicLink()) return `${path} -> ${readlinkSync(whole)}`;
  if (status.isDirectory()) return `${path}/ ${mode}`;
  const digest = createHash("sha256").update(readFileSync(whole)).digest("hex").slice(0, 16);
  return `${path} ${mode} ${status.size} bytes ${digest}`;
}
