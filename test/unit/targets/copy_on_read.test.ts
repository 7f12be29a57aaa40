import { describe, expect, test } from "vitest";
import { verifySectors } from "../../../src/testing/verify.ts";
import { keeping, originRequests, readPart, verifyPart } from "./keeping.ts";
import { layers, Stack } from "./rig.ts";

describe("what was read", () => {
  test("is read from the COW device from then on", async () => {
    const { stack, device } = await keeping();
    await stack.verify(device, layers(200));
    expect(originRequests(stack)).toEqual(["disk read 0+200"]);
    await stack.verify(device, layers(200));
    expect(stack.bench.takeTrace()).toEqual(["cow1 read 16+200"]);
  });

  test.each(["P", "PO"] as const)(
    "is there after the snapshot was closed and opened: %s",
    async (store) => {
      const { stack, device, cow } = await keeping({ store });
      await stack.read(device);
      await device.close();
      stack.bench.powerCut();
      const again = await keeping({ on: cow, store }, stack);
      await stack.verify(again.device, layers(200));
      expect(originRequests(stack)).toEqual([]);
    },
  );

  test("costs the origin whole chunks, each of them once", async () => {
    const { stack, device } = await keeping();
    await verifyPart(stack, device, 11, 2);
    expect(originRequests(stack)).toEqual(["disk read 8+8"]);
    await verifyPart(stack, device, 14, 20);
    expect(originRequests(stack)).toEqual(["disk read 16+24"]);
    await verifyPart(stack, device, 8, 32);
    expect(originRequests(stack)).toEqual([]);
  });

  test("is not what the snapshot holds already", async () => {
    const { stack, device } = await keeping();
    await stack.write(device, 2, 16, 8);
    await stack.write(stack.origin, 3, 43, 2);
    stack.bench.trace = [];
    await stack.verify(device, layers(200, [2, 16, 8]));
    expect(originRequests(stack)).toEqual([
      "disk read 0+16",
      "disk read 24+16",
      "disk read 48+152",
    ]);
    await stack.verify(device, layers(200, [2, 16, 8]));
    expect(originRequests(stack)).toEqual([]);
  });

  test("is fetched 2 MiB at a time", async () => {
    const stack = new Stack({ sectorCount: 9001 });
    const { device } = await keeping({ cowSectors: 12_000, chunkSectors: 16 }, stack);
    await stack.verify(device, layers(9001));
    expect(originRequests(stack)).toEqual([
      "disk read 0+4096",
      "disk read 4096+4096",
      "disk read 8192+809",
    ]);
    await stack.verify(device, layers(9001));
    expect(originRequests(stack)).toEqual([]);
  });

  test("may be a last chunk that is short", async () => {
    const stack = new Stack({ sectorCount: 203 });
    const { device } = await keeping({}, stack);
    await verifyPart(stack, device, 201, 2);
    expect(stack.bench.takeTrace()).toEqual(["disk read 200+3", "cow1 write 16+3"]);
    await stack.verify(device, layers(203));
    await stack.verify(device, layers(203));
  });

  test("in a snapshot that ends inside a chunk, is the whole chunk", async () => {
    const { stack, device } = await keeping({ sectorCount: 50 });
    await verifyPart(stack, device, 48, 2);
    expect(originRequests(stack)).toEqual(["disk read 48+8"]);
    await stack.verify(device, layers(50));
  });

  test("in blocks of 8 sectors, on either device", async () => {
    const stack = new Stack({ sectorCount: 203 });
    const on = stack.bench.disk("large", 600, { logicalSectors: 8 });
    const { device } = await keeping({ on, sectorCount: 200 }, stack);
    const other = new Stack({ sectorCount: 208, logicalSectors: 8 });
    const { device: otherDevice } = await keeping({}, other);
    for (let round = 0; round < 2; round++) {
      await stack.verify(device, layers(200));
      await other.verify(otherDevice, layers(208));
      const wanted = round === 0 ? [["disk read 0+200"], ["disk read 0+208"]] : [[], []];
      expect([originRequests(stack), originRequests(other)]).toEqual(wanted);
    }
  });

  test("with every chunk size from 1 to 4096 sectors, and not with the next", async () => {
    for (let chunkSectors = 1; chunkSectors <= 8192; chunkSectors *= 2) {
      const stack = new Stack({ sectorCount: 601 });
      const { device } = await keeping({ chunkSectors, cowSectors: 33_000 }, stack);
      await verifyPart(stack, device, 13, 411);
      await stack.verify(device, layers(601));
      const fetched = originRequests(stack).length;
      await stack.verify(device, layers(601));
      expect([fetched > 0, originRequests(stack).length]).toEqual([
        true,
        chunkSectors > 4096 ? 1 : 0,
      ]);
    }
  });

  test("by the synchronous face too", async () => {
    const { stack, device } = await keeping();
    for (let round = 0; round < 2; round++) {
      const bytes = new Uint8Array(200 * 512);
      device.readSync(bytes, 0);
      verifySectors(bytes, layers(200), 0, "read at once");
      expect(originRequests(stack)).toEqual(round === 0 ? ["disk read 0+200"] : []);
    }
  });

  test("is kept by a snapshot that may not be written, as long as its COW device may", async () => {
    const { stack, device, cow } = await keeping();
    await readPart(stack, device, 0, 8);
    await device.close();
    const frozen = stack.bench.disk("frozen", 600, { content: cow.bytes, readOnly: true });
    const { device: again } = await keeping({ on: frozen }, stack);
    for (let round = 0; round < 2; round++) {
      await stack.verify(again, layers(200));
      expect(originRequests(stack)).toEqual(["disk read 8+192"]);
    }
  });

  test("is not kept without the option", async () => {
    const { stack, device } = await keeping({ copyOnRead: false });
    for (let round = 0; round < 2; round++) {
      await stack.verify(device, layers(200));
      expect(stack.bench.takeTrace()).toEqual(["disk read 0+200"]);
    }
  });
});

