/**
 * A storage on simulated disks: it can be asked, before anything that reaches a device, what would be
 * found after a loss of power there.
 *
 * That a device exists or not is taken to be durable at once: naming is the storage's business, and
 * proved with the real ones.
 */
import { checked } from "../../../src/block/checked.ts";
import type { SyncBlockDevice } from "../../../src/block/device.ts";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import type { SyncDiskStorage } from "../../../src/disk/storage/storage.ts";
import { type Prng, SimulatedDisk } from "../../../src/testing/mod.ts";

export class SimulatedStorage implements SyncDiskStorage {
  readonly name = "simulated";
  /** Called before every step: a device is made, removed, read, written or flushed. */
  onStep: (what: string) => void = () => {};
  readonly #disks = new Map<string, SimulatedDisk>();

  /** What may be found after a cut now. */
  afterCut(prng: Prng): SimulatedStorage {
    const storage = new SimulatedStorage();
    for (const [name, disk] of this.#disks) storage.#disks.set(name, disk.afterCut(prng));
    return storage;
  }

  openSync(device: string, sectorCount: number): SyncBlockDevice {
    let disk = this.#disks.get(device);
    if (disk === undefined) {
      this.onStep(`make ${device}`);
      disk = new SimulatedDisk({ name: device, sectorCount });
      this.#disks.set(device, disk);
    }
    return this.#faceOf(disk);
  }

  removeSync(device: string): void {
    this.onStep(`remove ${device}`);
    this.#disks.delete(device);
  }

  shutSync(): void {}

  open(device: string, sectorCount: number): Promise<SyncBlockDevice> {
    return Promise.try(() => this.openSync(device, sectorCount));
  }

  remove(device: string): Promise<void> {
    return Promise.try(() => this.removeSync(device));
  }

  async shut(): Promise<void> {}

  list(): Promise<string[]> {
    return Promise.resolve([...this.#disks.keys()]);
  }

  /** Its disks go on spinning: the next opening finds them. */
  async close(): Promise<void> {}

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #faceOf(disk: SimulatedDisk): SyncBlockDevice {
    return checked({
      name: disk.name,
      sectorCount: disk.sectorCount,
      supports: disk.supports,
      readSync: (target, sector) => disk.readSync(target, sector),
      writeSync: (source, sector, fua) => {
        this.onStep(`write ${disk.name}`);
        disk.writeSync(source, sector, { fua });
      },
      flushSync: () => {
        this.onStep(`flush ${disk.name}`);
        disk.flushSync();
      },
      closeSync() {},
    });
  }
}

/** Fails the n-th step, and every one after it while it is told to. */
export function failFrom(storage: SimulatedStorage, step: number, count: number): void {
  let done = 0;
  storage.onStep = (what) => {
    const at = done++;
    if (at >= step && at < step + count) {
      throw new BlockDeviceError("EIO", `Cannot ${what}: the storage fails`);
    }
  };
}
