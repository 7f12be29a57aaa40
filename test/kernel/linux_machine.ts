/**
 * Linux: the machine in the guest.
 *
 * Bytes go to and fro over the disk, not over the serial port: what is to be written is put into a
 * stretch of its own and copied from there with `dd`, and what is read is copied into one. All
 * copies are direct, so each `dd` is one request, a refusal is seen at once, and no page of the guest
 * holds old bytes. It has to be GNU's: busybox's silently goes through the guest's page cache when
 * its buffer is not aligned.
 */

import type { Disk, Stretch } from "./disk.ts";
import type { Guest } from "./guest.ts";
import type { Machine, Recipe, Write } from "./machine.ts";

/** Copies in one line of shell; a line must fit into the serial port's buffer. */
const COPIES_PER_LINE = 12;

const SLOW_WRITE_MS = 20;
/** One request in, one out. */
const COPY = "gnudd status=none conv=notrunc count=1";

const quoted = (word: string) => /^[\w./-]+$/.test(word) ? word : `'${word}'`;

/** Linux in the guest. */
export class LinuxMachine implements Machine {
  readonly name = "Linux";
  readonly #guest: Guest;
  readonly #disk: Disk;

  /**
   * The machine in a guest.
   *
   * @param guest A guest that is up.
   * @param disk Its disk.
   */
  constructor(guest: Guest, disk: Disk) {
    this.#guest = guest;
    this.#disk = disk;
  }

  async dmsetup(...words: string[]): Promise<string> {
    const { status, output } = await this.#guest.run(`dmsetup ${words.map(quoted).join(" ")}`);
    if (status !== 0) throw new Error(`dmsetup ${words.join(" ")}: ${output}`);
    return output;
  }

  async create(recipes: readonly Recipe[]): Promise<void> {
    // One call for all: under emulation the start of a program is what takes time.
    const words = recipes.map(({ name, table }) => `${name},,,rw,${table}`);
    await this.dmsetup("create", "--concise", words.join(";"));
  }

  slow(name: string, { sector, sectorCount }: Stretch): Recipe {
    const table = `0 ${sectorCount} delay /dev/vda ${sector} 0 /dev/vda ${sector} ${SLOW_WRITE_MS}`;
    return { name, table };
  }

  async write(writes: readonly Write[]): Promise<boolean[]> {
    const done: boolean[] = [];
    const copies = this.#copies(writes);
    for (let first = 0; first < copies.length; first += COPIES_PER_LINE) {
      const line = copies.slice(first, first + COPIES_PER_LINE)
        .map((copy) => `${copy} 2>/dev/null && echo y || echo n`).join("; ");
      const { output } = await this.#guest.run(line);
      done.push(...output.split(/\s+/).map((answer) => answer === "y"));
    }
    if (done.length === writes.length) return done;
    throw new Error(`${done.length} answers to ${writes.length} writes`);
  }

  async writeTogether(writes: readonly Write[]): Promise<void> {
    const copies = this.#copies(writes);
    for (let first = 0; first < copies.length; first += COPIES_PER_LINE) {
      const started = copies.slice(first, first + COPIES_PER_LINE).map((copy) => `${copy} &`);
      const { output } = await this.#guest.run(`${started.join(" ")} wait`);
      if (output !== "") throw new Error(`Writes failed: ${output}`);
    }
  }

  async read(device: string, sectorCount: number): Promise<Uint8Array | null> {
    const stretch = this.#disk.allocate(sectorCount);
    const { status } = await this.#guest.run(
      `${COPY} bs=${sectorCount * 512} if=/dev/mapper/${device} of=/dev/vda ` +
        `iflag=direct,fullblock oflag=direct,seek_bytes seek=${stretch.sector * 512} 2>/dev/null`,
    );
    return status === 0 ? this.#disk.read(stretch) : null;
  }

  /**
   * What the kernel has logged since it was last asked.
   *
   * @returns Its lines.
   */
  async log(): Promise<string> {
    return (await this.#guest.run("dmesg -c")).output;
  }

  /** Puts the bytes of writes onto the disk, and says with which commands they are copied. */
  #copies(writes: readonly Write[]): string[] {
    const sectorCount = writes.reduce((sum, { bytes }) => sum + bytes.length / 512, 0);
    let { sector: from }: Stretch = this.#disk.allocate(sectorCount);
    return writes.map(({ device, sector, bytes }) => {
      this.#disk.write({ sector: from, sectorCount: bytes.length / 512 }, bytes);
      const copy = `${COPY} bs=${bytes.length} if=/dev/vda of=/dev/mapper/${device} ` +
        `iflag=direct,skip_bytes skip=${from * 512} oflag=direct,seek_bytes seek=${sector * 512}`;
      from += bytes.length / 512;
      return copy;
    });
  }
}
