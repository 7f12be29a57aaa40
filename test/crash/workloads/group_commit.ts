/**
 * Group commits: many writers of one chunk each, so that commits take whatever is ready.
 */
import type { Workload } from "../exploration.ts";
import { crowd, takeAll } from "./actors.ts";

export const groupCommit: Workload = {
  name: "group-commit",
  law: "exceptions that are committed together are lost together, or none",
  setting: (prng) => ({
    originSectors: prng.intBetween(30, 50),
    snapshots: [{
      chunkSectors: prng.pick([1, 2]),
      store: "P",
      durability: prng.pick(["each", "flush"] as const),
      pendingChunksMax: prng.pick([1, 3, 2048]),
    }],
  }),
  *act(machine, prng) {
    yield* takeAll(machine);
    yield* crowd(machine, prng, 8, { count: 3, habits: { write: 6, fua: 1 }, sectorsMax: 2 });
  },
};
