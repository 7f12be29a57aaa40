import { expect, test } from "vitest";
import { systemClock } from "../../../src/block/clock.ts";

test("the system's clock goes on by at least what was slept, and never back", async () => {
  const before = systemClock.nowMs();
  await systemClock.sleep(5);
  const after = systemClock.nowMs();
  expect(after - before).toBeGreaterThanOrEqual(4); // Timers may be early by less than a millisecond.
  expect(systemClock.nowMs()).toBeGreaterThanOrEqual(after);
});
