import { constants } from "node:os";
import { expect, test } from "vitest";
import { assert, BlockDeviceError, codeOf, ERROR_CODES } from "../../../src/block/errors.ts";

test("every code has the errno that Linux gives it, and no two the same", () => {
  const numbers = Object.values(ERROR_CODES).map(({ errno }) => errno);
  expect(new Set(numbers).size).toBe(numbers.length);
  for (const [code, { errno, text }] of Object.entries(ERROR_CODES)) {
    expect(text.length).toBeGreaterThan(0);
    if (process.platform !== "linux" || !(code in constants.errno)) continue;
    expect(errno, code).toBe(constants.errno[code as keyof typeof constants.errno]);
  }
});

test("a refusal carries its code, its place and its cause", () => {
  const cause = new Error("the wire broke");
  const error = new BlockDeviceError("EIO", "Cannot read", {
    device: "disk",
    sector: 8,
    sectorCount: 2,
    cause,
  });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: "BlockDeviceError",
    code: "EIO",
    message: "Cannot read",
    device: "disk",
    sector: 8,
    sectorCount: 2,
    cause,
  });
});

test("a refusal without a cause has none, not even an undefined one", () => {
  expect("cause" in new BlockDeviceError("EIO", "Cannot read")).toBe(false);
});

test("what no device has thrown counts as EIO", () => {
  expect(codeOf(new BlockDeviceError("ENOSPC", "Cannot write"))).toBe("ENOSPC");
  for (const thrown of [new Error("x"), { code: "ENOSPC" }, "ENOSPC", undefined, null]) {
    expect(codeOf(thrown)).toBe("EIO");
  }
});

test("an invariant that does not hold stops with its sentence", () => {
  assert(true, "one is one");
  expect(() => assert(false, "one is one")).toThrow("Broken invariant: one is one");
});
