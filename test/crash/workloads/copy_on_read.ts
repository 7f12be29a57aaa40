/**
 * Copy-on-read: reads of a snapshot that keep what they read, beside writes to both sides.
 */
import type { Workload } from "../exploration.ts";
import { actor, crowd, sideBySide, takeAll } from "./actors.ts";

export const copyOnRead: Workload = {
  name: "copy-on-read",
  law: "what is kept of a read is what was read",
  setting: (prng) => ({
    originSectors: prng.intBetween(16, 40),
    snapshots: [{
      chunkSectors: prng.pick([1, 2, 8]),
      store: prng.pick(["P", "PO"] as const),
      durability: prng.pick(["each", "flush"] as const),
      copyOnRead: true,
    }],
  }),
  *act(machine, prng) {
    yield* actor(machine, prng, { count: 2, habits: { write: 1 }, sectorsMax: 12 });
    yield* takeAll(machine);
    yield* sideBySide(
      crowd(machine, prng, 4, { count: 3, habits: { read: 1 } }),
      crowd(machine, prng, 2, { count: 4, habits: { write: 6, fua: 1, flush: 1 } }),
    );
  },
};
