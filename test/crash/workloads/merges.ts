/**
 * Merges: of a snapshot that was written to, beside writes and reads of what it is merged into, with a
 * sibling that must not notice. Handovers, from snapshot to snapshot and from snapshot to merge.
 */
import type { Plan } from "../../../src/block/plan.ts";
import type { Prng } from "../../../src/testing/prng.ts";
import type { Workload } from "../exploration.ts";
import type { Machine, Setting } from "../machine.ts";
import { handOver, merge, takeSnapshot } from "../requests.ts";
import { actor, crowd, sideBySide } from "./actors.ts";

const HABITS = { write: 6, fua: 1, flush: 1, read: 1, zero: 1 };

function drawSetting(prng: Prng, count: number): Setting {
  return {
    originSectors: prng.intBetween(20, 40),
    snapshots: Array.from({ length: count }, () => ({
      chunkSectors: prng.pick([1, 2, 8]),
      store: prng.pick(["P", "PO"] as const),
      durability: prng.pick(["each", "flush"] as const),
    })),
  };
}

export const merging: Workload = {
  name: "merging",
  law: "what is being merged shows the snapshot, and so does what is left of it",
  setting: (prng) => drawSetting(prng, 2),
  *act(machine, prng) {
    const [merged, sibling] = machine.snapshots;
    if (merged) yield* takeSnapshot(machine, merged);
    yield* crowd(machine, prng, 2, { count: 3, habits: HABITS });
    if (sibling) yield* takeSnapshot(machine, sibling);
    const writer = { count: 5, habits: HABITS, uses: notMerged };
    yield* sideBySide(mergeOrWait(machine), crowd(machine, prng, 2, writer));
  },
};

/** The snapshot that is merged is not used meanwhile. */
function notMerged({ name }: { readonly name: string }): boolean {
  return name !== "snapshot0";
}

function* mergeOrWait(machine: Machine): Plan {
  const [merged] = machine.snapshots;
  if (merged) yield* merge(machine, merged);
}

/** A merge across the border of two areas. */
export const mergingAreas: Workload = {
  name: "merging-areas",
  law: "a merge goes back over the border of two areas",
  setting: (prng) => ({
    originSectors: prng.intBetween(40, 70),
    snapshots: [{ chunkSectors: 1, store: "P", durability: "each" }],
  }),
  *act(machine, prng) {
    const [merged] = machine.snapshots;
    if (merged) yield* takeSnapshot(machine, merged);
    yield* crowd(machine, prng, 3, { count: 4, habits: { write: 1 }, sectorsMax: 20 });
    const writer = { count: 3, habits: HABITS, uses: notMerged };
    yield* sideBySide(mergeOrWait(machine), actor(machine, prng, writer));
  },
};

export const handovers: Workload = {
  name: "handovers",
  law: "exceptions that change hands are neither lost nor doubled",
  setting: (prng) => drawSetting(prng, 1),
  *act(machine, prng) {
    const [snapshot] = machine.snapshots;
    if (snapshot === undefined) return;
    yield* takeSnapshot(machine, snapshot);
    yield* sideBySide(
      handOver(machine, snapshot),
      crowd(machine, prng, 3, { count: 4, habits: HABITS }),
    );
    yield* handOver(machine, snapshot);
    const writer = { count: 4, habits: HABITS, uses: notMerged };
    yield* sideBySide(mergeOrWait(machine), actor(machine, prng, writer));
  },
};
