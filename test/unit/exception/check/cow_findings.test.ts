import { expect, test } from "vitest";
import { COW_FINDING_RULES } from "../../../../src/exception/check/cow_findings.ts";

const kindsOf = (severity: string) =>
  Object.entries(COW_FINDING_RULES).filter(([, rule]) => rule.severity === severity)
    .map(([kind]) => kind);

test("what a load refuses is an error; what later entries could stumble over is a warning", () => {
  expect(kindsOf("warning")).toEqual(["staleTail"]);
  expect(kindsOf("note")).toEqual([
    "oddValidWord",
    "junkBehindHeader",
    "doubtfulEnd",
    "shrunk",
    "leakedChunks",
    "outOfOrder",
  ]);
});

test("only what no entry depends on is repaired", () => {
  const repairable = Object.entries(COW_FINDING_RULES)
    .filter(([, { isRepairable }]) => isRepairable).map(([kind]) => kind);
  expect(repairable).toEqual(["oddValidWord", "junkBehindHeader", "unreadableTail", "staleTail"]);
});
