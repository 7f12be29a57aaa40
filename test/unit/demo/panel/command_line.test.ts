/** Completion of the last word of a line. */
import { expect, test } from "vitest";
import { commonStart, completed } from "../../../../demo/view/panel/command_line.ts";

test("one candidate is taken whole, and a space goes on to the next word", () => {
  expect(completed("wr", ["write"])).toBe("write ");
  expect(completed("write mo", ["monday"])).toBe("write monday ");
});

test("several are taken as far as they agree", () => {
  expect(completed("m", ["monday", "monday-cow"])).toBe("monday");
  expect(completed("write ", ["monday", "tuesday"])).toBe("write ");
  expect(commonStart(["monday", "monday-cow", "mo"])).toBe("mo");
});

test("what was typed is never shortened", () => {
  expect(completed("write 12", ["1", "2"])).toBe("write 12");
  expect(completed("xyz", [])).toBe("xyz");
});
