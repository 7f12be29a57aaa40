/// <reference lib="dom" />
/** What becomes of requests whose time is up, and of clients whose server has died. */
import { describe, expect, test } from "vitest";
import { type Clock, createMemoryDevice, type SyncBlockDevice } from "../../../../src/mod.ts";
import {
  connectSyncDiskAsync,
  endSyncDisk,
  serveSyncDisk,
  type SyncDiskOptions,
} from "../../../../src/emulator/sync_disk.ts";
import type { Greeting } from "../../../../src/emulator/sync/greeting.ts";
import * as slots from "../../../../src/emulator/sync/slot.ts";
import { Ring, WORD } from "../../../../src/emulator/sync/slot.ts";
import { startStubborn, Stubborn, untilBegun } from "./stubborn.ts";

const HASTY: SyncDiskOptions = { timeoutMs: 250 };
const refusal = (code: string, part = "") =>
  expect.objectContaining({ code, message: expect.stringContaining(part) });

describe.each([["takes its time", false], ["blocks its thread", true]])(
  "a device that %s",
  (_how, isSync) => {
    test("a read whose time is up is EIO, and never touches the buffer afterwards", async () => {
      const stubborn = await Stubborn.start(isSync, HASTY);
      const { client } = stubborn;
      const buffer = new Uint8Array(1024);
      expect(() => client.readSync(buffer, 0)).toThrow(refusal("EIO", "no answer within 250 ms"));
      expect(() => client.readSync(buffer, 0)).toThrow(refusal("EIO", "under way still"));
      await expect(client.read(buffer, 0)).rejects.toThrow(refusal("EIO", "under way still"));
      expect(stubborn.begun).toBe(1);
      stubborn.openGate();
      const later = new Uint8Array(512);
      client.readSync(later, 5);
      expect(later).toEqual(new Uint8Array(512).fill(7));
      expect(buffer).toEqual(new Uint8Array(1024));
      client.closeSync();
      stubborn.kill();
    });

    test("a write that was given up took effect before a later request has ended", async () => {
      const stubborn = await Stubborn.start(isSync, HASTY);
      const { client } = stubborn;
      expect(() => client.writeSync(new Uint8Array(512), 0)).toThrow(refusal("EIO", "was begun"));
      expect(stubborn.written).toBe(0);
      stubborn.openGate();
      client.flushSync();
      expect(stubborn.written).toBe(1);
      client.closeSync();
      stubborn.kill();
    });

    test("requests that queue behind one whose time is up fail with it", async () => {
      const stubborn = await Stubborn.start(isSync, HASTY);
      const { client } = stubborn;
      const reads = Array.from({ length: 9 }, () => client.read(new Uint8Array(512), 0));
      const outcomes = await Promise.allSettled(reads);
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ status: "rejected", reason: refusal("EIO", "250 ms") });
      }
      stubborn.openGate();
      await client.flush();
      expect(stubborn.begun).toBeLessThanOrEqual(3);
      await client.close();
      stubborn.kill();
    });
  },
);

test("a request that was not begun in its time is taken back, and never done", async () => {
  const stubborn = await Stubborn.start(true, {}, HASTY);
  const [holder, other] = stubborn.clients as [SyncBlockDevice, SyncBlockDevice];
  const held = holder.read(new Uint8Array(512), 0);
  await stubborn.untilBegun();
  expect(() => other.writeSync(new Uint8Array(512), 0)).toThrow(refusal("EIO", "not begun"));
  await expect(other.write(new Uint8Array(512), 0)).rejects.toThrow(refusal("EIO", "not begun"));
  stubborn.openGate();
  await held;
  other.flushSync();
  expect(stubborn.written).toBe(0);
  stubborn.kill();
});

test("bytes in place may be moved late, but not after a later request has ended", async () => {
  const heap = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const stubborn = await Stubborn.start(true, { ...HASTY, memories: [heap] });
  const { client } = stubborn;
  const buffer = new Uint8Array(heap.buffer, 100, 512);
  expect(() => client.readSync(buffer, 0)).toThrow(refusal("EIO", "may take effect"));
  stubborn.openGate();
  client.flushSync();
  expect(buffer.every((byte) => byte === 7)).toBe(true); // It was moved, and is the caller's again.
  stubborn.kill();
});

test("a thread that was killed is ENODEV to who waits without blocking, and for ever", async () => {
  const stubborn = await Stubborn.start(false, { silenceMs: 300 });
  const { client } = stubborn;
  const reads = Array.from({ length: 5 }, () => client.read(new Uint8Array(512), 0));
  stubborn.kill();
  for (const outcome of await Promise.allSettled(reads)) {
    expect(outcome).toMatchObject({ status: "rejected", reason: refusal("ENODEV") });
  }
  expect(() => client.readSync(new Uint8Array(512), 0)).toThrow(refusal("ENODEV"));
  await expect(client.flush()).rejects.toThrow(refusal("ENODEV"));
  await expect(client.close()).rejects.toThrow(refusal("ENODEV"));
  await client.close();
});

