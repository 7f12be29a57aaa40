/// <reference lib="dom" />
/**
 * The device suite in a worker that blocks, over disks that another worker serves. It is told what
 * to try, answers with the laws, and is then asked for one law at a time.
 */
import { checked, type SyncBlockDevice } from "../../../src/mod.ts";
import { connectSyncDisk } from "../../../src/emulator/sync_disk.ts";
import { type DeviceFixture, deviceSuite } from "../../../src/testing/mod.ts";
import type { SyncDiskServerOptions } from "../../../src/emulator/sync_disk.ts";
import type { DiskWish } from "./io_service.ts";

/** What is tried. */
export interface SuiteOrder {
  readonly io: MessagePort;
  readonly kind: string;
  readonly server?: SyncDiskServerOptions;
  /** Whether every buffer is in memory that the server sees. */
  readonly isInPlace?: boolean;
  readonly canReopen?: boolean;
  readonly sectorCounts?: readonly number[];
}

/** The same device, for buffers that lie in a heap. */
function throughHeap(device: SyncBlockDevice, heap: WebAssembly.Memory): SyncBlockDevice {
  const { name, limits, supports, sectorCount } = device;
  const at = (byteCount: number) => new Uint8Array(heap.buffer, 777, byteCount);
  return checked({
    ...{ name, limits, supports, sectorCount },
    readSync(target, sector) {
      device.readSync(at(target.length), sector);
      target.set(at(target.length));
    },
    writeSync(source, sector, fua) {
      at(source.length).set(source);
      device.writeSync(at(source.length), sector, { fua });
    },
    writeZeroesSync: (sector, count, fua) => device.writeZeroesSync(sector, count, { fua }),
    discardSync: (sector, count) => device.discardSync(sector, count),
    flushSync: () => device.flushSync(),
    closeSync: () => device.closeSync(),
  });
}

function fixtures({ io, kind, server = {}, isInPlace = false, canReopen = false }: SuiteOrder) {
  const done = new Map<string, () => void>();
  io.onmessage = ({ data: id }: MessageEvent<string>) => done.get(id)?.();
  return async (sectorCount: number): Promise<DeviceFixture> => {
    const id = crypto.randomUUID();
    const readsFail = new SharedArrayBuffer(4);
    const memories = isInPlace
      ? [new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true })]
      : [];
    const wish = (verb: DiskWish["verb"], port?: MessagePort) => {
      const message: DiskWish = {
        ...{ verb, id, kind, sectorCount, server, readsFail },
        ...port === undefined ? {} : { port },
      };
      io.postMessage(message, port === undefined ? [] : [port]);
    };
    const open = async (verb: "open" | "reopen") => {
      const { port1, port2 } = new MessageChannel();
      wish(verb, port1);
      const device = await connectSyncDisk(port2, { memories });
      return isInPlace ? throughHeap(device, memories[0]!) : device;
    };
    return {
      device: await open("open"),
      failReads: () => void Atomics.store(new Int32Array(readsFail), 0, 1),
      ...canReopen ? { reopen: () => open("reopen") } : {},
      async cleanup() {
        const dropped = new Promise<void>((resolve) => done.set(id, resolve));
        wish("drop");
        await dropped;
      },
    };
  };
}

const laws = new Map<string, () => void | Promise<void>>();

self.onmessage = async ({ data: order }: MessageEvent<SuiteOrder | string>) => {
  if (typeof order === "string") {
    try {
      await laws.get(order)!();
      self.postMessage({ law: order });
    } catch (error) {
      self.postMessage({ law: order, failure: String(error) });
    }
    return;
  }
  const { sectorCounts } = order;
  await deviceSuite({
    test: (law, body) => void laws.set(law, body),
    create: fixtures(order),
    ...sectorCounts === undefined ? {} : { sectorCounts },
  });
  self.postMessage({ laws: [...laws.keys()] });
};
