/**
 * What machines are built of, from this machine's files.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { requireBios } from "../../demo/host/bios.ts";
import { keptPath } from "./guests/assemble.ts";
import type { MachineParts } from "./machine.ts";

const bytesAt = (path: string) => new Uint8Array(readFileSync(path));

/** The parts, with a BIOS or without. */
export async function readParts({ withBios = false } = {}): Promise<MachineParts> {
  const path = createRequire(import.meta.url).resolve("v86/build/v86.wasm");
  const processor = await WebAssembly.compile(bytesAt(path));
  const probe = bytesAt(keptPath("probe"));
  if (!withBios) return { processor, probe };
  const folder = requireBios();
  const bios = [bytesAt(`${folder}/bios.bin`), bytesAt(`${folder}/vgabios-stdvga.bin`)] as const;
  return { processor, probe, bios };
}
