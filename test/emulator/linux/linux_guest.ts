/**
 * A real Linux in v86: one shell command after another, over its serial line.
 *
 *     booting ──ready──▶ idle ──run──▶ busy ──status──▶ idle ──cutPower──▶ gone
 *
 * A guest that has booted can be kept as a state and begun from it in a fraction of the time. It has
 * seen nothing of its disk then but the size, so the state fits every disk of that size.
 *
 * **Failure**: a command's own failure is no failure of the call: its status says so. A kernel that
 * panics or says nothing for minutes, or a test that is over, makes the call in flight fail with the
 * end of what was heard; the emulator is destroyed by whoever disposes of the guest, in any case.
 *
 * Runs in Deno and in browsers: what it is built of comes from outside.
 *
 * @module
 */
import { V86 } from "v86";
import { beginFrom } from "../../../demo/machine/baked_state.ts";
import { MKFS, MOUNT, STATUS_MARK } from "../../../demo/machine/linux_facts.ts";
import { type AttachOptions, saveMachine, type V86Disk } from "../../../src/emulator/v86.ts";
import { KNOWN_VERSION } from "../../../src/emulator/v86/ide_drive.ts";

/** Printed by the guest when it is ready. */
export const READY_LINE = "GUEST READY";
export { MKFS, MOUNT, STATUS_MARK };

/** What a guest is built of. */
export interface LinuxParts {
  /** v86's processor, compiled. */
  readonly processor: WebAssembly.Module;
  /** SeaBIOS and its VGA BIOS. */
  readonly bios: readonly [Uint8Array, Uint8Array];
  /** The kernel, flat. */
  readonly kernel: Uint8Array;
  readonly initramfs: Uint8Array;
}

/** How a guest begins. */
export interface LinuxOptions {
  /** The drive `sda`. */
  readonly hda: V86Disk;
  /** How it is attached. Left out: with a write cache, as states are kept. */
  readonly attach?: AttachOptions;
  /** A state to begin from, in place of booting: of a guest whose disk was attached alike. */
  readonly state?: ArrayBuffer;
  /** Ends whatever is waited for. */
  readonly signal?: AbortSignal;
}

/** What a command came to. */
export interface Answer {
  readonly status: number;
  /** What it printed, to both outputs. */
  readonly output: string;
}

/** The initramfs is put at 64 MiB; the rest is what Linux and the tests need. */
export const MEMORY_BYTES = 128 * 1024 * 1024;
const NEWLINE = 0x0a;
/** How long an answer is waited for: many times what any takes, on however busy a machine. */
const PATIENCE_MS = 240_000;
const READY = new RegExp(`${READY_LINE} (.*)\n`);
const STATUS = new RegExp(`\n${STATUS_MARK}(\\d+)\n`);
const PANIC = /Kernel panic[^\n]*/;
/**
 * What takes long under emulation and is of no use here is left out. So is the watchdog: a machine that
 * goes back in time, or whose host is busy, seems stuck to it, and it says so in the middle of answers.
 */
const KERNEL_WORDS = [
  "console=ttyS0 quiet nokaslr tsc=reliable mitigations=off cryptomgr.notests noisapnp pnpbios=off",
  "lsm= audit=0 nosmp noapic nolapic acpi=off no_timer_check edd=off ipv6.disable=1 init_on_alloc=0",
  "random.trust_cpu=on nowatchdog",
  "initcall_blacklist=init_kprobe_trace,load_system_certificate_list,init_blk_tracer,i8042_init," +
  "init_encrypted,init_evm,crypto_kdf108_init,inet6_init,digsig_init,ksm_init,snapshot_device_init," +
  "iosf_mbi_init,zswap_init,init_zbud",
].join(" ");
/** The size of disks that a kept state fits. */
export const LINUX_SECTORS = 32_768;
/** What a state depends on besides what the guest boots from. */
export const MACHINE_WORDS =
  `v86 ${KNOWN_VERSION}, ${MEMORY_BYTES}, ${LINUX_SECTORS}, ${KERNEL_WORDS}`;

const exact = (bytes: Uint8Array) => ({ buffer: new Uint8Array(bytes).buffer });

