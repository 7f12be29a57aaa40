/**
 * Creations of snapshots on used disks, beside writes that were not flushed and writes under way.
 */
import type { Workload } from "../exploration.ts";
import { takeSnapshot } from "../requests.ts";
import { actor, crowd, sideBySide } from "./actors.ts";

export const creation: Workload = {
  name: "creation",
  law: "what was written before a snapshot was answered belongs to it",
  setting: (prng) => ({
    originSectors: prng.intBetween(20, 40),
    snapshots: [1, 2].map(() => ({
      chunkSectors: prng.pick([1, 2, 8]),
      store: prng.pick(["P", "PO"] as const),
      durability: prng.pick(["each", "flush"] as const),
    })),
  }),
  *act(machine, prng) {
    const habits = { write: 6, fua: 1, flush: 1, read: 1 };
    yield* actor(machine, prng, { count: 3, habits });
    yield* sideBySide(
      ...machine.snapshots.map((view) => takeSnapshot(machine, view)),
      crowd(machine, prng, 2, { count: 6, habits }),
    );
  },
};
