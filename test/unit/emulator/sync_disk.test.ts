/// <reference lib="dom" />
import { expect, test } from "vitest";
import { createMemoryDevice } from "../../../src/mod.ts";
import {
  connectSyncDisk,
  connectSyncDiskAsync,
  serveSyncDisk,
} from "../../../src/emulator/sync_disk.ts";

const refusal = (code: string, part: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(part) });

function serve() {
  const { port1, port2 } = new MessageChannel();
  const device = createMemoryDevice({ sectorCount: 9, name: "served" });
  const server = serveSyncDisk(device, { lingerMs: 0 });
  server.connect(port1);
  return { server, device, port: port2 };
}

test("the disk says of itself what the served device says", async () => {
  for (const connect of [connectSyncDisk, connectSyncDiskAsync]) {
    const { server, device, port } = serve();
    const { name, sectorCount, limits, supports } = await connect(port);
    expect({ name, sectorCount, limits }).toEqual({
      name: "served",
      sectorCount: 9,
      limits: device.limits,
    });
    expect(supports).toEqual({ ...device.supports, sync: connect === connectSyncDisk });
    await server.close();
  }
});

test("a thread that must not block is told how to go about it", async () => {
  const { server, port } = serve();
  const { wait } = Atomics;
  Object.assign(Atomics, {
    wait() {
      throw new TypeError("not on this thread");
    },
  });
  try {
    await expect(connectSyncDisk(port)).rejects.toThrow(
      refusal("ENOTSUP", "connectSyncDiskAsync"),
    );
  } finally {
    Object.assign(Atomics, { wait });
  }
  await server.close();
});

test("where shared memory cannot be posted, from either side, it is ENOTSUP", async () => {
  const { port1, port2 } = new MessageChannel();
  const server = serveSyncDisk(createMemoryDevice({ sectorCount: 9 }), { lingerMs: 0 });
  server.connect(port1);
  const post = port1.postMessage.bind(port1);
  port1.postMessage = (message: unknown) => {
    if (message !== null && typeof message === "object" && "ring" in message) {
      throw new DOMException("as a browser says it", "DataCloneError");
    }
    post(message);
  };
  await expect(connectSyncDiskAsync(port2)).rejects.toThrow(refusal("ENOTSUP", "isolated"));
  await server.close();

  const near = new MessageChannel().port1;
  near.postMessage = () => {
    throw new DOMException("as a browser says it", "DataCloneError");
  };
  await expect(connectSyncDisk(near)).rejects.toThrow(refusal("ENOTSUP", "isolated"));
});

test("times that are none are refused", async () => {
  const { server, port } = serve();
  await expect(connectSyncDiskAsync(port, { timeoutMs: 0 })).rejects.toThrow(RangeError);
  await server.close();
});
