import { expect, test } from "vitest";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import type { PortAnswer, PortRequest } from "../../../src/devices/port_protocol.ts";
import { serveDevice } from "../../../src/devices/port_server.ts";

/** Speaks to a served device as a client of another make might. */
function client(port: MessagePort) {
  const heard: (PortAnswer & { name?: string })[] = [];
  let wake = () => {};
  port.onmessage = ({ data: said }) => {
    heard.push(said);
    wake();
  };
  return async (request?: PortRequest) => {
    if (request !== undefined) port.postMessage(request);
    while (heard.length === 0) await new Promise<void>((resolve) => wake = resolve);
    return heard.shift()!;
  };
}

test("requests are numbered, and a bad one is answered with an error and harms nothing", async () => {
  const { port1, port2 } = new MessageChannel();
  serveDevice(createMemoryDevice({ sectorCount: 8 }), port1);
  const ask = client(port2);
  expect((await ask()).name).toBe("memory");
  const source = new Uint8Array(512).fill(7);
  expect(await ask({ id: 5, verb: "write", sector: 8, source, fua: false }))
    .toMatchObject({ id: 5, error: { code: "EINVAL" } });
  expect(await ask({ id: 6, verb: "write", sector: 7, source, fua: false }))
    .toEqual({ id: 6, sectorCount: 8 });
  expect((await ask({ id: 7, verb: "read", sector: 7, byteCount: 512 })).bytes).toEqual(source);
  expect(await ask({ id: 8, verb: "zero", sector: 7, sectorCount: 1, fua: true }))
    .toEqual({ id: 8, sectorCount: 8 });
  expect((await ask({ id: 9, verb: "read", sector: 7, byteCount: 100 })).error?.code).toBe(
    "EINVAL",
  );
  await ask({ id: 10, verb: "close" });
});
