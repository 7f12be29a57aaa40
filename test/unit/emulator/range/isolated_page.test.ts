import { expect, test } from "vitest";
import { decideOutcome } from "../../../../src/emulator/range/isolated_page.ts";

const BOTH = [false, true];

test("a page is loaded again if and only if it is not isolated, could be, and has not been", () => {
  for (const isIsolated of BOTH) {
    for (const isBound of BOTH) {
      for (const hasReloaded of BOTH) {
        const outcome = decideOutcome({ isIsolated, isBound, hasReloaded });
        const isHopeful = !isIsolated && !isBound && !hasReloaded;
        expect(outcome).toBe(isIsolated ? "isolated" : isHopeful ? "reloading" : "impossible");
      }
    }
  }
});
