import { expect, test } from "vitest";
import {
  type Facts,
  unlessDiscarding,
  unlessPower,
  unlessWritable,
} from "../../../../src/testing/clauses/clause.ts";

function facts(
  supports: Partial<Facts["supports"]>,
  ...powers: Facts["powers"] extends ReadonlySet<infer Power> ? Power[] : never
): Facts {
  const able = { sync: true, write: true, discard: true, discardZeroes: true, permanence: true };
  return { supports: { ...able, ...supports }, logicalSectors: 1, powers: new Set(powers) };
}

test("what a device does not support is the reason to skip", () => {
  expect(unlessWritable(facts({}))).toBeUndefined();
  expect(unlessWritable(facts({ write: false }))).toBe("the device is read-only");
  expect(unlessDiscarding(facts({}))).toBeUndefined();
  expect(unlessDiscarding(facts({ discard: false }))).toBe("the device does not support discard");
});

test("a power that the fixture lacks is the reason to skip, and so is a device it is no use on", () => {
  expect(unlessPower("reopen")(facts({}, "reopen"))).toBeUndefined();
  expect(unlessPower("reopen")(facts({}, "cutPower"))).toBe("its fixture has no reopen");
  expect(unlessPower("grow")(facts({}))).toBe("the device cannot grow");
  expect(unlessPower("grow")(facts({ write: false }, "grow"))).toBe("the device is read-only");
});
