import { describe, expect, test } from "vitest";
import { runAsync } from "../../../src/block/plan.ts";
import type { MappedDevice } from "../../../src/mapper/mapped_device.ts";
import { planSnapshot } from "../../../src/targets/snapshot.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { verifySectors } from "../../../src/testing/verify.ts";
import { quiet, wordsOf } from "../exception/rig.ts";
import { keeping, originRequests, verifyPart } from "./keeping.ts";
import { layers, planDevice, Stack } from "./rig.ts";

describe("reads and writes beside each other", () => {
  const slow = () => keeping({}, new Stack({ isSlow: true }));

  test("a second read of a chunk waits for the first, and does not go to the origin", async () => {
    const { stack, device } = await slow();
    const reads = Promise.all([[8, 8], [10, 2], [8, 24], [0, 12]].map(async ([sector, count]) => {
      const bytes = new Uint8Array(count! * 512);
      await device.read(bytes, sector!);
      verifySectors(bytes, patternOf(1, sector!, count!), sector!, "read");
    }));
    await stack.bench.settle(reads);
    expect(originRequests(stack)).toEqual(["disk read 8+8", "disk read 0+8", "disk read 16+16"]);
  });

  test("when the first fails, those who waited try by themselves", async () => {
    const { stack, device, status } = await slow();
    let left = 1;
    stack.bench.fault = ({ disk, kind }) => disk === "disk" && kind === "read" && left-- > 0;
    const sectors = [8, 10, 12].map(() => new Uint8Array(512));
    const reads = Promise.allSettled(sectors.map((bytes, at) => device.read(bytes, 8 + at)));
    await quiet();
    expect(stack.bench.heldWords()).toEqual(["disk read 8+8"]);
    await stack.bench.release();
    expect(stack.bench.heldWords()).toEqual(["disk read 8+8", "disk read 8+8"]);
    const endings = await stack.bench.settle(reads);
    expect(endings.map((ending) => ending.status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    for (const at of [1, 2]) verifySectors(sectors[at]!, patternOf(1, 8 + at, 1), 8 + at, "read");
    expect(status()).toBe("24/600 16");
  });

  test("a read of chunks of which one is being copied out waits for that one only", async () => {
    const { stack, device } = await slow();
    const write = stack.origin.write(patternOf(2, 8, 8), 8);
    await quiet();
    const bytes = new Uint8Array(32 * 512);
    const read = device.read(bytes, 0);
    await quiet();
    expect(stack.bench.heldWords()).toEqual(["disk read 8+8", "disk read 0+8"]);
    await stack.bench.settle(Promise.all([write, read]));
    verifySectors(bytes, patternOf(1, 0, 32), 0, "read");
    expect(originRequests(stack).sort()).toEqual([
      "disk read 0+8",
      "disk read 16+16",
      "disk read 8+8",
      "disk write 8+8",
    ]);
  });

  /** Begins a read and keeps its request to the origin back; tells how to let it go on. */
  async function heldFetch(stack: Stack, device: MappedDevice, sector: number, count: number) {
    const bytes = new Uint8Array(count * 512);
    const read = device.read(bytes, sector);
    await quiet();
    const [held] = stack.bench.held.splice(0);
    expect(wordsOf(held!.request)).toMatch(/^disk read/);
    return { bytes, read, release: held!.release };
  }

  /** Lets everything go on that is not kept back. */
  async function drain(stack: Stack): Promise<void> {
    await quiet();
    while (stack.bench.held.length > 0) await stack.bench.release();
  }

  test("an origin write keeps the old data, and waits for the fetch before it overwrites it", async () => {
    const { stack, device, status } = await slow();
    const fetch = await heldFetch(stack, device, 10, 2);
    const write = stack.origin.write(patternOf(2, 8, 8), 8);
    await drain(stack);
    expect(stack.bench.takeTrace()).toEqual([
      "disk read 8+8",
      "cow1 write 16+8",
      "cow1 flush",
      "cow1 write 8+1 fua",
    ]);
    fetch.release();
    await stack.bench.settle(Promise.all([fetch.read, write]));
    verifySectors(fetch.bytes, patternOf(1, 10, 2), 10, "read");
    expect(stack.bench.takeTrace()).toEqual(["disk read 8+8", "disk write 8+8"]);
    expect(status()).toBe("24/600 16");
    await stack.verify(device, layers(200));
    await stack.verify(stack.origin, layers(200, [2, 8, 8]));
  });

  test("what is being copied out when the fetch ends is not kept twice", async () => {
    const { stack, device, status } = await slow();
    const fetch = await heldFetch(stack, device, 0, 32);
    const write = stack.origin.write(patternOf(2, 8, 8), 8);
    await quiet();
    await stack.bench.release(/disk read/);
    expect(stack.bench.heldWords()).toEqual(["cow1 write 16+8"]);
    fetch.release();
    await stack.bench.settle(Promise.all([fetch.read, write]));
    verifySectors(fetch.bytes, patternOf(1, 0, 32), 0, "read");
    expect(status()).toBe("48/600 16");
    stack.bench.trace = [];
    await verifyPart(stack, device, 0, 32);
    expect(originRequests(stack)).toEqual([]);
  });

  test("a snapshot write that is faster than the fetch is what is read from then on", async () => {
    const { stack, device } = await slow();
    const fetch = await heldFetch(stack, device, 0, 32);
    const write = device.write(patternOf(2, 8, 8), 8);
    await drain(stack);
    await write;
    fetch.release();
    await stack.bench.settle(fetch.read);
    await stack.verify(device, layers(200, [2, 8, 8]));
  });

  test("fetches beside each other keep no more than there is room for", async () => {
    const stack = new Stack({ isSlow: true });
    const { device, status } = await keeping(
      { cowSectors: 160, copyOnReadPercentMax: 40 },
      stack,
    );
    const reads = [0, 32, 64, 96].map((sector) => device.read(new Uint8Array(32 * 512), sector));
    await stack.bench.settle(Promise.all(reads));
    expect(status()).toBe("64/160 16");
  });

  test("a read that would have to wait at once goes to the origin instead", async () => {
    const stack = new Stack();
    const on = stack.bench.disk("slow cow", 600);
    const options = { ...stack.options({ on, copyOnRead: true }), cow: on.slow };
    const device = await stack.run(planDevice("mixed", planSnapshot(options)));
    stack.bench.trace = [];
    for (let round = 0; round < 2; round++) {
      const bytes = new Uint8Array(8 * 512);
      device.readSync(bytes, 8);
      verifySectors(bytes, patternOf(1, 8, 8), 8, "read at once");
    }
    expect(stack.bench.takeTrace()).toEqual(["disk read 8+8", "disk read 8+8"]);
  });

  test("a synchronous read beside a fetch goes to the origin, and both are right", async () => {
    const { stack, device } = await keeping();
    const [one, other] = [new Uint8Array(8 * 512), new Uint8Array(8 * 512)];
    const read = device.read(one, 8);
    device.readSync(other, 8);
    await stack.bench.settle(read);
    for (const bytes of [one, other]) verifySectors(bytes, patternOf(1, 8, 8), 8, "read");
    device.readSync(other, 8);
    expect(originRequests(stack)).toEqual(["disk read 8+8", "disk read 8+8"]);
  });
});

test("a throttled table keeps what is read as soon as it may", async () => {
  const stack = new Stack({ isSlow: true });
  const { device } = await keeping({ pendingChunksMax: 1 }, stack);
  const reads = [0, 8, 16, 24].map((sector) => device.read(new Uint8Array(8 * 512), sector));
  await stack.bench.settle(Promise.all([...reads, runAsync(snapshotWrite(device))]));
  stack.bench.trace = [];
  await verifyPart(stack, device, 0, 32);
  expect(originRequests(stack)).toEqual([]);
});

function* snapshotWrite(device: MappedDevice) {
  const step = { kind: "write", device, source: patternOf(2, 64, 8), sector: 64, fua: false };
  yield* device.planStep(step as Parameters<MappedDevice["planStep"]>[0]);
}
