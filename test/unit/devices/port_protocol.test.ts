import { expect, test } from "vitest";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { packError, unpackError } from "../../../src/devices/port_protocol.ts";

test("a refusal comes out of its package as it went in", () => {
  const refusal = new BlockDeviceError("ENOSPC", "no room", {
    device: "disk",
    sector: 3,
    sectorCount: 2,
  });
  const packed = structuredClone(packError(refusal));
  const { code, message, device, sector, sectorCount } = unpackError(packed);
  expect({ code, message, device, sector, sectorCount })
    .toEqual({ code: "ENOSPC", message: "no room", device: "disk", sector: 3, sectorCount: 2 });
});

test("what is no refusal, or of no known code, is EIO", () => {
  expect(unpackError(packError(new TypeError("odd")))).toMatchObject({
    code: "EIO",
    message: "odd",
  });
  expect(unpackError(packError("odd"))).toMatchObject({ code: "EIO", message: "odd" });
  expect(unpackError({ code: "toString", message: "odd" }).code).toBe("EIO");
});
