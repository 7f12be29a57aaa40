/// <reference lib="dom" />
/**
 * What can live in the machine: what each guest is built of, how it begins, and how it is wrecked.
 *
 * @module
 */
import type { BlockDevice } from "cowdisk";
import type { AttachOptions, V86Disk } from "cowdisk/v86";
import type { V86, V86Options } from "v86";
import type { MachineParts } from "./parts.ts";

export const SECTOR_BYTES = 512;

/** A guest that runs, as its wrecker sees it. */
export interface RunningGuest {
  readonly emulator: V86;
  readonly hda: V86Disk;
  readonly device: BlockDevice;
}

/** A kind of guest. */
export interface Guest {
  /** Names its disk and its moments. */
  readonly name: string;
  /** What it is called. */
  readonly title: string;
  /** What one may do with it. */
  readonly about: string;
  /** Sectors of its disk. */
  readonly sectorCount: number;
  /** How one speaks to it: keyboard and screen, or lines over its serial port. */
  readonly console: "screen" | "lines";
  /** How many moments are kept. */
  readonly momentsMax: number;
  readonly attach: AttachOptions;
  /** What v86 is told besides its disk. */
  options(parts: MachineParts): Promise<V86Options>;
  /** Prepares a disk that is empty. */
  install(device: BlockDevice): Promise<void>;
  /** Before it runs: puts it into a state of its own. Left out: it boots. */
  begin?(emulator: V86, hda: V86Disk): Promise<void>;
  /** What it is told at once, and says when it can be used. */
  readonly greeting: { readonly types: string; readonly until: RegExp };
  /** Whether what makes the disk usable is still on it. */
  isWhole(device: BlockDevice): Promise<boolean>;
  /** Ruins what is on its disk. Returns what was done, in a sentence. */
  wreck(guest: RunningGuest): Promise<string>;
}

/**
 * Whether a 16-bit number is where it should be.
 *
 * @param device The disk.
 * @param offsetBytes Where; even.
 * @param mark The number, little-endian.
 */
export async function hasMark(
  device: BlockDevice,
  offsetBytes: number,
  mark: number,
): Promise<boolean> {
  const sector = new Uint8Array(SECTOR_BYTES);
  await device.read(sector, Math.floor(offsetBytes / SECTOR_BYTES));
  return new DataView(sector.buffer).getUint16(offsetBytes % SECTOR_BYTES, true) === mark;
}

/** What every machine is told; `screen` and `hda` are added where it is built. */
export function commonOptions(
  { processor, bios }: MachineParts,
  memoryBytes: number,
): V86Options {
  return {
    wasm_fn: async (imports) => (await WebAssembly.instantiate(processor, imports)).exports,
    bios: { buffer: bios[0] },
    vga_bios: { buffer: bios[1] },
    memory_size: memoryBytes,
    vga_memory_size: 1024 * 1024,
    disable_mouse: true,
    disable_speaker: true,
    autostart: false,
  };
}
