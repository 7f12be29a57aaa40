/// <reference lib="dom" />
/**
 * The I/O worker of a test: opens disks by wish, and serves them.
 *
 * @module
 */
import { type AsyncImplementation, checked, type SyncImplementation } from "../../../src/mod.ts";
import { type BlockDevice, BlockDeviceError, isSyncDevice } from "../../../src/mod.ts";
import {
  serveSyncDisk,
  type SyncDiskServer,
  type SyncDiskServerOptions,
} from "../../../src/emulator/sync_disk.ts";

/** What a test asks for. */
export interface DiskWish {
  readonly verb: "open" | "reopen" | "drop";
  /** The disk. */
  readonly id: string;
  readonly kind: string;
  readonly sectorCount: number;
  readonly server: SyncDiskServerOptions;
  /** Where a client waits, unless dropped. */
  readonly port?: MessagePort;
  /** While its word is 1 every read fails. */
  readonly readsFail: SharedArrayBuffer;
}

/** How disks of a kind are opened, again, and removed. */
export interface DiskKind {
  open(id: string, sectorCount: number): BlockDevice | Promise<BlockDevice>;
  reopen?(id: string): BlockDevice | Promise<BlockDevice>;
  remove?(id: string): void | Promise<void>;
}

function failing(device: BlockDevice, readsFail: SharedArrayBuffer): BlockDevice {
  const word = new Int32Array(readsFail);
  const { name, limits, supports } = device;
  const check = () => {
    if (Atomics.load(word, 0) !== 1) return;
    throw new BlockDeviceError("EIO", "as a test wants it", { device: name, sector: 3 });
  };
  const facts = { name, limits, supports, sectorCount: device.sectorCount };
  if (isSyncDevice(device)) {
    const implementation: SyncImplementation = {
      ...facts,
      readSync(target, sector) {
        check();
        device.readSync(target, sector);
      },
      writeSync: (source, sector, fua) => device.writeSync(source, sector, { fua }),
      writeZeroesSync: (sector, count, fua) => device.writeZeroesSync(sector, count, { fua }),
      discardSync: (sector, count) => device.discardSync(sector, count),
      flushSync: () => device.flushSync(),
      closeSync: () => device.closeSync(),
    };
    return checked(implementation);
  }
  const implementation: AsyncImplementation = {
    ...facts,
    async read(target, sector) {
      check();
      await device.read(target, sector);
    },
    write: (source, sector, fua) => device.write(source, sector, { fua }),
    writeZeroes: (sector, count, fua) => device.writeZeroes(sector, count, { fua }),
    discard: (sector, count) => device.discard(sector, count),
    flush: () => device.flush(),
    close: () => device.close(),
  };
  return checked(implementation);
}

/** Serves disks of some kinds to whoever posts a port on which wishes come. */
export function serveWishes(kinds: Readonly<Record<string, DiskKind>>): void {
  const served = new Map<string, { device: BlockDevice; server: SyncDiskServer }>();
  const perform = async ({ verb, id, kind, sectorCount, server, port, readsFail }: DiskWish) => {
    const disks = kinds[kind]!;
    const before = served.get(id);
    await before?.server.close();
    await before?.device.close();
    served.delete(id);
    if (verb === "drop") return await disks.remove?.(id);
    const opened = verb === "open" ? disks.open(id, sectorCount) : disks.reopen!(id);
    const device = failing(await opened, readsFail);
    const serving = serveSyncDisk(device, server);
    served.set(id, { device, server: serving });
    serving.connect(port!);
  };
  self.onmessage = ({ data: control }: MessageEvent<MessagePort>) => {
    let before = Promise.resolve();
    control.onmessage = ({ data: wish }: MessageEvent<DiskWish>) => {
      before = before.then(async () => {
        await perform(wish);
        control.postMessage(wish.id);
      });
    };
  };
}
