/**
 * What the tests stand on besides npm packages: e2fsprogs, whose `mke2fs`, `debugfs` and `e2fsck`
 * are the tests' second opinion on file systems that lived through snapshots, other people's NBD
 * clients, and the shells that complete cowdisk's words. Chromium is looked for in `browser/chromium.ts`.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";

/** Programs that the tests run, by what they are for. */
const PROGRAMS = {
  e2fsprogs: {
    packages: ["e2fsprogs"],
    programs: ["mke2fs", "debugfs", "e2fsck"],
    tests: "Tests with real file systems",
  },
  nbdClients: {
    packages: ["qemu-utils", "libnbd-bin", "fio"],
    programs: ["qemu-img", "qemu-io", "nbdinfo", "nbdcopy", "nbdfuse", "fio"],
    tests: "Tests with real NBD clients",
  },
  nbdkit: {
    packages: ["nbdkit"],
    programs: ["nbdkit"],
    tests: "Tests with other NBD servers",
  },
  certificates: {
    packages: ["openssl"],
    programs: ["openssl"],
    tests: "Tests with TLS",
  },
  shells: {
    packages: ["bash", "zsh", "fish", "bsdutils"],
    programs: ["bash", "zsh", "fish", "script"],
    tests: "Tests of completions",
  },
} as const;

/** What programs are for. */
export type ProgramUse = keyof typeof PROGRAMS;

/** Where programs are, the system administrator's folders included. */
function folders(): string[] {
  return [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin"];
}

/** The path of a program, or nothing if it is not on this machine. */
export function findProgram(name: string): string | undefined {
  return folders().map((folder) => `${folder}/${name}`).find((path) => existsSync(path));
}

function missing(programs: readonly string[]): string[] {
  return programs.filter((name) => findProgram(name) === undefined);
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
 * Sees to it that the programs for a kind of test are there: installs what is missing, where we may.
 *
 * @param use What they are for.
 * @returns A sentence for the user if some are still missing; otherwise nothing.
 */
export function packageAdvice(use: ProgramUse): string | null {
  const { packages, programs, tests } = PROGRAMS[use];
  if (missing(programs).length === 0) return null;
  if (installPackages(...packages) && missing(programs).length === 0) return null;
  return `${tests} need ${missing(programs).join(", ")}: install ${packages.join(", ")}`;
}

/**
 * Sees to it that all programs are there.
 *
 * @returns A sentence for the user for each kind of test whose programs are missing.
 */
export function allAdvice(): string[] {
  return (Object.keys(PROGRAMS) as ProgramUse[]).map(packageAdvice).filter((each) => each !== null);
}
