/**
 * Several snapshots with chunks of several sizes, one of them taken late and one removed.
 */
import type { Workload } from "../exploration.ts";
import { remove, takeSnapshot } from "../requests.ts";
import { actor, crowd, sideBySide } from "./actors.ts";

export const siblings: Workload = {
  name: "siblings",
  law: "every snapshot keeps its own view, whatever the sizes of its chunks",
  setting: (prng) => ({
    originSectors: prng.intBetween(24, 40),
    snapshots: prng.shuffle([1, 2, 8]).map((chunkSectors) => ({
      chunkSectors,
      store: prng.pick(["P", "PO"] as const),
      durability: prng.pick(["each", "flush"] as const),
    })),
  }),
  *act(machine, prng) {
    const [first, second, third] = machine.snapshots;
    const habits = { write: 6, fua: 1, flush: 1, read: 1 };
    yield* actor(machine, prng, { count: 2, habits });
    if (first) yield* takeSnapshot(machine, first);
    if (second) yield* takeSnapshot(machine, second);
    yield* crowd(machine, prng, 2, { count: 3, habits });
    yield* sideBySide(
      third ? takeSnapshot(machine, third) : actor(machine, prng, { count: 0, habits }),
      crowd(machine, prng, 2, { count: 4, habits, uses: (view) => view !== first }),
      first && prng.bool(0.3) ? remove(first) : actor(machine, prng, { count: 0, habits }),
    );
  },
};
