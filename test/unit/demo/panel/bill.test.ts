/** Sizes on the bill. */
import { expect, test } from "vitest";
import { sizeOf } from "../../../../demo/view/panel/bill.ts";

test.each([
  [0, "0 B"],
  [1, "512 B"],
  [2, "1 KiB"],
  [3, "1.5 KiB"],
  [8 * 64, "256 KiB"],
  [2 ** 21, "1 GiB"],
  [2 ** 21 + 2 ** 20, "1.5 GiB"],
])("%i sectors are %s", (sectors, words) => expect(sizeOf(sectors)).toBe(words));