describe("settling", () => {
  test.each(["each", "flush"] as const)(
    "a read is not held up by a flush, with durability %s",
    async (durability) => {
      const { stack, device } = await keeping({ durability });
      await stack.read(device);
      expect(stack.bench.takeTrace()).toEqual(["disk read 0+200", "cow1 write 16+200"]);
      await stack.bench.settle(device.flush());
      expect(stack.bench.takeTrace()).toEqual(["cow1 flush", "cow1 write 8+1 fua"]);
    },
  );

  test.each([true, false])(
    "a power cut costs what was not flushed, and nothing else: flushed %s",
    async (isFlushed) => {
      const { stack, device, cow } = await keeping();
      await stack.read(device);
      if (isFlushed) await stack.bench.settle(device.flush());
      const left = stack.reboot(cow, true);
      const again = await keeping({ on: left.cow }, left.stack);
      await left.stack.verify(again.device, layers(200));
      expect(originRequests(left.stack)).toEqual(isFlushed ? [] : ["disk read 0+200"]);
    },
  );

  test("an origin write over a chunk that was kept settles it first", async () => {
    const { stack, device, cow } = await keeping();
    await readPart(stack, device, 8, 8);
    stack.bench.trace = [];
    await stack.write(stack.origin, 2, 10, 2);
    expect(stack.bench.takeTrace()).toEqual([
      "cow1 flush",
      "cow1 write 8+1 fua",
      "disk write 10+2",
    ]);
    stack.disk.durable = stack.disk.bytes.slice();
    const left = stack.reboot(cow, true);
    const again = await keeping({ on: left.cow }, left.stack);
    await left.stack.verify(again.device, layers(200));
  });

  test.each([["FUA", true], ["a flush", false]])(
    "a snapshot write over a chunk that was kept is durable with %s",
    async (_, fua) => {
      const { stack, device, cow } = await keeping();
      await readPart(stack, device, 8, 16);
      await stack.write(device, 2, 10, 2, fua);
      if (!fua) await stack.bench.settle(device.flush());
      const left = stack.reboot(cow, true);
      const again = await keeping({ on: left.cow }, left.stack);
      await left.stack.verify(again.device, layers(200, [2, 10, 2]));
    },
  );

  test("a snapshot write settles what was kept before it", async () => {
    const { stack, device, cow } = await keeping();
    await readPart(stack, device, 8, 16);
    await stack.write(device, 2, 40, 8);
    const left = stack.reboot(cow, true);
    const again = await keeping({ on: left.cow }, left.stack);
    await verifyPart(left.stack, again.device, 8, 16);
    expect(originRequests(left.stack)).toEqual([]);
    await left.stack.verify(again.device, layers(200, [2, 40, 8]));
  });

  test("what was kept is merged as the origin's own", async () => {
    const { stack, device, cow } = await keeping({ chunkSectors: 1 });
    await stack.read(device);
    await stack.write(device, 2, 30, 9);
    await device.close();
    const merge = await stack.merge(cow, { chunkSectors: 1, copyOnRead: true });
    await stack.run(merge.background());
    await stack.verify(stack.origin, layers(200, [2, 30, 9]));
    expect(merge.activeTargets?.[0]?.status()).toBe("2/600 2");
    expect(merge.activeTargets?.[0]?.table()).toBe("disk cow1 P 1 1 copy_on_read");
    await merge.close();
  });
});

