/**
 * The guest as it is kept in `build/linux-guest`: what it boots from, and its state when it has.
 *
 * Both are made when they are asked for and not there, by one process at a time. The state is of use
 * as long as nothing has changed that it comes from, which its name tells.
 *
 * @module
 */
import { createMemoryDevice } from "../../../src/mod.ts";
import { v86Disk } from "../../../src/emulator/v86.ts";
import { readParts } from "../parts.ts";
import { type BootFiles, makeBootFiles } from "./boot_files.ts";
import { LINUX_SECTORS, LinuxGuest, type LinuxParts } from "./linux_guest.ts";
import { GUEST_FOLDER, UnreachableArchive } from "./packages.ts";

/** A guest that can be started. */
export interface KeptGuest {
  readonly files: BootFiles;
  /** Where the state is. */
  readonly statePath: string;
  readonly parts: LinuxParts;
  /** Of a guest that has just booted. */
  readonly state: ArrayBuffer;
}

const STATE = /^state-[0-9a-f]+\.bin/;

async function readState(path: string): Promise<ArrayBuffer | null> {
  try {
    return (await Deno.readFile(path)).buffer;
  } catch {
    return null;
  }
}

async function bake(parts: LinuxParts, path: string): Promise<ArrayBuffer> {
  for await (const { name } of Deno.readDir(GUEST_FOLDER)) {
    if (STATE.test(name)) await Deno.remove(`${GUEST_FOLDER}/${name}`);
  }
  const device = createMemoryDevice({ sectorCount: LINUX_SECTORS });
  const hda = v86Disk(device, { state: "nothing" });
  await using guest = await LinuxGuest.start(parts, { hda });
  const state = await guest.bake(hda);
  await Deno.writeFile(`${path}.part`, new Uint8Array(state));
  await Deno.rename(`${path}.part`, path);
  return state;
}

/**
 * Reads the guest, and makes what is missing.
 *
 * @param options Whether the archive is asked for newer packages.
 * @returns The guest.
 * @throws {Error} When the packages cannot be had.
 */
export async function keptGuest({ isRefresh = false } = {}): Promise<KeptGuest> {
  await Deno.mkdir(GUEST_FOLDER, { recursive: true });
  using turn = await Deno.open(`${GUEST_FOLDER}/lock`, { create: true, write: true });
  await turn.lock(true);
  const files = await makeBootFiles({ isRefresh });
  const { processor, bios } = await readParts({ withBios: true });
  const [kernel, initramfs] = await Promise.all([
    Deno.readFile(files.kernel),
    Deno.readFile(files.initramfs),
  ]);
  const parts: LinuxParts = { processor, bios: bios!, kernel, initramfs };
  const statePath = `${GUEST_FOLDER}/state-${files.fingerprint}.bin`;
  const state = await readState(statePath) ?? await bake(parts, statePath);
  return { files, statePath, parts, state };
}

/** What a test may take: longer than a guest is waited for, which then tells what it has said. */
export const GUEST_TIMEOUT_MS = 300_000;

/** The guest for tests; or, where Debian's archive cannot be reached, the reason to skip them. */
export async function guestOrReason(): Promise<KeptGuest | string> {
  try {
    return await keptGuest();
  } catch (error) {
    if (!(error instanceof UnreachableArchive)) throw error;
    // The reporter only counts what is skipped.
    Deno.stderr.writeSync(new TextEncoder().encode(`Skipped: ${error.message}\n`));
    return error.message;
  }
}
