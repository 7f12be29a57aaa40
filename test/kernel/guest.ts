/**
 * The guest: a Linux kernel in QEMU, and one shell command after another.
 *
 *     booting ──ready──▶ idle ──run──▶ busy ──status──▶ idle ──powerOff──▶ gone
 *
 * QEMU emulates every instruction (no KVM), so nothing of the host's kernel is used. Serial port 1 is
 * the kernel's console and goes to a file; over serial port 2 we send a command and read back what
 * it printed and its status. Commands come one at a time: the next one is sent when the last one
 * has answered, so the port's buffers cannot run over.
 *
 * Fails: a guest that does not answer in time, panics or ends by itself makes the call in flight and
 * every later one fail, with the end of the console in the message; QEMU is then killed. A command's
 * own failure is no failure of the call: its status says so. A guest that nobody talks to any more
 * ends by itself.
 *
 * The disk is an ordinary file without host caching of our own, so what the host writes into it the
 * guest reads, and the other way round, as long as no device of the guest is open on those sectors.
 */

import { type BootFiles, MARK } from "./initramfs.ts";
import { GUEST_FOLDER } from "./packages.ts";

const CONSOLE = `${GUEST_FOLDER}/console.log`;
const BOOT_TIMEOUT_MS = 120_000;
const COMMAND_TIMEOUT_MS = 120_000;
const KERNEL_WORDS = [
  "console=ttyS0 rdinit=/init loglevel=4 panic=-1 no_timer_check tsc=reliable",
  "rcupdate.rcu_expedited=1 mitigations=off nokaslr audit=0 selinux=0 apparmor=0 random.trust_cpu=on",
];

/** What a command of the guest came to. */
export interface Answer {
  /** Its exit status. */
  readonly status: number;
  /** What it printed, to both outputs. */
  readonly output: string;
}

/** A running guest. */
export class Guest implements AsyncDisposable {
  readonly #qemu: Deno.ChildProcess;
  readonly #sink: WritableStreamDefaultWriter<Uint8Array>;
  readonly #source: ReadableStreamDefaultReader<string>;
  #text = "";
  #isGone = false;

  private constructor(qemu: Deno.ChildProcess) {
    this.#qemu = qemu;
    this.#sink = qemu.stdin.getWriter();
    this.#source = qemu.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Whether it takes commands. */
  get isUp(): boolean {
    return !this.#isGone;
  }

  /**
   * Boots.
   *
   * @param files The kernel and its initramfs.
   * @param disk The file that is `/dev/vda`.
   * @returns The guest, when it answers.
   */
  static async boot(files: BootFiles, disk: string): Promise<Guest> {
    const qemu = ["-accel", "tcg", "-M", "pc", "-cpu", "qemu64"];
    qemu.push("-smp", "1", "-m", "512", "-nodefaults", "-display", "none", "-no-reboot");
    qemu.push("-kernel", files.kernel, "-initrd", files.initramfs);
    qemu.push("-append", KERNEL_WORDS.join(" "), "-serial", `file:${CONSOLE}`, "-serial", "stdio");
    qemu.push("-drive", `file=${disk},if=virtio,format=raw,cache=unsafe,file.locking=off`);
    const guest = new Guest(
      new Deno.Command("qemu-system-x86_64", {
        args: qemu,
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      }).spawn(),
    );
    await guest.#answer("to boot", BOOT_TIMEOUT_MS);
    return guest;
  }

  /**
   * Runs a shell command.
   *
   * @param command One line.
   * @param timeoutMs How long it may take.
   * @returns What it printed, and its status.
   */
  async run(command: string, timeoutMs = COMMAND_TIMEOUT_MS): Promise<Answer> {
    if (this.#isGone) throw new Error(`The guest is gone; it was to run "${command}"`);
    await this.#sink.write(new TextEncoder().encode(`${command}\n`));
    return await this.#answer(`to run "${command}"`, timeoutMs);
  }

  /** Stops the machine at once, as a power cut does: nothing is written any more. */
  async cutPower(): Promise<void> {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#kill();
    await this.#ended();
  }

  /** Writes back what the guest still holds and ends it. */
  async powerOff(): Promise<void> {
    if (this.#isGone) return;
    this.#isGone = true;
    await this.#sink.write(new TextEncoder().encode("sync; reboot -f\n"));
    await this.#ended();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.powerOff();
  }

  #kill(): void {
    try {
      this.#qemu.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }

  async #ended(): Promise<void> {
    while (!(await this.#source.read()).done);
    await this.#sink.close().catch(() => {}); // The other end may be closed already.
    await this.#qemu.status;
  }

  /** Reads up to the next mark. */
  async #answer(purpose: string, timeoutMs: number): Promise<Answer> {
    const timer = setTimeout(() => this.#kill(), timeoutMs);
    try {
      for (;;) {
        const match = new RegExp(`\r?\n${MARK}(\\d+)\r?\n`).exec(this.#text);
        if (match !== null) {
          const output = this.#text.slice(0, match.index).trim();
          this.#text = this.#text.slice(match.index + match[0].length);
          return { status: Number(match[1]), output };
        }
        const { done, value } = await this.#source.read();
        if (done) break;
        this.#text += value;
      }
    } finally {
      clearTimeout(timer);
    }
    this.#isGone = true;
    const console = await Deno.readTextFile(CONSOLE).catch(() => "");
    const end = console.split("\n").slice(-15).join("\n");
    throw new Error(`The guest gave no answer ${purpose}. ${this.#text}\nIts console:\n${end}`);
  }
}
