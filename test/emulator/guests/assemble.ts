/**
 * The guests, from their sources: `deno run -A test/emulator/guests/assemble.ts` writes the bytes that
 * are kept beside them; a test compares. The probe is for tests alone, the notebook is the demo's, too.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { findProgram, installPackages } from "../../setup.ts";

/** A guest's name; where its first byte lies in memory, and its source in the repository. */
export const GUESTS = {
  probe: { address: "0x100000", folder: "test/emulator/guests" },
  notebook: { address: "0x7c00", folder: "demo/machine/guests" },
} as const;

/** One of the guests. */
export type GuestName = keyof typeof GUESTS;

const root = fileURLToPath(new URL("../../..", import.meta.url));

const pathOf = (name: GuestName, ending: string) =>
  `${root}${GUESTS[name].folder}/${name}${ending}`;

function run(program: string, ...words: string[]): void {
  const { status, stderr, error } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${words.join(" ")}: ${error?.message ?? stderr}`);
}

/** Sees to it that there is an assembler and a linker. */
function requireBinutils(): void {
  const isMissing = () => ["as", "ld"].some((name) => findProgram(name) === undefined);
  if (!isMissing() || (installPackages("binutils") && !isMissing())) return;
  throw new Error("Cannot assemble the guests: as or ld is missing; install binutils");
}

/** The bytes of a guest, from its source. */
export function assemble(name: GuestName): Uint8Array {
  requireBinutils();
  const workplace = mkdtempSync(`${tmpdir()}/cowdisk-guest-`);
  const [object, bytes] = [`${workplace}/${name}.o`, `${workplace}/${name}.bin`];
  try {
    run("as", "--32", "-o", object, pathOf(name, ".s"));
    const place = ["-Ttext", GUESTS[name].address, "--oformat", "binary"];
    run("ld", "-m", "elf_i386", ...place, "-o", bytes, object);
    return new Uint8Array(readFileSync(bytes));
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}

/** Where the bytes of a guest are kept. */
export function keptPath(name: GuestName): string {
  return pathOf(name, ".bin");
}

if (import.meta.main) {
  for (const name of Object.keys(GUESTS) as GuestName[]) {
    writeFileSync(keptPath(name), assemble(name));
  }
}
