/** Discards of a snapshot, with and without passing them down. */
import { describe, expect, test } from "vitest";
import { layers, Stack } from "./rig.ts";

const discard =
  (stack: Stack, device: { discard(at: number, count: number): Promise<void> }) =>
  (sector: number, count: number) => stack.bench.settle(device.discard(sector, count));

test("without the feature it is refused", async () => {
  const stack = new Stack();
  const { device } = await stack.snapshot();
  await expect(discard(stack, device)(0, 8)).rejects.toMatchObject({ code: "ENOTSUP" });
});

test("passing down needs discard_zeroes_cow", async () => {
  await expect(new Stack().snapshot({ discardPassdownOrigin: true })).rejects.toMatchObject({
    code: "EINVAL",
    reason: "discard_passdown_origin feature depends on discard_zeroes_cow",
  });
});

describe("discard_zeroes_cow", () => {
  test("whole chunks that were replaced are zeroed, what was not replaced stays", async () => {
    const stack = new Stack();
    const { device } = await stack.snapshot({ discardZeroesCow: true });
    await stack.write(device, 2, 16, 32);
    stack.bench.trace = [];
    await discard(stack, device)(0, 200);
    expect(stack.bench.takeTrace()).toEqual(["cow1 zero 16+32"]);
    await stack.verify(device, layers(200, [0, 16, 32]));
    await stack.verify(stack.origin, layers(200));
  });

  test.each([
    [18, 8], // over a border, in two chunks that lie side by side on the COW device (H7)
    [17, 22],
    [20, 4],
    [30, 18],
  ])("a misaligned one, %i+%i, touches no sector outside it (H7)", async (sector, count) => {
    const stack = new Stack();
    const { device } = await stack.snapshot({ discardZeroesCow: true });
    await stack.write(device, 2, 40, 8); // so that neighbours on the COW device are none here
    await stack.write(device, 3, 16, 24);
    await discard(stack, device)(sector, count);
    const end = Math.min(sector + count, 48);
    const replaced = layers(200, [2, 40, 8], [3, 16, 24], [0, sector, end - sector]);
    await stack.verify(device, replaced);
  });

  test("parts of chunks are left alone where the COW device cannot discard", async () => {
    const stack = new Stack();
    const on = stack.bench.disk("cow", 400, { discard: false });
    const { device } = await stack.snapshot({ on, discardZeroesCow: true });
    await stack.write(device, 2, 16, 16);
    await discard(stack, device)(18, 14);
    await stack.verify(device, layers(200, [2, 16, 16], [0, 24, 8]));
    await stack.write(device, 3, 40, 16);
    await discard(stack, device)(40, 12);
    await stack.verify(device, layers(200, [2, 16, 16], [0, 24, 8], [3, 40, 16], [0, 40, 8]));
  });

  test("a snapshot that has overflowed refuses it", async () => {
    const stack = new Stack();
    const { device } = await stack.snapshot({
      cowSectors: 24,
      store: "PO",
      discardZeroesCow: true,
    });
    await stack.write(device, 2, 0, 8);
    await expect(stack.write(device, 2, 8, 8)).rejects.toMatchObject({ code: "EIO" });
    await expect(discard(stack, device)(0, 8)).rejects.toMatchObject({ code: "EIO" });
    await stack.verify(device, layers(200, [2, 0, 8]));
  });
});

describe("discard_passdown_origin", () => {
  const both = { discardZeroesCow: true, discardPassdownOrigin: true };

  test("the origin is discarded too, replaced or not", async () => {
    const stack = new Stack();
    const { device } = await stack.snapshot(both);
    await stack.write(device, 2, 16, 8);
    await discard(stack, device)(8, 24);
    await stack.verify(device, layers(200, [0, 8, 24]));
    await stack.verify(stack.origin, layers(200, [0, 8, 24]));
  });

  test("siblings keep what they hold, which the kernel's do not", async () => {
    const stack = new Stack();
    const { device } = await stack.snapshot(both);
    const sibling = await stack.snapshot({ chunkSectors: 32 });
    await discard(stack, device)(3, 70);
    await stack.verify(sibling.device, layers(200));
    await stack.verify(stack.origin, layers(200, [0, 3, 70]));
    expect(sibling.status()).toBe("160/600 64");
  });

  test("an origin that cannot discard is left alone", async () => {
    const stack = new Stack();
    const origin = stack.bench.disk("plain", 200, { discard: false, content: layers(200) });
    const { device } = await stack.snapshot({ ...both, origin: origin.device });
    await discard(stack, device)(0, 100);
    await stack.verify(device, layers(200));
  });

  test("in flight with a write to the origin, siblings hold the old data", async () => {
    const stack = new Stack({ isSlow: true });
    const { device } = await stack.snapshot(both);
    const sibling = await stack.snapshot();
    await stack.bench.settle(Promise.all([
      device.discard(8, 16),
      stack.origin.write(layers(200, [5, 24, 8]).subarray(24 * 512, 32 * 512), 24),
    ]));
    await stack.verify(sibling.device, layers(200));
    await stack.verify(stack.origin, layers(200, [0, 8, 16], [5, 24, 8]));
  });
});
