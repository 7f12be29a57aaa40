/**
 * What the tests stand on besides npm packages: e2fsprogs, whose `mke2fs`, `debugfs` and `e2fsck`
 * are the tests' second opinion on file systems that lived through snapshots. Chromium is looked for
 * in `browser/chromium.ts`.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";

const PROGRAMS = ["mke2fs", "debugfs", "e2fsck"];

/** Where programs are, the system administrator's folders included. */
function folders(): string[] {
  return [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin"];
}

/** The path of a program, or nothing if it is not on this machine. */
export function findProgram(name: string): string | undefined {
  return folders().map((folder) => `${folder}/${name}`).find((path) => existsSync(path));
}

function missing(): string[] {
  return PROGRAMS.filter((name) => findProgram(name) === undefined);
}

function aptGet(...words: string[]): boolean {
  const { status } = spawnSync("apt-get", words, {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  return status === 0;
}

/**
 * Installs Debian packages, where we may: as root, on a system that has `apt-get`.
 *
 * @param names The packages.
 * @returns Whether they were installed.
 */
export function installPackages(...names: string[]): boolean {
  if (process.getuid?.() !== 0 || findProgram("apt-get") === undefined) return false;
  const install = ["install", "-y", "--no-install-recommends", ...names];
  return aptGet(...install) || (aptGet("update") && aptGet(...install));
}

/**
 * Sees to it that e2fsprogs is there: installs it where we may.
 *
 * @returns A sentence for the user if it is still missing; otherwise nothing.
 */
export function e2fsprogsAdvice(): string | null {
  const names = missing();
  if (names.length === 0) return null;
  if (installPackages("e2fsprogs") && missing().length === 0) return null;
  return `Tests with real file systems need ${names.join(", ")}: install e2fsprogs`;
}
