/**
 * Discards of a snapshot, whole chunks and parts of some, beside writes.
 */
import type { Workload } from "../exploration.ts";
import { crowd, takeAll } from "./actors.ts";

export const discards: Workload = {
  name: "discards",
  law: "a discard leaves zeroes or what was there, and touches nothing else",
  setting: (prng) => ({
    originSectors: prng.intBetween(20, 40),
    snapshots: [{
      chunkSectors: prng.pick([2, 8]),
      store: "P",
      durability: prng.pick(["each", "flush"] as const),
      hasDiscards: true,
    }],
  }),
  *act(machine, prng) {
    yield* takeAll(machine);
    const habits = { write: 4, discard: 3, flush: 1, zero: 1 };
    yield* crowd(machine, prng, 3, { count: 5, habits, sectorsMax: 16 });
  },
};
