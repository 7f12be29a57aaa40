// deno-lint-ignore-file camelcase -- v86's own names
/**
 * v86's IDE drive from inside: what its buffers have no word for.
 *
 * v86 gives a disk no way to say that it has failed, tells it nothing of FLUSH CACHE, and lets a
 * guest that writes by PIO run on before the bytes are stored. All three are put right on the drive
 * itself, whose members have kept their names in v86's published build:
 *
 * | what | how |
 * |---|---|
 * | an error | the request is not called back; status and error register are set, the interrupt raised |
 * | a PIO write that takes time | the drive is busy until it is stored; then the interrupt again |
 * | FLUSH CACHE | the command is taken over: busy until it is flushed |
 * | a write cache | two bits of IDENTIFY, without which Linux sends no FLUSH CACHE |
 *
 * Drives are sealed, so it is their prototype that is patched, once; a drive that is not ours goes
 * on as before.
 *
 * **Late answers**: a guest that has lost patience resets the drive. What is answered after that
 * would end some later command, so an answer is only given as long as `commandCount` is what it was.
 *
 * **Failure**: {@linkcode IdeDrive.find} looks at every member before anything is touched, and
 * refuses with the name of the one that is missing.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import { memberOf, processorOf, type V86Machine } from "./v86_machine.ts";

/** The version of v86 that all this was read in. */
export const KNOWN_VERSION = "0.5.462";

/** The members of v86's drive that are used. */
interface IdeInterface {
  readonly buffer: unknown;
  readonly channel: { dma_status: number };
  readonly in_progress_io_ids: { clear(): void };
  status_reg: number;
  error_reg: number;
  current_command: number;
  push_irq(): void;
}

/** The functions of its prototype that are patched. */
interface IdePrototype {
  ata_command(this: object, command: number): void;
  create_identify_packet(this: object): void;
  device_reset(this: object): void;
}

/** What must be there, and of what type. */
const MEMBERS: Readonly<Record<string, "number" | "function">> = {
  "channel.dma_status": "number",
  "data.fill": "function",
  "in_progress_io_ids.clear": "function",
  "status_reg": "number",
  "error_reg": "number",
  "current_command": "number",
  "push_irq": "function",
  "ata_command": "function",
  "create_identify_packet": "function",
  "device_reset": "function",
};

const STATUS = { busy: 0xd0, ready: 0x50, failed: 0x41 } as const;
const ERROR = { read: 0x40, write: 0x10, flush: 0x04 } as const;
const DMA_ACTIVE = 1;
const WRITE_CACHE = 0x20;
const PIO_WRITES: ReadonlySet<number> = new Set([0x30, 0x34, 0x39, 0xc5]);
const FLUSHES: ReadonlySet<number> = new Set([0xe7, 0xea]);

const ours = new WeakMap<object, IdeDrive>();
const patched = new WeakSet<object>();

function patch(prototype: IdePrototype): void {
  if (patched.has(prototype)) return;
  patched.add(prototype);
  const { ata_command: command, create_identify_packet: identify, device_reset: reset } = prototype;
  prototype.ata_command = function (code) {
    if (ours.get(this)?.beginCommand(code) !== true) command.call(this, code);
  };
  prototype.create_identify_packet = function () {
    identify.call(this);
    ours.get(this)?.identify();
  };
  prototype.device_reset = function () {
    ours.get(this)?.beginCommand(0);
    reset.call(this);
  };
}

function* drivesOf(emulator: V86Machine): Iterable<unknown> {
  const controller = memberOf(memberOf(processorOf(emulator), "devices"), "ide");
  for (const channel of ["primary", "secondary"]) {
    for (const place of ["master", "slave"]) {
      yield memberOf(memberOf(controller, channel), place);
    }
  }
}

function requireMembers(drive: object): asserts drive is IdeInterface & IdePrototype {
  for (const [path, type] of Object.entries(MEMBERS)) {
    const found = path.split(".").reduce<unknown>(memberOf, drive);
    if (type === "number" ? typeof found === "number" : typeof found === "function") continue;
    throw new BlockDeviceError(
      "ENOTSUP",
      `Cannot attach to this emulator: found no ${type} "${path}" in its IDE drive, ` +
        `want v86 ${KNOWN_VERSION}`,
    );
  }
}

/** A drive of a v86 machine that one of our disks is in. */
export class IdeDrive {
  readonly #drive: IdeInterface;
  readonly #flush: (() => void) | null;
  #commandCount = 0;

  private constructor(drive: IdeInterface, flush: (() => void) | null) {
    this.#drive = drive;
    this.#flush = flush;
  }

  /**
   * Finds the drive that a disk is in, and takes it over.
   *
   * @param emulator The emulator, loaded.
   * @param buffer The disk, as it was given to the emulator.
   * @param flush Called when the guest wants a flush; the drive is busy until {@linkcode release}.
   * `null`: the guest is told of no write cache, and v86 answers its flushes.
   * @returns The drive.
   * @throws {BlockDeviceError} `ENODEV` when it is in none, `ENOTSUP` when v86 is not as known.
   */
  static find(emulator: V86Machine, buffer: object, flush: (() => void) | null): IdeDrive {
    const drive = [...drivesOf(emulator)].find((each) => memberOf(each, "buffer") === buffer);
    if (typeof drive !== "object" || drive === null) {
      throw new BlockDeviceError(
        "ENODEV",
        `Cannot attach to this emulator: found the disk in none of its IDE drives, ` +
          `want it as hda or hdb, and v86 ${KNOWN_VERSION}`,
      );
    }
    requireMembers(drive);
    patch(Object.getPrototypeOf(drive));
    const found = new IdeDrive(drive, flush);
    ours.set(drive, found);
    return found;
  }

  /** Grows with every command and every reset. */
  get commandCount(): number {
    return this.#commandCount;
  }

  /** Whether what is written now comes from a guest that does not wait for it. */
  get isPioWrite(): boolean {
    return PIO_WRITES.has(this.#drive.current_command);
  }

  /** Gives the drive back to v86. */
  letGo(): void {
    if (ours.get(this.#drive) === this) ours.delete(this.#drive);
  }

  /** Makes the guest wait. */
  hold(): void {
    this.#drive.status_reg = STATUS.busy;
  }

  /** The guest need not wait any more. */
  release(): void {
    this.#drive.status_reg = STATUS.ready;
    this.#drive.push_irq();
  }

  /**
   * Ends the command that is under way with an error.
   *
   * @param verb What has failed.
   */
  fail(verb: keyof typeof ERROR): void {
    const drive = this.#drive;
    drive.in_progress_io_ids.clear();
    drive.error_reg = ERROR[verb];
    drive.status_reg = STATUS.failed;
    drive.channel.dma_status &= ~DMA_ACTIVE;
    drive.current_command = -1;
    drive.push_irq();
  }

  /** A command, or a reset as command 0, begins. Returns whether it was taken over. */
  beginCommand(code: number): boolean {
    this.#commandCount++;
    if (this.#flush === null || !FLUSHES.has(code)) return false;
    this.#drive.current_command = code;
    this.#drive.error_reg = 0;
    this.hold();
    this.#flush();
    return true;
  }

  /** IDENTIFY has been written: adds the write cache, supported and enabled. */
  identify(): void {
    const packet = memberOf(this.#drive, "data");
    if (this.#flush === null || !(packet instanceof Uint8Array)) return;
    for (const word of [82, 85]) packet[2 * word] = (packet[2 * word] ?? 0) | WRITE_CACHE;
  }
}
