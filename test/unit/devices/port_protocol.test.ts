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
  const unpacked = unpackError(packed);
  expect(unpacked).toBeInstanceOf(BlockDeviceError);
  expect(unpacked).toMatchObject({
    code: "ENOSPC",
    message: "no room",
    device: "disk",
    sector: 3,
    sectorCount: 2,
  });
});

test("what is no refusal, or of no known code, is EIO", () => {
  expect(unpackError(packError(new Error("odd")))).toMatchObject({
    code: "EIO",
    message: "odd",
  });
  expect(unpackError(packError("odd"))).toMatchObject({ code: "EIO", message: "odd" });
  expect(unpackError({ code: "toString", message: "odd" })).toMatchObject({ code: "EIO" });
});

test("a programmer's mistake stays one", () => {
  for (const mistake of [new TypeError("odd"), new RangeError("odd")]) {
    const unpacked = unpackError(structuredClone(packError(mistake)));
    expect(unpacked).toBeInstanceOf(mistake.constructor);
    expect(unpacked.message).toBe("odd");
  }
});