describe("room", () => {
  test("reads fill half of the COW device unless said, and writes have the rest", async () => {
    const stack = new Stack();
    const { device, status } = await stack.snapshot({ copyOnRead: true, cowSectors: 160 });
    await stack.verify(device, layers(200));
    expect(status()).toBe("80/160 16");
    await stack.write(device, 2, 104, 80);
    await stack.verify(device, layers(200, [2, 104, 80]));
    expect(status()).toBe("160/160 16");
  });

  test.each([
    [0, "16/160 16"],
    [19.9, "24/160 16"],
    [20, "32/160 16"],
    [99.9, "152/160 16"],
    [100, "160/160 16"],
  ])("reads fill %d percent at most", async (copyOnReadPercentMax, filled) => {
    const { stack, device, status } = await keeping({ cowSectors: 160, copyOnReadPercentMax });
    for (let sector = 0; sector < 200; sector += 4) await verifyPart(stack, device, sector, 4);
    await stack.verify(device, layers(200));
    expect(status()).toBe(filled);
  });

  test.each([-1, 101, NaN])(
    "a share of %d percent is refused, and nothing has happened",
    async (share) => {
      const stack = new Stack();
      const refusal = stack.snapshot({ copyOnRead: true, copyOnReadPercentMax: share });
      await expect(refusal).rejects.toMatchObject({ code: "EINVAL" });
      expect(stack.bench.takeTrace()).toEqual([]);
    },
  );

  test.each(["P", "PO", "N"] as const)(
    "a COW device that is full is not made invalid by a read: store %s",
    async (store) => {
      const { stack, device, status } = await keeping({ store, cowSectors: 64 });
      const events = device.eventNumber;
      for (let round = 0; round < 3; round++) await stack.verify(device, layers(200));
      expect(status()).toMatch(/^64\/64 /);
      expect(device.eventNumber - events).toBe(3); // The watermarks.
      await device.close();
    },
  );

  test("the entry that would need another area is not asked for again and again", async () => {
    // 32 entries of an area, and no room for the area that a 32nd would need behind it.
    const { stack, device } = await keeping({ chunkSectors: 1, cowSectors: 34 });
    await stack.verify(device, layers(200));
    stack.bench.trace = [];
    await stack.verify(device, layers(200));
    expect(originRequests(stack)).toEqual(["disk read 31+169"]);
  });

  test("a COW device that grows is filled further", async () => {
    const { stack, device, cow } = await keeping({ cowSectors: 64 });
    await stack.verify(device, layers(200));
    cow.resize(600);
    await stack.verify(device, layers(200));
    stack.bench.trace = [];
    await stack.verify(device, layers(200));
    expect(originRequests(stack)).toEqual([]);
  });

  test("a snapshot that has overflowed keeps nothing more", async () => {
    const { stack, device, cow, status } = await keeping({ store: "PO", cowSectors: 32 });
    await stack.write(device, 2, 0, 16);
    await expect(stack.write(device, 3, 80, 8)).rejects.toMatchObject({ code: "EIO" });
    cow.resize(600);
    for (let round = 0; round < 2; round++) {
      stack.bench.trace = [];
      await stack.verify(device, layers(200, [2, 0, 16]));
      expect(originRequests(stack)).toEqual(["disk read 16+184"]);
    }
    expect(status()).toBe("Overflow");
  });
});
