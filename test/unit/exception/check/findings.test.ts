import { expect, test } from "vitest";
import { type Finding, FindingTally } from "../../../../src/exception/check/findings.ts";

const RULES = {
  wrong: { severity: "error" },
  torn: { severity: "error", isRepairable: true },
  odd: { severity: "warning", isRepairable: true },
  loose: { severity: "note" },
} as const;

function tally() {
  const told: Finding[] = [];
  return { told, tally: new FindingTally<keyof typeof RULES>(RULES, (one) => told.push(one)) };
}

test("a finding is passed on at once, with its rule and its place", () => {
  const { told, tally: one } = tally();
  one.add("odd", "something is odd", { area: 1, entry: 2, chunk: 3 });
  one.add("wrong", "something is wrong");
  expect(told).toEqual([
    {
      kind: "odd",
      severity: "warning",
      isRepairable: true,
      area: 1,
      entry: 2,
      chunk: 3,
      message: "something is odd",
    },
    { kind: "wrong", severity: "error", isRepairable: false, message: "something is wrong" },
  ]);
});

test("findings are counted by severity, and errors that nobody can repair apart", () => {
  const { tally: one } = tally();
  for (const kind of ["wrong", "torn", "torn", "odd", "loose", "wrong"] as const) one.add(kind, "");
  expect(one.counts).toEqual({ errors: 4, warnings: 1, notes: 1 });
  expect(one.hopelessCount).toBe(2);
});

test("of what can be repaired the first of each kind is kept, however many there are", () => {
  const { tally: one } = tally();
  for (let count = 0; count < 1000; count++) {
    one.add("torn", `${count}`);
    one.add("odd", `${count}`);
    one.add("loose", `${count}`);
  }
  expect([...one.repairable.keys()]).toEqual(["torn", "odd"]);
  expect(one.repairable.get("torn")?.message).toBe("0");
});

test("counts that were taken do not change", () => {
  const { tally: one } = tally();
  const before = one.counts;
  one.add("wrong", "");
  expect(before).toEqual({ errors: 0, warnings: 0, notes: 0 });
});