describe("a client that is blocked in a read", () => {
  /** A client in a thread of its own, blocked; what becomes of it is told once `free` was called. */
  async function outcomes(
    isSync: boolean,
    options: SyncDiskOptions,
    free: (worker: Worker, board: SharedArrayBuffer) => void,
  ): Promise<unknown> {
    const { worker, words, board, ports } = await startStubborn(isSync, 1);
    const blocked = new Worker(new URL("./blocked.worker.ts", import.meta.url), { type: "module" });
    const told = new Promise((resolve, reject) => {
      blocked.onmessage = ({ data: said }) => resolve(said);
      blocked.onerror = ({ message }) => reject(new Error(message));
    });
    blocked.postMessage([ports[0], options], [ports[0]!]);
    // It blocks from the moment that its read was begun.
    await untilBegun(words);
    free(worker, board);
    const found = await told;
    worker.terminate();
    blocked.terminate();
    return found;
  }

  test.each([[false], [true]])(
    "hears nothing of a kill, sees no life, and is ENODEV",
    async (sync) => {
      const found = await outcomes(sync, { silenceMs: 400 }, (worker) => worker.terminate());
      const dead = refusal("ENODEV", "no sign of life for 400 ms");
      expect(found).toEqual([dead, dead]);
    },
  );

  test("is ENODEV at once when whoever killed the thread says so", async () => {
    const found = await outcomes(false, {}, (worker, board) => {
      worker.terminate();
      endSyncDisk(board);
    });
    const dead = refusal("ENODEV", "has ended");
    expect(found).toEqual([dead, dead]);
  });

  test("waits on for a device that takes longer than silence may last, while there is life", async () => {
    const found = await outcomes(false, { silenceMs: 600, timeoutMs: 1500 }, () => {});
    expect(found).toEqual([refusal("EIO", "1500 ms"), refusal("EIO", "under way still")]);
  });
});

test("a server that was closed is ENODEV", async () => {
  const { port1, port2 } = new MessageChannel();
  const server = serveSyncDisk(createMemoryDevice({ sectorCount: 8 }), { lingerMs: 0 });
  server.connect(port1);
  const client = await connectSyncDiskAsync(port2);
  await client.write(new Uint8Array(512), 0);
  await server.close();
  await expect(client.read(new Uint8Array(512), 0)).rejects.toThrow(refusal("ENODEV", "has ended"));
});

test("without Atomics.waitAsync messages alone wake both sides", async () => {
  // Time stands still: whoever is not woken waits for ever.
  const clock: Clock = { nowMs: () => 0, sleep: () => new Promise(() => {}) };
  const { waitAsync: native } = Atomics;
  Object.assign(Atomics, { waitAsync: undefined });
  try {
    const { port1, port2 } = new MessageChannel();
    const server = serveSyncDisk(createMemoryDevice({ sectorCount: 8 }), { lingerMs: 0 });
    server.connect(port1);
    const client = await connectSyncDiskAsync(port2, { clock });
    for (let round = 0; round < 100; round++) {
      await Promise.all([client.write(new Uint8Array(512), 0), client.flush()]);
    }
    await client.close();
    await server.close();
  } finally {
    Object.assign(Atomics, { waitAsync: native });
  }
});

describe("what cannot be is not believed, and not asked again:", () => {
  const device = createMemoryDevice({ sectorCount: 8 });
  const spoilers: [string, (ring: Ring, slot: number) => void][] = [
    ["a state that is none", (ring, slot) => ring.store(slot, WORD.state, 17)],
    ["a slot given back unanswered", (ring, slot) => ring.store(slot, WORD.state, slots.FREE)],
    ["a size that is none", (ring, slot) => {
      ring.store(slot, WORD.size + 1, -1);
      ring.store(slot, WORD.state, slots.ANSWERED);
    }],
  ];
  test.each(spoilers)("%s", async (_what, spoil) => {
    const { port1, port2 } = new MessageChannel();
    let ring: Ring | undefined;
    const server = serveSyncDisk(device, { lingerMs: 0 });
    const { port1: near, port2: far } = new MessageChannel();
    server.connect(far);
    // Between the two: the greeting is passed on, and with it the test has the ring.
    near.onmessage = ({ data: said }: MessageEvent<Greeting>) => {
      const memory = new SharedArrayBuffer(said.ring.byteLength);
      ring = new Ring(memory, said.size);
      port1.postMessage({ ...said, ring: memory });
    };
    port1.onmessage = ({ data: said }) => near.postMessage(said);
    const client = await connectSyncDiskAsync(port2);
    const read = client.read(new Uint8Array(512), 0);
    while (ring!.load(0, WORD.state) !== slots.ASKED) await Promise.resolve();
    spoil(ring!, 0);
    slots.wakeWaiters(ring!, 0);
    await expect(read).rejects.toThrow(refusal("EIO", "in the shared memory"));
    await expect(client.flush()).rejects.toThrow(refusal("EIO", "in the shared memory"));
    await server.close();
    for (const port of [port1, near]) port.close();
  });
});
