import { expect, test } from "vitest";
import { checked } from "../../../src/block/checked.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { connectDevice } from "../../../src/devices/port_device.ts";
import { packError } from "../../../src/devices/port_protocol.ts";
import { serveDevice } from "../../../src/devices/port_server.ts";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { patternOf, verifySectors } from "../../../src/testing/mod.ts";

test("the device says of itself what the one behind the port says, but for the synchronous face", async () => {
  const { port1, port2 } = new MessageChannel();
  const served = createMemoryDevice({ sectorCount: 9, name: "behind" });
  serveDevice(served, port1);
  const device = await connectDevice(port2);
  const { name, sectorCount, limits, supports } = device;
  expect({ name, sectorCount, limits }).toEqual({
    name: "behind",
    sectorCount: 9,
    limits: served.limits,
  });
  expect(supports).toEqual({ ...served.supports, sync: false });
  await device.close();
});

test("growth behind the port shows with the next answer", async () => {
  const { port1, port2 } = new MessageChannel();
  const served = createMemoryDevice({ sectorCount: 9 });
  serveDevice(served, port1);
  const device = await connectDevice(port2);
  served.grow(20);
  await device.flush();
  expect(device.sectorCount).toBe(20);
  await device.write(patternOf(1, 19, 1), 19);
  await device.close();
});

test("the caller's buffers stay the caller's, and bytes are taken at the call", async () => {
  const { port1, port2 } = new MessageChannel();
  serveDevice(createMemoryDevice({ sectorCount: 9 }), port1);
  const device = await connectDevice(port2);
  await device.flush(); // Now it is known whether memory can be shared.
  const buffer = patternOf(1, 0, 4);
  const write = device.write(buffer, 0);
  buffer.fill(0);
  await write;
  expect(buffer.length).toBe(2048);
  await device.read(buffer, 0);
  verifySectors(buffer, patternOf(1, 0, 4), 0, "written");
  await device.close();
});

test("a device that could not be opened is refused with the server's words", async () => {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage({ error: packError(new BlockDeviceError("ENOENT", "there is none")) });
  await expect(connectDevice(port2)).rejects.toThrow(
    expect.objectContaining({ code: "ENOENT", message: "there is none" }),
  );
  port1.close();
});

test("when the other side ends, what is under way and what comes later is ENODEV", async () => {
  const { port1, port2 } = new MessageChannel();
  // A server that greets and never answers.
  const { name, sectorCount, limits, supports } = createMemoryDevice({ sectorCount: 9 });
  port1.postMessage({ name, sectorCount, limits, supports });
  const device = await connectDevice(port2);
  const read = device.read(new Uint8Array(512), 0);
  port2.dispatchEvent(new Event("close"));
  await expect(read).rejects.toThrow(expect.objectContaining({ code: "ENODEV" }));
  await expect(device.flush()).rejects.toThrow(expect.objectContaining({ code: "ENODEV" }));
  await expect(device.close()).rejects.toThrow(expect.objectContaining({ code: "ENODEV" }));
  port1.close();
});

test("more bytes under way than shared memory has room for get across all the same", async () => {
  const { port1, port2 } = new MessageChannel();
  const sectorCount = 12 * 2048;
  serveDevice(createMemoryDevice({ sectorCount }), port1);
  const device = await connectDevice(port2);
  await device.flush(); // Now it is known that memory can be shared.
  const pieces = Array.from({ length: 12 }, (_, at) => at * 2048);
  await Promise.all(pieces.map((sector) => device.write(patternOf(1, sector, 2048), sector)));
  await Promise.all(pieces.map(async (sector) => {
    const found = new Uint8Array(2048 * 512);
    await device.read(found, sector);
    verifySectors(found, patternOf(1, sector, 2048), sector, "written side by side");
  }));
  await device.close();
});

test("a read that fails has not touched its buffer", async () => {
  const { port1, port2 } = new MessageChannel();
  const { limits, supports } = createMemoryDevice({ sectorCount: 9 });
  port1.onmessage = ({ data: { id, memory, target } }) => {
    if (memory !== undefined) return port1.postMessage({ isShared: true });
    if (target === undefined) return port1.postMessage({ id });
    target.fill(0xee);
    port1.postMessage({ id, error: packError(new BlockDeviceError("EIO", "as a test wants it")) });
  };
  port1.postMessage({ name: "behind", sectorCount: 9, limits, supports });
  const device = await connectDevice(port2);
  await device.flush(); // Now it is known that memory can be shared.
  const buffer = new Uint8Array(512).fill(7);
  await expect(device.read(buffer, 0)).rejects.toThrow(expect.objectContaining({ code: "EIO" }));
  expect(buffer).toEqual(new Uint8Array(512).fill(7));
  port1.close();
});

test("what was asked before the device is closed is answered", async () => {
  const { port1, port2 } = new MessageChannel();
  let end = () => {};
  const ended = new Promise<void>((resolve) => end = resolve);
  const served = createMemoryDevice({ sectorCount: 9 });
  const slow = checked({
    name: "slow",
    sectorCount: 9,
    supports: served.supports,
    async read(target, sector) {
      await ended;
      await served.read(target, sector);
    },
    write: (source, sector) => served.write(source, sector),
    flush: () => served.flush(),
    close: () => Promise.resolve(),
  });
  serveDevice(slow, port1);
  const device = await connectDevice(port2);
  await device.write(patternOf(1, 0, 9), 0);
  const buffer = new Uint8Array(9 * 512);
  const read = device.read(buffer, 0);
  await device.close();
  end();
  await read;
  verifySectors(buffer, patternOf(1, 0, 9), 0, "read");
});
