/**
 * cowdisk: the machine under test, over the same file that is the guest's disk.
 */

import { checked } from "../../src/block/checked.ts";
import type { BlockDevice } from "../../src/block/device.ts";
import { codeOf } from "../../src/block/errors.ts";
import { type FileDevice, openFileDevice } from "../../src/devices/file.ts";
import { dmsetup } from "../../src/mapper/dmsetup/dmsetup.ts";
import { Mapper } from "../../src/mapper/mapper.ts";
import type { Disk, Stretch } from "./disk.ts";
import type { Machine, Recipe, Write } from "./machine.ts";

const SLOW_WRITE_MS = 20;

/** The same sectors, with writes that take their time. */
function slowly(disk: FileDevice): BlockDevice {
  return checked({
    name: "vdb",
    sectorCount: disk.sectorCount,
    supports: disk.supports,
    read: (target: Uint8Array, sector: number) => disk.read(target, sector),
    write: async (source: Uint8Array, sector: number, fua: boolean) => {
      const taken = source.slice();
      await new Promise((resolve) => setTimeout(resolve, SLOW_WRITE_MS));
      await disk.write(taken, sector, { fua });
    },
    flush: () => disk.flush(),
    close: () => Promise.resolve(),
  });
}

/** cowdisk on the host. */
export class CowdiskMachine implements Machine, AsyncDisposable {
  readonly name = "cowdisk";
  readonly #file: FileDevice;
  readonly #mapper: Mapper;

  /**
   * A machine with one disk.
   *
   * @param disk The disk. It is not locked: the guest's emulator has it open, too.
   */
  constructor(disk: Disk) {
    this.#file = openFileDevice(disk.path, { lock: false, name: "vda" });
    this.#mapper = new Mapper({
      disks: [
        { name: "vda", number: "254:0", device: this.#file },
        { name: "vdb", number: "254:16", device: slowly(this.#file) },
      ],
    });
  }

  async dmsetup(...words: string[]): Promise<string> {
    const { exitStatus, output, errors } = await dmsetup(this.#mapper, words);
    if (exitStatus === 0) return output.trim();
    throw new Error(`dmsetup ${words.join(" ")}: ${output}`, { cause: errors[0] });
  }

  async create(recipes: readonly Recipe[]): Promise<void> {
    for (const { name, table } of recipes) await this.dmsetup("create", name, "--table", table);
  }

  slow(name: string, { sector, sectorCount }: Stretch): Recipe {
    return { name, table: `0 ${sectorCount} linear /dev/vdb ${sector}` };
  }

  async write(writes: readonly Write[]): Promise<boolean[]> {
    const done: boolean[] = [];
    for (const { device, sector, bytes } of writes) {
      try {
        await this.#mapper.device(device).write(bytes, sector);
        done.push(true);
      } catch (error) {
        if (!["EIO", "ENOSPC"].includes(codeOf(error))) throw error;
        done.push(false);
      }
    }
    return done;
  }

  async writeTogether(writes: readonly Write[]): Promise<void> {
    await Promise.all(
      writes.map(({ device, sector, bytes }) => this.#mapper.device(device).write(bytes, sector)),
    );
  }

  async read(device: string, sectorCount: number): Promise<Uint8Array | null> {
    const bytes = new Uint8Array(sectorCount * 512);
    try {
      await this.#mapper.device(device).read(bytes, 0);
      return bytes;
    } catch (error) {
      if (codeOf(error) !== "EIO") throw error;
      return null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mapper.removeAll();
    await this.#file.close();
  }
}
