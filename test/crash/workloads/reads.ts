/**
 * Reads of a snapshot, some of them slow, beside writes to the chunks of the origin that they go to.
 */
import type { Workload } from "../exploration.ts";
import type { View } from "../machine.ts";
import { actor, crowd, sideBySide, takeAll } from "./actors.ts";

export const reads: Workload = {
  name: "reads",
  law: "a read that is under way never sees what is written after the snapshot",
  setting: (prng) => ({
    originSectors: prng.intBetween(12, 20),
    snapshots: [{
      chunkSectors: prng.pick([1, 4]),
      store: prng.pick(["P", "PO"] as const),
      durability: prng.pick(["each", "flush"] as const),
    }],
  }),
  *act(machine, prng) {
    yield* actor(machine, prng, { count: 2, habits: { write: 1 }, sectorsMax: 12 });
    yield* takeAll(machine);
    const isSnapshot = ({ name }: View) => name !== "origin";
    yield* sideBySide(
      crowd(machine, prng, 6, { count: 2, habits: { read: 1 }, uses: isSnapshot }),
      crowd(machine, prng, 3, { count: 3, habits: { write: 4, flush: 1 } }),
    );
  },
};
