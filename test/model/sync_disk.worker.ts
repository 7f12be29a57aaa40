/// <reference lib="dom" />
/** An I/O worker with one disk, for as many clients as it is given ports. */
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { connectDevice } from "../../src/devices/port_device.ts";
import { serveDevice } from "../../src/devices/port_server.ts";
import { serveSyncDisk } from "../../src/emulator/sync_disk.ts";

/** What the worker is told. */
interface Order {
  readonly ports: readonly MessagePort[];
  readonly isSync: boolean;
  readonly sectorCount: number;
}

self.onmessage = async ({ data: order }: MessageEvent<Order>) => {
  const { ports, isSync, sectorCount } = order;
  const memory = createMemoryDevice({ sectorCount });
  const { port1, port2 } = new MessageChannel();
  if (!isSync) serveDevice(memory, port1);
  const device = isSync ? memory : await connectDevice(port2);
  const server = serveSyncDisk(device, { slotCount: 3, areaBytes: 16 * 512 });
  for (const port of ports) server.connect(port);
};
