/**
 * COW disks that are too small: the snapshot becomes invalid, or overflows, and the origin goes on.
 */
import type { StoreType } from "../../../src/exception/mod.ts";
import type { Workload } from "../exploration.ts";
import { crowd, takeAll } from "./actors.ts";

function fullDevice(name: string, law: string, store: StoreType): Workload {
  return {
    name,
    law,
    setting: (prng) => ({
      originSectors: prng.intBetween(24, 40),
      snapshots: [
        {
          chunkSectors: prng.pick([1, 2]),
          store,
          durability: prng.pick(["each", "flush"] as const),
          roomChunks: prng.intBetween(3, 8),
        },
        { chunkSectors: 8, store: "P", durability: "each" },
      ],
    }),
    *act(machine, prng) {
      yield* takeAll(machine);
      const habits = { write: 6, fua: 1, flush: 1, read: 1 };
      yield* crowd(machine, prng, 3, { count: 5, habits, sectorsMax: 4 });
    },
  };
}

export const invalidation = fullDevice(
  "invalidation",
  "a snapshot that is lost says so before the write that broke it is answered",
  "P",
);
export const overflow = fullDevice(
  "overflow",
  "a snapshot that is full still reads right, or says that it does not",
  "PO",
);
