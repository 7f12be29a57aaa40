import { expect, test } from "vitest";
import { receiveOrigin } from "../../../../src/disk/remote/origin_receiver.ts";
import { sendOrigin } from "../../../../src/disk/remote/origin_sender.ts";
import { tagOf } from "../../../../src/disk/origin_tag.ts";
import { memoryOrigin } from "../patterned_disk.ts";

test("zeroes arrive as their number", async () => {
  const { origin, close } = await receiveOrigin(sendOrigin(8).wish);
  expect(origin).toBe(8);
  await close();
});

test("a device arrives with its tag, if it has one", async () => {
  for (const tag of ["v1", null]) {
    const device = tag === null ? memoryOrigin() : Object.assign(memoryOrigin(), { tag });
    const { origin, close } = await receiveOrigin(sendOrigin(device).wish);
    if (typeof origin === "number") throw new Error("it is zeroes");
    expect(tagOf(origin)).toBe(tag);
    expect(origin.sectorCount).toBe(device.sectorCount);
    await close();
    await expect(origin.read(new Uint8Array(512), 0)).rejects.toThrow(
      expect.objectContaining({ code: "ESHUTDOWN" }),
    );
  }
});

test("an image that is not there is refused as its device refuses it", async () => {
  const { wish } = sendOrigin("http://127.0.0.1:1/none", { retry: { attemptsMax: 1 } });
  await expect(receiveOrigin(wish)).rejects.toThrow(expect.objectContaining({ code: "EIO" }));
});
