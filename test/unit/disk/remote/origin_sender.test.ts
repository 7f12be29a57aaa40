import { expect, test } from "vitest";
import { connectDevice } from "../../../../src/devices/port_device.ts";
import { sendOrigin } from "../../../../src/disk/remote/origin_sender.ts";
import { verifySectors } from "../../../../src/testing/mod.ts";
import { SECTOR_COUNT } from "../disk_model.ts";
import { memoryOrigin, ORIGIN } from "../patterned_disk.ts";

test("a number goes as it is, a URL with its options", () => {
  expect(sendOrigin(8).wish).toEqual({ kind: "zeroes", sectorCount: 8 });
  const { wish, handedOver } = sendOrigin("http://example.com/a/../disk.img", { requestsMax: 2 });
  expect(wish).toEqual({
    kind: "http",
    url: "http://example.com/disk.img",
    options: { requestsMax: 2 },
  });
  expect(handedOver).toEqual([]);
  expect(() => sendOrigin("disk.img")).toThrow(TypeError); // There is no page to resolve it against.
});

test("a device is lent: it is read from over there, not written, and not closed", async () => {
  const device = Object.assign(memoryOrigin(), { tag: "v1" });
  const sent = sendOrigin(device);
  if (sent.wish.kind !== "port") throw new Error(`it is sent as ${sent.wish.kind}`);
  expect(sent.handedOver).toEqual([sent.wish.port]);
  expect(sent.wish.tag).toBe("v1");
  const there = await connectDevice(sent.wish.port);
  expect(there.name).toBe("origin");
  const found = new Uint8Array(SECTOR_COUNT * 512);
  await there.read(found, 0);
  verifySectors(found, ORIGIN, 0, "over there");
  await expect(there.write(new Uint8Array(512), 0)).rejects.toThrow(
    expect.objectContaining({ code: "EROFS" }),
  );
  await there.close();
  await device.read(found, 0);
  sent.recall();
});
