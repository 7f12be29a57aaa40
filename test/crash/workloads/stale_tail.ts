/**
 * Torn areas: a crash leaves the later sector of an area and not the earlier one. Then the list grows
 * until it reaches what was left, and the power goes again.
 *
 *     act 0   28 exceptions, then 20 more in one commit over both sectors of the area: torn
 *     act 1   one exception at a time, up to the end of the first sector and beyond
 */
import type { Workload } from "../exploration.ts";
import { takeSnapshot, write } from "../requests.ts";

const CHUNK = 2;

export const staleTail: Workload = {
  name: "stale-tail",
  law: "what a torn write left behind the end of the list never comes back",
  setting: () => ({
    originSectors: 60 * CHUNK,
    snapshots: [{ chunkSectors: CHUNK, store: "P", durability: "each" }],
  }),
  *act(machine, prng) {
    const [snapshot] = machine.snapshots;
    if (snapshot === undefined) return;
    const isNew = snapshot.life === "absent";
    if (isNew) yield* takeSnapshot(machine, snapshot);
    if (snapshot.life !== "whole") return;
    if (isNew) {
      yield* write(machine, snapshot, 0, 28 * CHUNK);
      yield* write(machine, snapshot, 28 * CHUNK, 20 * CHUNK);
    }
    for (let chunk = 59; chunk >= 52; chunk--) {
      yield* write(machine, prng.pick(machine.usableViews), chunk * CHUNK, CHUNK);
    }
  },
  isTimeToCrash: ({ snapshots: [snapshot] }) => {
    if (snapshot === undefined) return false;
    const area = snapshot.disk.contents().subarray(CHUNK * 512, 2 * CHUNK * 512);
    return isUsed(area, 27) && !isUsed(area, 28) && isUsed(area, 40);
  },
};

/** Whether an area has an entry at an index. */
function isUsed(area: Uint8Array, index: number): boolean {
  return area[index * 16 + 8] !== 0;
}
