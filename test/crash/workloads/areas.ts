/**
 * Areas of exceptions: with chunks of one sector an area holds 32, and the list goes on behind it.
 *
 * The first writes leave an area one short of full, full, or one over; then single ones cross it, and
 * a long one crosses the next.
 */
import type { Workload } from "../exploration.ts";
import { flush, write } from "../requests.ts";
import { crowd, takeAll } from "./actors.ts";

const AREA = 32;

export const areas: Workload = {
  name: "areas",
  law: "the list of exceptions goes on behind a full area, and ends where it ended",
  setting: (prng) => ({
    originSectors: 3 * AREA + prng.intBetween(2, 6),
    snapshots: [{
      chunkSectors: 1,
      store: "P",
      durability: prng.pick(["each", "flush"] as const),
    }],
  }),
  *act(machine, prng) {
    yield* takeAll(machine);
    const [snapshot] = machine.snapshots;
    const writer = snapshot?.life === "whole" && prng.bool() ? snapshot : machine.origin;
    const full = prng.pick([1, 2]) * AREA;
    const near = full + prng.intBetween(-2, 0);
    yield* write(machine, writer, 0, near);
    for (let sector = near; sector < full + 2; sector++) {
      yield* write(machine, prng.pick(machine.usableViews), sector, 1);
      if (prng.bool(0.2)) yield* flush(machine, prng.pick(machine.usableViews));
    }
    yield* crowd(machine, prng, 2, { count: 2, habits: { write: 2, flush: 1 }, sectorsMax: 40 });
  },
};
