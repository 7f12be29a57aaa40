/** What the server promises to several clients, and what it makes of what they ask. */
import { describe, expect, test } from "vitest";
import { type BlockDevice, BlockDeviceError, checked } from "../../../../src/mod.ts";
import { createMemoryDevice } from "../../../../src/mod.ts";
import { connectSyncDiskAsync, serveSyncDisk } from "../../../../src/emulator/sync_disk.ts";
import type { SyncDiskServer, SyncDiskServerOptions } from "../../../../src/emulator/sync_disk.ts";
import { patternOf, verifySectors } from "../../../../src/testing/mod.ts";

const refusal = (code: string, part = "") =>
  expect.objectContaining({ code, message: expect.stringContaining(part) });

/** A server in this thread, and clients of it. */
async function serve(
  device: BlockDevice,
  clientCount: number,
  options: SyncDiskServerOptions = { lingerMs: 0 },
): Promise<{ server: SyncDiskServer; clients: BlockDevice[] }> {
  const server = serveSyncDisk(device, options);
  const clients = await Promise.all(Array.from({ length: clientCount }, () => {
    const { port1, port2 } = new MessageChannel();
    server.connect(port1);
    return connectSyncDiskAsync(port2);
  }));
  return { server, clients };
}

const supports = { write: true, discard: true, discardZeroes: true, permanence: false };

/** A synchronous device that does nothing but what a test adds to it. */
function deviceWith(readSync: (target: Uint8Array, sector: number) => void) {
  return checked({
    ...{ name: "odd", sectorCount: 1000, supports, readSync },
    writeSync() {},
    discardSync() {},
    flushSync() {},
    closeSync() {},
  });
}

test("requests of all clients are begun in the order in which they were asked", async () => {
  const begun: number[] = [];
  const { server, clients } = await serve(deviceWith((_target, sector) => begun.push(sector)), 3);
  const reads = Array.from(
    { length: 12 },
    (_, sector) => clients[(sector * 7) % 3]!.read(new Uint8Array(512), sector),
  );
  await Promise.all(reads);
  expect(begun).toEqual(Array.from({ length: 12 }, (_, sector) => sector));
  await server.close();
});

test("a client that asks without end does not keep another from its turn", async () => {
  const begun: number[] = [];
  const { server, clients } = await serve(deviceWith((_target, sector) => begun.push(sector)), 2);
  const [greedy, modest] = clients as [BlockDevice, BlockDevice];
  let isOver = false;
  const asking = Array.from({ length: 4 }, async () => {
    while (!isOver) await greedy.read(new Uint8Array(512), 1);
  });
  for (let turn = 0; turn < 20; turn++) {
    const before = begun.length;
    await modest.read(new Uint8Array(512), 2);
    // Those that were asked before it, and those that came while its answer was on its way.
    expect(begun.indexOf(2, before) - before).toBeLessThanOrEqual(8);
  }
  isOver = true;
  await Promise.all(asking);
  await server.close();
});

test("the served device's refusals arrive with code, message and place", async () => {
  const { server, clients } = await serve(
    deviceWith((_target, sector) => {
      throw new BlockDeviceError("ENOSPC", "there is no room", { device: "deep", sector });
    }),
    1,
  );
  await expect(clients[0]!.read(new Uint8Array(512), 33)).rejects.toThrow(
    expect.objectContaining({
      ...{ name: "BlockDeviceError", code: "ENOSPC" },
      ...{ message: "there is no room", device: "deep", sector: 33 },
    }),
  );
  await server.close();
});

test("a synchronous device that is busy is asked again asynchronously", async () => {
  const memory = createMemoryDevice({ sectorCount: 100 });
  memory.writeSync(patternOf(1, 0, 100), 0);
  const busy = Object.defineProperties(
    deviceWith(() => {
      throw new BlockDeviceError("EAGAIN", "a request is under way");
    }),
    {
      read: { value: (target: Uint8Array, sector: number) => memory.read(target, sector) },
    },
  );
  const { server, clients } = await serve(busy, 1);
  const target = new Uint8Array(50 * 512);
  await clients[0]!.read(target, 50);
  verifySectors(target, patternOf(1, 50, 50), 50, "read by the other face");
  await server.close();
});

test("growth of the served device shows with the next answer", async () => {
  const memory = createMemoryDevice({ sectorCount: 9 });
  const { server, clients } = await serve(memory, 1);
  memory.grow(20);
  expect(clients[0]!.sectorCount).toBe(9);
  await clients[0]!.flush();
  expect(clients[0]!.sectorCount).toBe(20);
  await clients[0]!.write(patternOf(1, 19, 1), 19);
  await server.close();
});

test("a client that closes flushes the device and leaves it open for the others", async () => {
  let flushes = 0;
  const memory = createMemoryDevice({ sectorCount: 9 });
  const device = Object.defineProperty(memory, "flush", {
    value: () => Promise.resolve(void flushes++),
  });
  const { server, clients } = await serve(device, 2);
  await clients[0]!.close();
  expect(flushes).toBe(1);
  await clients[1]!.write(patternOf(1, 0, 9), 0);
  await server.close();
  const target = new Uint8Array(9 * 512);
  memory.readSync(target, 0);
  verifySectors(target, patternOf(1, 0, 9), 0, "the device, its server closed");
});

test("sizes that are none are refused before anything is served", () => {
  const device = createMemoryDevice({ sectorCount: 9 });
  expect(() => serveSyncDisk(device, { slotCount: 1 })).toThrow(RangeError);
  expect(() => serveSyncDisk(device, { areaBytes: 100 })).toThrow(RangeError);
});

describe("without shared memory", () => {
  const without = (run: () => void) => {
    const { SharedArrayBuffer: native } = globalThis;
    try {
      Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
      run();
    } finally {
      globalThis.SharedArrayBuffer = native;
    }
  };

  test("serving and connecting are ENOTSUP", async () => {
    const device = createMemoryDevice({ sectorCount: 9 });
    let connecting: Promise<unknown> | undefined;
    without(() => {
      expect(() => serveSyncDisk(device)).toThrow(refusal("ENOTSUP", "isolated"));
      connecting = connectSyncDiskAsync(new MessageChannel().port1);
      connecting.catch(() => {});
    });
    await expect(connecting).rejects.toThrow(refusal("ENOTSUP", "isolated"));
  });
});
