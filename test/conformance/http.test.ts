import { describe, test } from "vitest";
import { type HttpDeviceOptions, openHttpDevice } from "../../src/devices/http.ts";
import { type DeviceFixture, deviceSuite, patternOf } from "../../src/testing/mod.ts";
import { FaultServer } from "../http/fault_server.ts";
import { HostFetch } from "../http/host_fetch.ts";
import { type HostOptions, ImageHost } from "../http/image_host.ts";
import { SimulatedClock } from "../http/simulated_clock.ts";

/** A device over a host without a network, whose every read can be made to fail. */
async function fixture(
  sectorCount: number,
  options: HttpDeviceOptions & HostOptions,
): Promise<DeviceFixture> {
  const clock = new SimulatedClock();
  const host = new ImageHost(patternOf(1, 0, sectorCount), options);
  const { fetch } = new HostFetch(host, { clock, latencyMs: () => 10 });
  const open = () => openHttpDevice("http://host/disk.img", { ...options, fetch, clock });
  return {
    device: await open(),
    reopen: open,
    ...(options.download === undefined
      ? { failReads: () => void (host.nextFault = () => "500") }
      : {}),
  };
}

describe("an HTTP device that keeps nothing", async () => {
  const options = { bufferBytesMax: 0 };
  await deviceSuite({ test, create: (sectorCount) => fixture(sectorCount, options) });
});

describe("an HTTP device with read-ahead", async () => {
  await deviceSuite({
    test,
    create: async (sectorCount) => (await fixture(sectorCount, {})).device,
  });
});

describe("an HTTP device of small requests, one at a time", async () => {
  const options = { requestsMax: 1, requestSectorsMax: 3, bufferBytesMax: 0 };
  await deviceSuite({ test, create: (sectorCount) => fixture(sectorCount, options) });
});

describe("an HTTP device whose image was fetched whole", async () => {
  const options = { download: "once", ranges: false } as const;
  await deviceSuite({ test, create: (sectorCount) => fixture(sectorCount, options) });
});

describe("an HTTP device of a real server", async () => {
  await deviceSuite({
    test,
    async create(sectorCount) {
      const server = await FaultServer.start(new ImageHost(patternOf(1, 0, sectorCount)));
      return {
        device: await openHttpDevice(server.url, { stallTimeoutMs: Infinity }),
        cleanup: () => server[Symbol.asyncDispose](),
      };
    },
  });
});
