/**
 * The crash rings can fail: each mistake in the order of I/O is caught by the workload that is there
 * for it, within a bounded number of crash states. `deno task crash --defects` tells after how many.
 */
import { expect, test } from "vitest";
import { statesUntilCaught } from "./catching.ts";
import { DEFECTS } from "./defects.ts";

/** How many crash states a defect may outlive. */
const STATES_MAX = 8_000;

for (const defect of DEFECTS) {
  for (const name of defect.workloads) {
    test(`${name} catches: ${defect.name}`, () => {
      const caught = statesUntilCaught(defect, name, STATES_MAX);
      expect(caught?.broken).toBeDefined();
      expect(caught?.broken).not.toBe("");
    });
  }
}
