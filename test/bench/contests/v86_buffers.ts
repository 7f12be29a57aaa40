/**
 * v86's own buffers, taken out of a machine: what a disk in v86 is measured against.
 *
 * | | keeps | writes |
 * |---|---|---|
 * | `SyncBuffer` | the whole disk in one buffer | in place: the floor |
 * | `AsyncFileBuffer` | a file, and what was written beside it | a block of 256 bytes at a time |
 *
 * @module
 */
import { createRequire } from "node:module";
import process from "node:process";
import { V86, type V86Image } from "v86";
import type { V86Disk } from "../../../src/emulator/v86.ts";
import { memberOf, processorOf } from "../../../src/emulator/v86/v86_machine.ts";

/** The members of a disk that are measured: ours, and v86's own. */
export type V86Buffer =
  & Pick<V86Disk, "get" | "set" | "get_state" | "set_state">
  & { readonly byteLength: number };

const wasmPath = createRequire(import.meta.url).resolve("v86/build/v86.wasm");

async function bufferOf(hda: V86Image): Promise<V86Buffer> {
  const emulator = new V86({
    wasm_path: wasmPath,
    memory_size: 2 * 1024 * 1024,
    vga_memory_size: 1024 * 1024,
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
    hda,
  });
  await new Promise<void>((resolve) => emulator.add_listener("emulator-loaded", () => resolve()));
  const ide = memberOf(memberOf(processorOf(emulator), "devices"), "ide");
  const buffer = memberOf(memberOf(memberOf(ide, "primary"), "master"), "buffer");
  await emulator.destroy();
  if (typeof memberOf(buffer, "set_state") === "function") return buffer as V86Buffer;
  throw new Error("Cannot measure v86's buffers: found none in its drive");
}

/** A disk that v86 keeps in one buffer. */
export function openSyncBuffer(byteCount: number): Promise<V86Buffer> {
  return bufferOf({ buffer: new ArrayBuffer(byteCount) });
}

/** A disk that v86 keeps in a file, with what was written beside it. */
export function openFileBuffer(byteCount: number): Promise<V86Buffer> {
  const file = new File([new Uint8Array(byteCount)], "disk.img");
  // v86 takes files, though its types do not tell.
  return bufferOf({ buffer: file, async: true } as unknown as V86Image);
}

/** What the process has in memory, after what can be collected was. */
export function residentBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage.rss();
}