/** A guest that runs. */
export class LinuxGuest implements AsyncDisposable {
  readonly emulator: V86;
  readonly #signal: AbortSignal | undefined;
  #heard = "";
  #look: () => void = () => {};
  #isGone = false;

  private constructor(emulator: V86, signal: AbortSignal | undefined) {
    this.emulator = emulator;
    this.#signal = signal;
    emulator.add_listener("serial0-output-byte", (byte) => {
      this.#heard += String.fromCharCode(byte);
      if (byte === NEWLINE) this.#look();
    });
  }

  /** Boots, or begins from a state, and waits until it takes commands. */
  static async start(parts: LinuxParts, options: LinuxOptions): Promise<LinuxGuest> {
    const { hda, attach = { writeCache: true }, state, signal } = options;
    const emulator = new V86({
      wasm_fn: async (imports) => (await WebAssembly.instantiate(parts.processor, imports)).exports,
      memory_size: MEMORY_BYTES,
      vga_memory_size: 1024 * 1024,
      disable_keyboard: true,
      disable_mouse: true,
      disable_speaker: true,
      autostart: false,
      hda,
      bios: exact(parts.bios[0]),
      vga_bios: exact(parts.bios[1]),
      ...state === undefined
        ? {
          bzimage: exact(parts.kernel),
          initrd: exact(parts.initramfs),
          cmdline: KERNEL_WORDS,
        }
        : {},
    });
    const guest = new LinuxGuest(emulator, signal);
    try {
      await hda.attach(emulator, attach);
      if (state !== undefined) await beginFrom(emulator, hda, state);
      await emulator.run();
      if (state === undefined) await guest.#hears(READY);
      return guest;
    } catch (error) {
      await guest.cutPower();
      throw error;
    }
  }

  /**
   * Runs a shell command.
   *
   * @param command One line, of fewer than 4000 characters.
   * @returns What it printed, and its status.
   */
  async run(command: string): Promise<Answer> {
    this.emulator.serial0_send(`${command}\n`);
    const [before, status] = await this.#hears(STATUS);
    return { status: Number(status), output: before.trim() };
  }

  /** Runs a shell command that must succeed. Returns what it printed. */
  async do(command: string): Promise<string> {
    const { status, output } = await this.run(command);
    if (status === 0) return output;
    throw new Error(`"${command}" ended with status ${status}: ${output}`);
  }

  /**
   * Keeps a guest that has just booted.
   *
   * @param hda Its disk, which was made with `state: "nothing"`.
   * @returns The state, to begin others from.
   */
  async bake(hda: V86Disk): Promise<ArrayBuffer> {
    await this.do("blockdev --flushbufs /dev/sda && echo 3 >/proc/sys/vm/drop_caches");
    return await saveMachine(this.emulator, hda);
  }

  /** Ends the machine at once: nothing is written any more. */
  async cutPower(): Promise<void> {
    if (this.#isGone) return;
    this.#isGone = true;
    await this.emulator.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cutPower();
  }

  /** Waits for words. Returns what came before them and what they tell, and forgets all of it. */
  #hears(words: RegExp): Promise<[before: string, told: string]> {
    return new Promise((resolve, reject) => {
      const patience = AbortSignal.timeout(PATIENCE_MS);
      const signal = this.#signal === undefined
        ? patience
        : AbortSignal.any([patience, this.#signal]);
      const end = () => {
        this.#look = () => {};
        signal.removeEventListener("abort", giveUp);
      };
      const giveUp = () => {
        end();
        const last = this.#heard.split("\n").slice(-15).join("\n");
        reject(new Error(`The guest did not answer. What was heard at last:\n${last}`));
      };
      this.#look = () => {
        const match = words.exec(this.#heard);
        if (match === null) return PANIC.test(this.#heard) ? giveUp() : undefined;
        const before = this.#heard.slice(0, match.index);
        this.#heard = this.#heard.slice(match.index + match[0].length);
        end();
        resolve([before, match[1]!]);
      };
      if (signal.aborted) return giveUp();
      signal.addEventListener("abort", giveUp);
      this.#look();
    });
  }
}
