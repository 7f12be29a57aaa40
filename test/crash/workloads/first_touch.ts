/**
 * First touches: writes to the origin and a snapshot of chunks that have no exception yet, in part and
 * whole, and second touches beside them.
 */
import type { Workload } from "../exploration.ts";
import { actor, crowd, takeAll } from "./actors.ts";

export const firstTouch: Workload = {
  name: "first-touch",
  law: "a chunk is overwritten only when its old data cannot be lost",
  setting: (prng) => ({
    originSectors: prng.intBetween(30, 64),
    snapshots: [{
      chunkSectors: prng.pick([2, 8]),
      store: "P",
      durability: prng.pick(["each", "flush"] as const),
    }],
  }),
  *act(machine, prng) {
    yield* actor(machine, prng, { count: 2, habits: { write: 1 }, sectorsMax: 20 });
    yield* takeAll(machine);
    const habits = { write: 8, zero: 1, read: 2, flush: 1, fua: 1 };
    yield* crowd(machine, prng, 3, { count: 6, habits, sectorsMax: 12 });
  },
};
