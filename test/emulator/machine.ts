/**
 * A machine with one of our guests in it, and a conversation over its serial line.
 *
 * Runs in Deno and in browsers: what it is built of comes from outside.
 *
 * @module
 */
import { V86 } from "v86";
import type { AttachOptions, V86Disk } from "../../src/emulator/v86.ts";

/** What every machine is built of. */
export interface MachineParts {
  /** v86's processor, compiled. */
  readonly processor: WebAssembly.Module;
  /** The probe's bytes. */
  readonly probe: Uint8Array;
  /** SeaBIOS and its VGA BIOS: for the notebook. */
  readonly bios?: readonly [Uint8Array, Uint8Array];
}

/** How a machine is made. */
export interface MachineOptions {
  readonly hda: V86Disk;
  readonly hdb?: V86Disk;
  /** The probe, which is given to the machine; or whatever the disk boots. */
  readonly boots: "probe" | "disk";
  /** How the disk is attached; `null`: not at all. */
  readonly attach?: AttachOptions | null;
  /** Whether it only stands there. */
  readonly isOff?: boolean;
}

/** What the probe answers. */
export interface ProbeAnswer {
  /** The drive's status register. */
  readonly status: number;
  /** Its error register. */
  readonly error: number;
  /** The sum and the text of a sector that was read. */
  readonly sum?: number;
  readonly text?: string;
}

const MEMORY_BYTES = 2 * 1024 * 1024;
const MULTIBOOT_BYTES = 8192;
const SPACE = 0x20;
const ANSWER = /(?:\n= ([0-9a-f]{8}) ?(.*))?\nst=(..) er=(..)\n> /g;

function exact(bytes: Uint8Array, byteCount = bytes.length): ArrayBuffer {
  const copy = new Uint8Array(byteCount);
  copy.set(bytes);
  return copy.buffer;
}

/** A machine that was started. */
export class GuestMachine implements AsyncDisposable {
  readonly emulator: V86;
  #output = "";
  #waiters: (() => void)[] = [];

  private constructor(emulator: V86) {
    this.emulator = emulator;
    emulator.add_listener("serial0-output-byte", (byte) => {
      this.#output += String.fromCharCode(byte);
      if (byte === SPACE) { for (const look of this.#waiters) look(); }
    });
  }

  /** Builds a machine, and starts it. */
  static async start(parts: MachineParts, options: MachineOptions): Promise<GuestMachine> {
    const { hda, boots, attach = {}, isOff = false } = options;
    const emulator = new V86({
      wasm_fn: async (imports) => (await WebAssembly.instantiate(parts.processor, imports)).exports,
      memory_size: MEMORY_BYTES,
      vga_memory_size: 1024 * 1024,
      disable_keyboard: true,
      disable_mouse: true,
      disable_speaker: true,
      autostart: false,
      hda,
      ...(options.hdb === undefined ? {} : { hdb: options.hdb }),
      ...(boots === "probe"
        ? { multiboot: { buffer: exact(parts.probe, MULTIBOOT_BYTES) } }
        : bios(parts)),
    });
    const loaded = new Promise<void>((resolve) => {
      emulator.add_listener("emulator-loaded", () => resolve());
    });
    const machine = new GuestMachine(emulator);
    if (attach !== null) await hda.attach(emulator, attach);
    await loaded;
    if (!isOff) await emulator.run();
    return machine;
  }

  /** Everything that it has said. */
  get output(): string {
    return this.#output;
  }

  /** Types, and waits until it has said something. Returns what it said since. */
  async converse(text: string, until: RegExp): Promise<string> {
    const start = this.#output.length;
    if (text !== "") this.emulator.serial0_send(text);
    return await this.hears(until, start);
  }

  /** Waits until it has said something, from a place on. */
  hears(until: RegExp, start = 0): Promise<string> {
    return this.#until((said) => until.test(said), start);
  }

  /** Waits until what it has said is enough. Whatever is waited for ends in a prompt. */
  #until(isEnough: (said: string) => boolean, start: number): Promise<string> {
    return new Promise((resolve) => {
      const look = () => {
        const said = this.#output.slice(start);
        if (!said.endsWith("> ") || !isEnough(said)) return;
        this.#waiters = this.#waiters.filter((each) => each !== look);
        resolve(said);
      };
      this.#waiters.push(look);
      look();
    });
  }

  /** Gives the probe a command. */
  async ask(command: string): Promise<ProbeAnswer> {
    return (await this.askAll([command]))[0]!;
  }

  /** Gives the probe commands without waiting between them: fewer than its line holds. */
  async askAll(commands: readonly string[]): Promise<ProbeAnswer[]> {
    const typed = commands.map((command) => `${command}\r`).join("");
    const start = this.#output.length;
    this.emulator.serial0_send(typed);
    const said = await this.#until(
      (text) => [...text.matchAll(ANSWER)].length === commands.length,
      start,
    );
    return [...said.matchAll(ANSWER)].map(([, sum, text, status, error]) => ({
      status: parseInt(status ?? "", 16),
      error: parseInt(error ?? "", 16),
      ...sum === undefined ? {} : { sum: parseInt(sum, 16), text: text ?? "" },
    }));
  }

  /** Switches it off. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.emulator.destroy();
  }
}

function bios({ bios }: MachineParts) {
  if (bios === undefined) throw new TypeError("Cannot boot from the disk without a BIOS");
  return { bios: { buffer: exact(bios[0]) }, vga_bios: { buffer: exact(bios[1]) } };
}

/** The sum that the probe makes of a sector. */
export function sumOf(sector: Uint8Array): number {
  const words = new DataView(sector.buffer, sector.byteOffset, sector.byteLength);
  let sum = 0;
  for (let at = 0; at < sector.length; at += 4) {
    sum = (((sum << 5) | (sum >>> 27)) + words.getUint32(at, true)) >>> 0;
  }
  return sum;
}

/** A sector that the probe writes: a text, and zeroes. */
export function sectorOf(text: string): Uint8Array<ArrayBuffer> {
  const sector = new Uint8Array(512);
  new TextEncoder().encodeInto(text, sector);
  return sector;
}
