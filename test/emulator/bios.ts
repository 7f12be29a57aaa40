/**
 * SeaBIOS, without which no boot sector boots: fetched into `build/seabios/`, and never committed.
 *
 *     deno run -A test/emulator/bios.ts
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { findProgram } from "../setup.ts";

/** The files that a machine needs. */
const FILES = ["bios.bin", "vgabios-stdvga.bin"] as const;

const INSTALLED = "/usr/share/seabios";
const KEPT = fileURLToPath(new URL("../../build/seabios", import.meta.url));

const hasAll = (folder: string) => FILES.every((name) => existsSync(`${folder}/${name}`));

function keep(folder: string): void {
  mkdirSync(KEPT, { recursive: true });
  for (const name of FILES) copyFileSync(`${folder}/${name}`, `${KEPT}/${name}`);
}

/** Downloads Debian's package, and takes the files out of it; nothing is installed. */
function download(): boolean {
  if (["apt-get", "dpkg-deb"].some((name) => findProgram(name) === undefined)) return false;
  const workplace = mkdtempSync(`${tmpdir()}/cowdisk-seabios-`);
  const run = (program: string, ...words: string[]) =>
    spawnSync(program, words, { cwd: workplace }).status === 0;
  const get = () => run("apt-get", "-o", "APT::Sandbox::User=root", "download", "seabios");
  try {
    if (!get() && !(run("apt-get", "update") && get())) return false;
    const archive = readdirSync(workplace).find((name) => name.endsWith(".deb"));
    if (archive === undefined || !run("dpkg-deb", "-x", archive, workplace)) return false;
    keep(`${workplace}${INSTALLED}`);
    return true;
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}

/**
 * Sees to it that the BIOS is there.
 *
 * @returns The folder that it is in.
 */
export function requireBios(): string {
  if (hasAll(KEPT)) return KEPT;
  if (hasAll(INSTALLED)) keep(INSTALLED);
  else if (!download()) {
    throw new Error(`Cannot boot: found no SeaBIOS in ${INSTALLED}; install seabios`);
  }
  return KEPT;
}

if (import.meta.main) requireBios();
