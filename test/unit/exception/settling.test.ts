import { describe, expect, test } from "vitest";
import { runSync } from "../../../src/block/plan.ts";
import { openTable } from "./tables.ts";

describe("settling", () => {
  test.each(
    [
      ["now", "each", true],
      ["now", "flush", true],
      ["policy", "each", true],
      ["policy", "flush", false],
      ["later", "each", false],
      ["later", "flush", false],
    ] as const,
  )("%s with durability %s: settled when it ends %s", (settling, durability, isSettled) => {
    const { table, bench } = openTable({ durability });
    runSync(table.break(3, 2, settling));
    expect(table.isSettled(3, 4)).toBe(isSettled);
    expect(bench.takeTrace().some((line) => line.endsWith("fua"))).toBe(isSettled);
    runSync(table.break(9, 1, "now"));
    expect(table.isSettled(0, 24)).toBe(true);
    table.check();
  });
});
