/**
 * The ordinary run: a fixed list of seeds for every workload, enough of them for a number of crash
 * states that is told and asserted.
 */
// deno-lint-ignore-file no-console
import { afterAll, expect, test } from "vitest";
import type { Workload } from "./exploration.ts";
import { tryWorkload } from "./replay.ts";

/**
 * Makes the tests of one file.
 *
 * @param what What they are about, for the line with the number.
 * @param workloads By law; a workload may follow from the seed.
 * @param statesMin How many crash states each law is tried in, at least.
 */
export function testCrashes(
  what: string,
  workloads: readonly { readonly law: string; of(seed: string): Workload }[],
  statesMin: number,
): void {
  let total = 0;
  for (const { law, of } of workloads) {
    test(law, () => {
      let stateCount = 0;
      for (let round = 0; stateCount < statesMin; round++) {
        const seed = `${round}`;
        stateCount += tryWorkload(of(seed), { seed, cutsPerStep: 2 });
      }
      total += stateCount;
      expect(stateCount).toBeGreaterThanOrEqual(statesMin);
    });
  }
  afterAll(() => console.log(`crash states: ${total.toLocaleString("en")} (${what})`));
}
