import { expect, test } from "vitest";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { patternOf } from "../../../src/testing/pattern.ts";
import { verify, verifyRefusal, verifySectors } from "../../../src/testing/verify.ts";

test("what holds is passed, and what does not stops with its message", () => {
  verify(true, "never said");
  expect(() => verify(false, "said")).toThrow("said");
});

test("sectors are compared to the last byte, and a difference is told by sector", () => {
  const expected = patternOf(3, 8, 4);
  verifySectors(patternOf(3, 8, 4), expected, 8, "a read");
  const actual = patternOf(3, 8, 4);
  actual.set(patternOf(2, 10, 1), 2 * 512);
  expect(() => verifySectors(actual, expected, 8, "a read")).toThrow(
    "a read: sector 10 differs from byte 4 on: want sector 10 of write 3, have sector 10 of write 2",
  );
  const flipped = patternOf(3, 8, 4);
  flipped[2047]! ^= 1;
  expect(() => verifySectors(flipped, expected, 8, "a read")).toThrow(
    "a read: sector 11 differs from byte 511 on: want sector 11 of write 3, " +
      "have sector 11 of write 3, torn at byte 511",
  );
  expect(() => verifySectors(actual.subarray(512), expected, 8, "a read")).toThrow(
    "a read: want 2048 bytes, have 1536",
  );
});

test("a refusal is wanted with its code, as a BlockDeviceError, and not at once", async () => {
  const refuse = (error: unknown) => () => Promise.reject(error);
  const refused = new BlockDeviceError("EROFS", "Cannot write");
  await verifyRefusal(refuse(refused), "EROFS", "write");
  await expect(verifyRefusal(refuse(refused), "EINVAL", "write")).rejects.toThrow(
    "write: want code EINVAL, have EROFS: Cannot write",
  );
  await expect(verifyRefusal(refuse(new TypeError("no")), "EINVAL", "write")).rejects.toThrow(
    "write: want a BlockDeviceError with code EINVAL, have TypeError: no",
  );
  await expect(verifyRefusal(refuse(new BlockDeviceError("EIO", "")), "EIO", "write"))
    .rejects.toThrow("write: the refusal says nothing");
  await expect(verifyRefusal(() => Promise.resolve(), "EINVAL", "write")).rejects.toThrow(
    "write: want a refusal with code EINVAL, but it was accepted",
  );
});
