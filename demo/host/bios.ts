/**
 * SeaBIOS, without which no boot sector boots: fetched into `build/seabios/`, and never committed.
 *
 *     deno run -A demo/host/bios.ts
 *
 * | looked for | |
 * |---|---|
 * | `build/seabios/` | what an earlier run has left |
 * | `/usr/share/seabios` | where Debian's package puts it |
 * | Debian's package | downloaded and unpacked, where there is `apt-get`; nothing is installed |
 *
 * Beside the two images lies `notice.txt`: whose they are, and of which source they were made.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { ROOT } from "./import_map.ts";

/** The files that a machine needs. */
const FILES = ["bios.bin", "vgabios-stdvga.bin"] as const;
const NOTICE = "notice.txt";

const INSTALLED = "/usr/share/seabios";
const COPYRIGHT = "/usr/share/doc/seabios/copyright";
const KEPT = `${ROOT}build/seabios`;

const hasAll = (folder: string) => FILES.every((name) => existsSync(`${folder}/${name}`));

/** What a program printed; `null` when it failed, or is not on this machine. */
function outputOf(program: string, words: readonly string[], cwd = "/"): string | null {
  const { status, stdout } = spawnSync(program, words, { cwd, encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
}

/** Keeps the files of a package that is unpacked at a root. */
function keep(root: string, version: string | null): void {
  mkdirSync(KEPT, { recursive: true });
  for (const name of FILES) copyFileSync(`${root}${INSTALLED}/${name}`, `${KEPT}/${name}`);
  const source = version === null ? "of an unknown version" : `${version}, source and all: ` +
    `https://snapshot.debian.org/package/seabios/${encodeURIComponent(version)}/`;
  const copyright = existsSync(`${root}${COPYRIGHT}`)
    ? readFileSync(`${root}${COPYRIGHT}`, "utf8")
    : "SeaBIOS is under the GNU Lesser General Public License, version 3.\n";
  writeFileSync(`${KEPT}/${NOTICE}`, `Debian's package seabios ${source}\n\n${copyright}`);
}

/** Downloads Debian's package, and takes the files out of it. */
function download(): boolean {
  const workplace = mkdtempSync(`${tmpdir()}/cowdisk-seabios-`);
  const run = (program: string, ...words: string[]) => outputOf(program, words, workplace);
  const get = () => run("apt-get", "-o", "APT::Sandbox::User=root", "download", "seabios") !== null;
  try {
    if (!get() && !(run("apt-get", "update") !== null && get())) return false;
    const archive = readdirSync(workplace).find((name) => name.endsWith(".deb"));
    if (archive === undefined || run("dpkg-deb", "-x", archive, workplace) === null) return false;
    keep(workplace, run("dpkg-deb", "-f", archive, "Version"));
    return true;
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}

/**
 * Sees to it that the BIOS is there.
 *
 * @returns The folder that it is in.
 * @throws {Error} When it cannot be had here, with what to do about it.
 */
export function requireBios(): string {
  if (hasAll(KEPT) && existsSync(`${KEPT}/${NOTICE}`)) return KEPT;
  if (hasAll(INSTALLED)) {
    keep("", outputOf("dpkg-query", ["-W", "-f", "${source:Version}", "seabios"]));
  } else if (!download()) {
    throw new Error(`Cannot boot: found no SeaBIOS in ${INSTALLED}; install seabios`);
  }
  return KEPT;
}

if (import.meta.main) requireBios();
