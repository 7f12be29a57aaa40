/**
 * How long a defect stays unnoticed.
 */
import type { Defect } from "./defects.ts";
import { BrokenPromise, explore, type Workload } from "./exploration.ts";
import { merge, takeSnapshot, write } from "./requests.ts";
import { WORKLOADS } from "./workloads/all.ts";

/** A merge, and nothing else that could need a flush. */
const quietMerge: Workload = {
  name: "quiet-merge",
  law: "an exception is forgotten only when the origin cannot lose its data",
  setting: () => ({
    originSectors: 24,
    snapshots: [{ chunkSectors: 2, store: "P", durability: "each" }],
  }),
  *act(machine, prng) {
    const [snapshot] = machine.snapshots;
    if (snapshot?.life !== "absent") return;
    yield* takeSnapshot(machine, snapshot);
    for (let count = 0; count < 4; count++) {
      yield* write(machine, prng.pick(machine.usableViews), prng.int(20), 3);
    }
    yield* merge(machine, snapshot);
  },
};

const BY_NAME = new Map([...WORKLOADS, quietMerge].map((workload) => [workload.name, workload]));

/**
 * Puts a defect in, explores a workload until a promise is broken, and takes it out.
 *
 * @returns After how many crash states that was, and what was broken; `null` if nothing was.
 */
export function statesUntilCaught(
  { install }: Defect,
  workloadName: string,
  statesMax: number,
): { readonly stateCount: number; readonly broken: string } | null {
  const workload = BY_NAME.get(workloadName);
  if (workload === undefined) throw new Error(`There is no workload "${workloadName}"`);
  const undo = install();
  let stateCount = 0;
  try {
    for (let seed = 0; stateCount < statesMax; seed++) {
      explore(workload, { seed: `${seed}`, onState: () => void stateCount++ });
    }
    return null;
  } catch (error) {
    if (error instanceof BrokenPromise) return { stateCount, broken: error.message };
    throw error;
  } finally {
    undo();
  }
}
