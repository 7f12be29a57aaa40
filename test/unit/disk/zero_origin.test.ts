import { expect, test } from "vitest";
import { createZeroOrigin } from "../../../src/disk/zero_origin.ts";

test("every sector of it is zeroes, and none can be written", () => {
  const origin = createZeroOrigin(2 ** 40);
  const bytes = new Uint8Array(1024).fill(1);
  origin.readSync(bytes, 2 ** 40 - 2);
  expect(bytes).toEqual(new Uint8Array(1024));
  expect(() => origin.writeSync(bytes, 0)).toThrow(expect.objectContaining({ code: "EROFS" }));
  expect(() => origin.readSync(bytes, 2 ** 40 - 1)).toThrow();
  origin.flushSync();
  origin.closeSync();
});
