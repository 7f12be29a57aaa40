import { expect, test } from "vitest";
import { lend } from "../../../src/devices/lent_device.ts";
import { createMemoryDevice } from "../../../src/devices/memory.ts";
import { patternOf, verifySectors } from "../../../src/testing/mod.ts";

const refusal = (code: string) => expect.objectContaining({ name: "BlockDeviceError", code });

test("what is lent is read, tells its growth, and is neither written nor closed", async () => {
  const device = createMemoryDevice({ sectorCount: 8, content: patternOf(1, 0, 8) });
  const lent = lend(device);
  const sector = new Uint8Array(512);
  await lent.read(sector, 5);
  verifySectors(sector, patternOf(1, 5, 1), 5, "lent");
  await expect(lent.write(sector, 0)).rejects.toThrow(refusal("EROFS"));
  device.grow(9);
  expect(lent.sectorCount).toBe(9);
  await lent.close();
  await device.read(sector, 8);
});
