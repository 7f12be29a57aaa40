import { expect, test } from "vitest";
import { BAD_BLOCK_FINDING_RULES } from "../../../../src/exception/check/bad_block_findings.ts";

const kindsOf = (severity: string) =>
  Object.entries(BAD_BLOCK_FINDING_RULES).filter(([, rule]) => rule.severity === severity)
    .map(([kind]) => kind);

test("what both copies have lost is an error; what one copy has lost is a warning", () => {
  expect(kindsOf("error")).toEqual(["blank", "zeroSector", "lostSector", "splitSector"]);
  expect(kindsOf("note")).toEqual(["blockTwice", "leakedSpares"]);
});

test("every warning is repaired, and nothing else", () => {
  const repairable = Object.entries(BAD_BLOCK_FINDING_RULES)
    .filter(([, { isRepairable }]) => isRepairable).map(([kind]) => kind);
  expect(repairable).toEqual(kindsOf("warning"));
});
